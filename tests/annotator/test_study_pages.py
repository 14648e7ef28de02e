"""Home, dashboard, settings, people and navigation as pages."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import resolve
from django.utils import timezone

from annotator.actions.comparison import refresh_comparisons
from annotator.context import page
from annotator.models import Change, Coding, Consolidation, Question, Role, Slot, Study, User
from tests.factories import make_batch, make_coding, make_member, make_study, make_user, make_video

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    return make_study("values", name="Values in clips")


def page_of(client, user, address="/s/values/"):
    client.force_login(user)
    answer = client.get(address)
    assert answer.status_code == 200, answer.headers
    return answer.content.decode()


def labels_of_nav(client, user):
    client.force_login(user)
    return [str(item.label) for item in client.get("/s/values/").context["nav"]]


# --- Home


def test_home_of_one_study_leads_to_its_dashboard(client, study):
    client.force_login(make_member(study, Role.ANNOTATOR))
    assert client.get("/").headers["Location"] == "/s/values/"
    assert "Values in clips" in client.get("/?all").content.decode()


def test_home_without_a_study_says_what_to_do(client):
    page = page_of(client, make_user("noa"), "/")
    assert "You belong to no study yet" in page
    assert "noa" in page
    assert "/studies/new/" not in page


@pytest.mark.parametrize("field", ["can_create_studies", "is_superuser"])
def test_home_of_who_may_make_studies_offers_it(client, field):
    assert 'href="/studies/new/"' in page_of(client, make_user(**{field: True}), "/")


def test_home_says_what_waits_in_each_study(client, study):
    user = make_member(study, Role.ANNOTATOR)
    video = make_video(study)
    make_coding(video, user)
    settler = make_member(study, Role.CONSOLIDATOR)
    consolidation = Consolidation.objects.create(video=video, claimed_by=settler)
    for text in ("Why?", "Really?"):
        Question.objects.create(consolidation=consolidation, text=text, asked_by=settler)
    make_video(study)
    other = make_study("other", name="Other study")
    make_member(other, Role.CONSOLIDATOR, user=user)
    waiting = make_video(other)
    for _ in range(2):
        make_coding(waiting, make_user(), {"face": 1})
    refresh_comparisons(study=other)
    page = page_of(client, user, "/")
    assert "2 questions for you" in page
    assert "Continue coding" in page
    assert "Batch 1: 1 done, up to 1 left for you" in page
    assert "1 video waits to be consolidated" in page


def test_home_shows_progress_to_the_unbound_only(client, study):
    lead = make_member(study, Role.RESEARCHER)
    make_member(make_study(), Role.ANNOTATOR, user=lead)
    for state in ("done", "done", None):
        video = make_video(study)
        if state:
            Consolidation.objects.create(video=video, state=state)
    assert "study at 66 %: 2 of 3 videos are gold" in page_of(client, lead, "/")
    make_member(study, Role.ANNOTATOR, user=lead)
    assert "are gold" not in page_of(client, lead, "/")


# --- Dashboard


def test_annotator_is_offered_the_next_video_then_the_begun_one(client, study):
    coder = make_member(study, Role.ANNOTATOR)
    video = make_video(study)
    make_video(study)
    page = page_of(client, coder)
    assert "Begin coding" in page
    assert 'href="/s/values/code/"' in page
    coding = make_coding(video, coder, submitted=False)
    page = page_of(client, coder)
    assert f"Continue with video {video}" in page
    assert f'href="/s/values/code/{coding.pk}/"' in page


def test_annotator_sees_parked_videos_and_released_batches(client, study):
    coder = make_member(study, Role.ANNOTATOR)
    batch = make_batch(study, "First batch", released_at=timezone.now())
    make_coding(make_video(study, batch=batch), coder)
    parked = make_coding(make_video(study, batch=batch), coder, submitted=False, parked_at=timezone.now())
    page = page_of(client, coder)
    assert f"/s/values/code/{parked.pk}/" in page
    assert "First batch: where you differed from gold" in page


def test_annotator_sees_nothing_of_others(client, study):
    coder, colleague = (make_member(study, Role.ANNOTATOR) for _ in range(2))
    User.objects.filter(pk=colleague.pk).update(first_name="Colleague Name")
    video = make_video(study, external_id="7777777")
    make_coding(video, colleague, {"face": 1})
    Consolidation.objects.create(video=video, state="done", finished_at=timezone.now())
    page = page_of(client, coder)
    for hidden in ("Colleague Name", "7777777", "Gold", "statebar", "agreement"):
        assert hidden not in page


def test_consolidator_sees_what_waits_and_what_is_claimed(client, study):
    settler = make_member(study, Role.CONSOLIDATOR)
    coders = [make_member(study, Role.ANNOTATOR) for _ in range(2)]
    for _ in range(3):
        video = make_video(study)
        for coder in coders:
            make_coding(video, coder, {"face": 1} if coder == coders[0] else {})
    mine = Consolidation.objects.create(
        video=video, claimed_by=settler, claimed_at=timezone.now(), lease_until=timezone.now()
    )
    Consolidation.objects.filter(pk=mine.pk).update(lease_until=timezone.now() + timedelta(hours=1))
    refresh_comparisons(study=study)
    page = page_of(client, settler)
    assert "2 videos wait to be consolidated" in page
    assert "1 video in your hands" in page
    assert f"/s/values/consolidate/{mine.pk}/" in page


def test_researcher_of_an_empty_study_sees_the_steps(client, study):
    lead = make_member(study, Role.RESEARCHER)
    page = page_of(client, lead)
    assert "Before coding can begin" in page
    assert 'href="/s/values/videos/import/"' in page
    assert "How the study stands" not in page


def test_researcher_sees_batches_people_and_problems(client, study):
    lead = make_member(study, Role.RESEARCHER)
    coder = make_member(study, Role.ANNOTATOR, user=make_user("dana"))
    coding = make_coding(make_video(study), coder, active_ms=95_000)
    aside = make_coding(make_video(study), coder, submitted=False)
    Coding.objects.filter(pk=aside.pk).update(set_aside_at=timezone.now(), set_aside_because="no-sound")
    page = page_of(client, lead)
    assert "dana" in page
    assert "1 min 35 s" in page
    assert "Sound needed but missing" in page
    assert "There is no consolidator" in page
    assert "there is 1 annotator" in page
    assert 'aria-label="Coded by some: 2. "' in page
    assert coding.pk


def test_bound_researcher_sees_no_gold_and_no_agreement(client, study):
    lead = make_member(study, Role.RESEARCHER, Role.ANNOTATOR)
    for _ in range(2):
        Consolidation.objects.create(video=make_video(study), state="done", finished_at=timezone.now())
    make_coding(make_video(study), lead)
    page = page_of(client, lead)
    assert "You also code in this study" in page
    assert "Gold" not in page
    assert "Consolidated" not in page
    assert "agreement/summary" not in page
    Study.objects.update(lift_blindness=True)
    page = page_of(client, lead)
    assert "Gold" in page


def test_simulated_study_says_so(client, study):
    lead = make_member(study, Role.RESEARCHER)
    assert "made up" not in page_of(client, lead)
    Study.objects.update(is_simulated=True)
    for address in ("/s/values/", "/s/values/people/", "/s/values/settings/", "/s/values/history/"):
        assert "made up" in page_of(client, lead, address), address


def fill(study, user, n):
    """Videos in every state, in n batches, with people."""
    coders = [make_member(study, Role.ANNOTATOR) for _ in range(2)]
    for _ in range(n):
        batch = make_batch(study, released_at=timezone.now())
        for coder in (*coders, user):
            make_coding(make_video(study, batch=batch), coder, active_ms=1000)
        both = make_video(study, batch=batch)
        for coder in coders:
            make_coding(both, coder)
        done = make_video(study, batch=batch)
        Consolidation.objects.create(
            video=done, state="done", claimed_by=user, finished_at=timezone.now() - timedelta(days=n)
        )
        make_coding(make_video(study, batch=batch), user, submitted=False, parked_at=timezone.now())
        asked = Consolidation.objects.create(video=both, claimed_by=user, lease_until=timezone.now())
        Question.objects.create(consolidation=asked, text="Why?", asked_by=user)
    refresh_comparisons(study=study)


def queries(client, address):
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def test_dashboard_asks_no_more_of_a_larger_study(client, study):
    user = make_member(study, *Role)
    fill(study, user, 1)
    client.force_login(user)
    client.get("/s/values/")
    small = queries(client, "/s/values/")
    fill(study, user, 3)
    assert queries(client, "/s/values/") <= small
    assert small <= 34


def test_home_asks_no_more_for_more_studies(client, study):
    user = make_member(study, *Role)
    fill(study, user, 1)
    second = make_study()
    make_member(second, *Role, user=user)
    client.force_login(user)
    client.get("/")
    two = queries(client, "/")
    for _ in range(3):
        more = make_study()
        make_member(more, *Role, user=user)
        fill(more, user, 2)
    assert queries(client, "/") <= two
    assert two <= 14


# --- Navigation


@pytest.mark.parametrize(
    ("roles", "labels"),
    [
        ([Role.ANNOTATOR], ["Overview", "Code", "My codings", "Codebook"]),
        ([Role.CONSOLIDATOR], ["Overview", "Consolidate", "Codebook"]),
        (
            [Role.RESEARCHER],
            ["Overview", "Codebook", "Videos", "Batches", "People", "Agreement", "Models", "Export"],
        ),
    ],
)
def test_navigation_by_role(client, study, roles, labels):
    assert labels_of_nav(client, make_member(study, *roles)) == labels


def test_navigation_marks_the_current_page(client, study):
    client.force_login(make_member(study, Role.RESEARCHER))
    for address, label in (("/s/values/people/", "People"), ("/s/values/history/", "Overview")):
        current = [str(item.label) for item in client.get(address).context["nav"] if item.is_current]
        assert current == [label]


def test_navigation_counts_take_two_queries_and_only_when_drawn(rf, study, django_assert_num_queries):
    request = rf.get("/s/values/")
    request.user, request.study, request.roles = make_member(study, *Role), study, frozenset(Role)
    request.resolver_match = resolve("/s/values/")
    with django_assert_num_queries(0):
        nav = page(request)["nav"]
        assert nav[0].url == "/s/values/"
    with django_assert_num_queries(2):
        assert [item.count for item in nav if item.count] == []
        assert [item.count for item in nav] == [""] * len(nav)


# --- Making and changing a study


def test_study_is_made_on_its_page_and_led_by_its_maker(client):
    user = make_user(can_create_studies=True)
    client.force_login(user)
    given = {"name": "Values", "slug": "values", "coders_per_video": 3, "allow_dominant": "on"}
    assert client.post("/studies/new/", given).headers["Location"] == "/s/values/"
    study = Study.objects.get()
    assert study.roles_of(user) == {Role.RESEARCHER}
    assert study.codebook.allow_dominant
    assert study.codebook.values.count() == 19


def test_study_page_refuses_a_taken_address_and_a_broken_codebook(client, study, tmp_path):
    client.force_login(make_user(can_create_studies=True))
    given = {"name": "Again", "slug": "values", "coders_per_video": 2}
    assert "already exists" in client.post("/studies/new/", given).content.decode()
    broken = tmp_path / "codebook.yaml"
    broken.write_bytes(b"\xff\xfe not yaml: [")
    with broken.open("rb") as file:
        answer = client.post("/studies/new/", {**given, "slug": "new-one", "codebook_file": file})
    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode()
    assert Study.objects.count() == 1


def test_making_a_study_is_not_for_everybody(client):
    client.force_login(make_user())
    assert client.get("/studies/new/").status_code == 403


def settings_of(study, **changes):
    names = (
        "name", "description", "coders_per_video", "slot_hours", "auto_gold", "consolidation_order",
        "show_coder_names", "allow_own_consolidation", "lift_blindness",
    )  # fmt: skip
    given = {name: getattr(study, name) for name in names} | changes
    return {name: value for name, value in given.items() if value is not False}


def test_settings_are_saved_and_logged(client, study):
    lead = make_member(study, Role.RESEARCHER)
    make_video(study)
    client.force_login(lead)
    given = settings_of(study, lift_blindness=True, coders_per_video=3)
    assert client.post("/s/values/settings/", given).status_code == 302
    study.refresh_from_db()
    assert study.lift_blindness
    assert Slot.objects.count() == 3
    assert Change.objects.filter(what="study.set", by=lead).count() == 2


def test_switching_agreement_on_makes_gold_and_says_of_how_many(client, study):
    client.force_login(make_member(study, Role.RESEARCHER))
    video = make_video(study)
    for _ in range(2):
        make_coding(video, make_user())
    answer = client.post("/s/values/settings/", settings_of(study, auto_gold=True), follow=True)
    assert "1 video on which its coders agree has become gold." in answer.content.decode()
    assert video.gold.count() == study.codebook.values.count()
    again = client.post("/s/values/settings/", settings_of(study, auto_gold=True, name="New"), follow=True)
    assert "has become gold" not in again.content.decode()


def test_settings_that_work_rules_out_are_refused_in_words(client, study):
    client.force_login(make_member(study, Role.RESEARCHER))
    video = make_video(study)
    for _ in range(2):
        make_coding(video, make_user())
    answer = client.post("/s/values/settings/", settings_of(study, coders_per_video=1, name="New name"))
    assert "already has more than 1 coders" in answer.content.decode()
    study.refresh_from_db()
    assert (study.coders_per_video, study.name) == (2, "Values in clips")


# --- People


def test_new_login_shows_its_password_once(client, study):
    lead = make_member(study, Role.RESEARCHER)
    client.force_login(lead)
    given = {"username": "noa", "name": "Noa Levi", "roles": ["annotator", "consolidator"]}
    answer = client.post("/s/values/people/add/", given)
    password = answer.context["new_password"]
    assert password in answer.content.decode()
    assert "no-store" in answer.headers["Cache-Control"]
    noa = User.objects.get(username="noa")
    assert noa.check_password(password)
    assert noa.must_change_password
    assert study.roles_of(noa) == {Role.ANNOTATOR, Role.CONSOLIDATOR}
    assert password not in client.get("/s/values/people/").content.decode()


def test_existing_login_gets_a_role_and_keeps_its_password(client, study):
    client.force_login(make_member(study, Role.RESEARCHER))
    noa = make_user("noa")
    answer = client.post("/s/values/people/add/", {"username": "noa", "roles": ["annotator"]})
    assert answer.status_code == 302
    noa.refresh_from_db()
    assert noa.check_password("a-long-password")
    assert not noa.must_change_password


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"username": "noa", "roles": []}, "This field is required"),
        ({"username": "no a", "roles": ["annotator"]}, "Enter a valid username"),
        ({"username": "noa", "roles": ["boss"]}, "boss is not one of the available choices"),
    ],
)
def test_bad_new_member_is_refused_in_words(client, study, given, words):
    client.force_login(make_member(study, Role.RESEARCHER))
    n_users = User.objects.count()
    assert words in client.post("/s/values/people/add/", given).content.decode()
    assert User.objects.count() == n_users


def test_last_researcher_cannot_leave(client, study):
    lead = make_member(study, Role.RESEARCHER)
    client.force_login(lead)
    answer = client.post(f"/s/values/people/{lead.pk}/remove/", {"role": "researcher"}, follow=True)
    assert "at least one researcher" in answer.content.decode()
    assert study.roles_of(lead) == {Role.RESEARCHER}


def test_leaving_as_researcher_leads_home(client, study):
    make_member(study, Role.RESEARCHER)
    lead = make_member(study, Role.RESEARCHER)
    client.force_login(lead)
    answer = client.post(f"/s/values/people/{lead.pk}/remove/", {"role": "researcher"})
    assert answer.headers["Location"] == "/"


def test_password_reset_on_the_page(client, study):
    client.force_login(make_member(study, Role.RESEARCHER))
    coder = make_member(study, Role.ANNOTATOR)
    answer = client.post(f"/s/values/people/{coder.pk}/reset-password/")
    coder.refresh_from_db()
    assert coder.check_password(answer.context["new_password"])
    outsider = make_user()
    assert client.post(f"/s/values/people/{outsider.pk}/reset-password/").status_code == 404


def test_videos_coded_by_every_consolidator_are_named(client, study):
    lead = make_member(study, Role.RESEARCHER)
    both = make_member(study, Role.ANNOTATOR, Role.CONSOLIDATOR, user=make_user("dana"))
    make_member(study, Role.ANNOTATOR)
    make_coding(make_video(study), both)
    page = page_of(client, lead, "/s/values/people/")
    assert "1 video was coded by every consolidator" in page
    assert "dana is the only consolidator" in page
    make_member(study, Role.CONSOLIDATOR)
    page = page_of(client, lead, "/s/values/people/")
    assert "coded by every consolidator" not in page
    assert "only consolidator" not in page


ADDRESSES = [
    ("/s/values/", {"annotator", "consolidator", "researcher"}),
    ("/s/values/settings/", {"researcher"}),
    ("/s/values/history/", {"researcher"}),
    ("/s/values/people/", {"researcher"}),
]


@pytest.mark.parametrize(("address", "allowed"), ADDRESSES)
def test_who_may_open_a_page(client, study, address, allowed):
    assert client.get(address).headers["Location"].startswith("/login/")
    client.force_login(make_user())
    assert client.get(address).status_code == 404
    for role in Role:
        client.force_login(make_member(study, role))
        assert client.get(address).status_code == (200 if role in allowed else 403), role


@pytest.mark.parametrize("action", ["add/", "{pk}/remove/", "{pk}/reset-password/"])
def test_only_researchers_change_people(client, study, action):
    victim = make_member(study, Role.ANNOTATOR)
    address = f"/s/values/people/{action.format(pk=victim.pk)}"
    given = {"role": "annotator", "username": "intruder", "roles": ["researcher"]}
    for role in (Role.ANNOTATOR, Role.CONSOLIDATOR):
        client.force_login(make_member(study, role))
        assert client.post(address, given).status_code == 403
    client.force_login(make_user())
    assert client.post(address, given).status_code == 404
    assert study.roles_of(victim) == {Role.ANNOTATOR}
    assert not User.objects.filter(username="intruder").exists()
