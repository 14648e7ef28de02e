"""Addresses of coding: whose they are, what they answer, how many queries they take."""

import json
import re
import uuid

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotator.actions.assignment import take_next_coding
from annotator.actions.codebook import builtin_codebook, install_codebook
from annotator.models import Coding, Consolidation, Question, Role, Study
from tests.factories import SCHWARTZ, make_batch, make_coding, make_member, make_study, make_user, make_video

pytestmark = pytest.mark.django_db
ACTS = ("coding_save", "coding_submit", "coding_park", "coding_set_aside", "coding_play")


@pytest.fixture
def study():
    return make_study()


@pytest.fixture
def coder(study, client):
    user = make_member(study, Role.ANNOTATOR)
    client.force_login(user)
    return user


@pytest.fixture
def coding(study, coder):
    make_video(study, creator="somebody", caption="The post's text", counts={"likes": 123456})
    return take_next_coding(study=study, coder=coder)


def url(name, study, *args):
    return reverse(f"annotator:{name}", args=(study.slug, *args))


def send(client, name, coding, body, **headers):
    return client.post(
        url(name, coding.study, coding.pk),
        body if isinstance(body, str) else json.dumps(body),
        content_type="application/json",
        headers={"Accept": "application/json", **headers},
    )


def parcel(*changes):
    return {"mutation": str(uuid.uuid4()), "changes": list(changes)}


# --- JSON -------------------------------------------------------------------------------------


def test_save_answers_with_the_stored_rows(client, coding):
    answer = send(client, "coding_save", coding, parcel({"key": "face", "base": 0, "stance": 1}))
    assert answer.status_code == 200
    assert answer.json()["saved"] == [
        {
            "key": "face",
            "revision": 1,
            "stance": 1,
            "unsure": False,
            "note": "",
            "evidence": [],
            "rest": False,
        }
    ]


def test_save_answers_409_with_what_the_server_has(client, coding):
    send(client, "coding_save", coding, parcel({"key": "face", "base": 0, "stance": 1}))
    answer = send(client, "coding_save", coding, parcel({"key": "face", "base": 0, "stance": 0}))
    assert answer.status_code == 409
    assert answer.json()["conflicts"][0]["stance"] == 1
    assert answer.json()["saved"] == []


@pytest.mark.parametrize("name", ACTS)
def test_lost_session_is_401_in_json_and_no_redirect(coding, name):
    answer = send(Client(), name, coding, {})
    assert answer.status_code == 401
    assert answer.json()["error"] == "login"


@pytest.mark.parametrize("name", ACTS)
def test_another_login_in_the_same_browser_stores_nothing(client, coding, name):
    answer = send(client, name, coding, parcel(), **{"X-Axial-User": str(coding.coder_id + 1)})
    assert answer.status_code == 401
    assert answer.json()["error"] == "other-user"


@pytest.mark.parametrize("name", ACTS)
def test_anothers_coding_does_not_exist(client, study, coder, name):
    other = make_coding(make_video(study), make_member(study, Role.ANNOTATOR), submitted=False)
    body = {**parcel({"key": "face", "base": 1, "stance": 1}), "parked": True, "because": "gone"}
    answer = send(client, name, other, body)
    assert answer.status_code == 404
    assert answer.json()["error"] == "missing"
    assert client.get(url("coding_edit", study, other.pk)).status_code == 404


@pytest.mark.parametrize("name", ACTS)
def test_outsiders_learn_nothing_and_other_roles_are_refused(coding, name):
    client = Client()
    client.force_login(make_user())
    assert send(client, name, coding, {}).status_code == 404
    client.force_login(make_member(coding.study, Role.RESEARCHER, Role.CONSOLIDATOR))
    answer = send(client, name, coding, {})
    assert (answer.status_code, answer.json()["error"]) == (403, "denied")


@pytest.mark.parametrize("name", ACTS)
@pytest.mark.parametrize(
    "body", ["", "[]", "{", '{"mutation": 7}', '{"parked": "yes", "because": [], "played_ms": "x"}']
)
def test_malformed_request_is_400_in_json(client, coding, name, body):
    answer = send(client, name, coding, body)
    if name == "coding_play" and body == '{"mutation": 7}':
        assert answer.status_code == 200  # no totals given: none noted
    else:
        assert answer.status_code == 400
        assert answer.json()["message"]


@pytest.mark.parametrize("name", ACTS)
def test_get_changes_nothing(client, coding, name):
    assert client.get(url(name, coding.study, coding.pk)).status_code == 405


def test_missing_csrf_token_is_told_in_json(coding):
    client = Client(enforce_csrf_checks=True)
    client.force_login(coding.coder)
    answer = send(client, "coding_save", coding, parcel())
    assert (answer.status_code, answer.json()["error"]) == (403, "csrf")


def test_closed_coding_is_409_in_json(client, coding):
    Coding.objects.update(closed_at=timezone.now())
    answer = send(client, "coding_save", coding, parcel({"key": "face", "base": 0, "stance": 1}))
    assert (answer.status_code, answer.json()["error"]) == (409, "closed")


def test_submit_with_the_rest_leads_on(client, coding):
    body = {"mutation": str(uuid.uuid4()), "rest": SCHWARTZ, "acknowledged": []}
    first = send(client, "coding_submit", coding, body)
    assert first.json()["submitted"]
    assert first.json()["next"] == f"{url('coding_next', coding.study)}?after={coding.pk}"
    assert send(client, "coding_submit", coding, body).json() == first.json()


def test_submit_with_values_unset_names_them(client, coding):
    answer = send(client, "coding_submit", coding, {"mutation": str(uuid.uuid4()), "rest": None})
    assert (answer.status_code, answer.json()["error"]) == (409, "unset")
    assert answer.json()["keys"] == SCHWARTZ


def test_submit_asks_until_it_is_acknowledged(client, coding):
    video = coding.video
    video.media, video.duration_ms = "x.mp4", 10_000
    video.save()
    body = {"mutation": str(uuid.uuid4()), "rest": SCHWARTZ, "acknowledged": [], "played_ms": 100}
    assert send(client, "coding_submit", coding, body).json() == {"ask": ["hardly_played"]}
    assert send(client, "coding_submit", coding, {**body, "acknowledged": ["hardly_played"]}).json()[
        "submitted"
    ]


def test_set_aside_and_back(client, coding):
    assert send(client, "coding_set_aside", coding, {"because": "gone", "note": "404"}).json()["setAside"]
    coding.refresh_from_db()
    assert (coding.set_aside_because, coding.set_aside_note) == ("gone", "404")
    page = client.get(url("coding_edit", coding.study, coding.pk)).content.decode()
    assert "Gone or does not play: 404" in page
    assert not send(client, "coding_set_aside", coding, {"undo": True}).json()["setAside"]


def test_a_saved_judgement_takes_few_queries(client, coding, django_assert_max_num_queries):
    send(client, "coding_save", coding, parcel({"key": "face", "base": 0, "stance": 1}))
    with django_assert_max_num_queries(16):
        send(client, "coding_save", coding, parcel({"key": "face", "base": 1, "stance": 0}))


# --- pages ------------------------------------------------------------------------------------


def test_next_leads_to_the_coding_and_stays_there(client, study, coder, coding):
    for _time in range(2):
        answer = client.get(url("coding_next", study))
        assert answer.url == url("coding_edit", study, coding.pk)


def test_nothing_left_says_so_and_what_else_to_do(client, study, coder):
    Coding.objects.filter(pk=make_coding(make_video(study), coder).pk).update(
        submitted_at=None, parked_at=timezone.now()
    )
    page = client.get(url("coding_next", study)).content.decode()
    assert "Nothing to code right now" in page
    assert "Take up 1 parked video" in page


def test_nothing_left_leads_to_open_questions_only(client, study, coder):
    settler = make_member(study, Role.CONSOLIDATOR)
    for state in ("claimed", "done"):
        video = make_video(study)
        make_coding(video, coder)
        consolidation = Consolidation.objects.create(video=video, claimed_by=settler, state=state)
        Question.objects.create(consolidation=consolidation, text="Why?", asked_by=settler)
    page = client.get(url("coding_next", study)).content.decode()
    assert "1 question for you" in page
    assert url("question_list", study) in page


def test_my_codings_leads_to_what_the_count_in_the_bar_counts(client, study, coder):
    settler = make_member(study, Role.CONSOLIDATOR)
    video = make_video(study)
    make_coding(video, coder)
    consolidation = Consolidation.objects.create(video=video, claimed_by=settler)
    Question.objects.create(consolidation=consolidation, text="Why?", asked_by=settler)
    page = client.get(url("coding_list", study)).content.decode()
    tabs = page[page.index('<nav class="tabs"') :].partition("</nav>")[0]
    assert re.search(
        rf'href="{url("question_list", study)}">Questions to you <span class="count">1</span>', tabs
    )
    assert f'href="{url("difference_list", study)}"' in tabs
    assert f'href="{url("coding_list", study)}" aria-current="page"' in tabs


def test_screen_shows_the_post_but_no_counts(client, study, coding):
    page = client.get(url("coding_edit", study, coding.pk)).content.decode()
    assert "The post&#x27;s text" in page
    assert "@somebody" in page
    assert "123456" not in page
    assert len(re.findall(r'class="value-row"', page)) == 19


def test_screen_holds_nothing_of_another_coder(client, study, coder, coding):
    other = make_coding(coding.video, make_member(study, Role.ANNOTATOR), {"face": -1}, note="a secret note")
    other.judgements.filter(value__slug="face").update(note="another secret")
    page = client.get(url("coding_edit", study, coding.pk)).content.decode()
    assert "secret" not in page
    assert 'value="-1" autocomplete="off" checked' not in page
    listed = client.get(url("coding_list", study)).content.decode()
    assert "secret" not in listed


def test_screen_of_a_withdrawn_video_says_so(client, study, coding):
    coding.video.withdrawn_at = timezone.now()
    coding.video.save()
    answer = client.get(url("coding_edit", study, coding.pk))
    assert answer.status_code == 410
    assert "withdrawn" in answer.content.decode()


def test_screen_takes_the_same_queries_whatever_it_holds(
    client, study, coding, django_assert_max_num_queries
):
    for n in range(3):
        evidence = [{"start_ms": 1000 * k} for k in range(n + 2)]
        send(client, "coding_save", coding, parcel({"key": SCHWARTZ[n], "base": 0, "evidence": evidence}))
    client.get(url("coding_edit", study, coding.pk))
    with django_assert_max_num_queries(14):
        client.get(url("coding_edit", study, coding.pk))


@pytest.mark.parametrize("after", ["x", "-1", "9" * 40, "1 OR 1=1", "٣"])
def test_after_that_makes_no_sense_is_ignored(client, study, coding, after):
    assert client.get(url("coding_edit", study, coding.pk), {"after": after}).status_code == 200
    assert client.get(url("coding_next", study), {"after": after}, follow=True).status_code == 200


def test_after_names_only_ones_own_coding(client, study, coding):
    other = make_coding(make_video(study, external_id="not-mine"), make_member(study, Role.ANNOTATOR))
    page = client.get(url("coding_edit", study, coding.pk), {"after": other.pk}).content.decode()
    assert "not-mine" not in page


def test_guide_has_the_texts_of_every_value_and_is_cached(client, coder, study):
    codebook = install_codebook(study=study, doc=builtin_codebook())
    answer = client.get(url("coding_guide", study, codebook.number), {"v": "hash"})
    page = answer.content.decode()
    assert page.count("<article") == 19
    assert builtin_codebook().value("face").definition[:20] in page
    assert "immutable" in answer["Cache-Control"]
    assert "private" in answer["Cache-Control"]
    assert "no-cache" not in client.get(url("coding_guide", study, codebook.number)).get("Cache-Control", "")


def test_peek_takes_nothing(client, study, coder):
    make_video(study)
    assert client.get(url("coding_peek", study)).json() == {"media": None, "poster": None}
    assert Coding.objects.count() == 0


# --- my codings -------------------------------------------------------------------------------


@pytest.fixture
def several(study, coder):
    """Four codings of one's own, and somebody else's."""
    first = make_coding(make_video(study, external_id="first"), coder, {"achievement": -1})
    second = make_coding(make_video(study, external_id="second"), coder, {"achievement": 1}, note="a dog")
    third = make_coding(make_video(study, external_id="third"), coder, rest=None, submitted=False)
    third.judgements.filter(value__slug="face").update(note="blushes", is_unsure=True)
    make_coding(make_video(study, external_id="fourth"), coder, parked_at=timezone.now(), submitted=False)
    make_coding(
        make_video(study, external_id="foreign"), make_member(study, Role.ANNOTATOR), {"achievement": -1}
    )
    return first, second, third


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, ["first", "second", "third", "fourth"]),
        ({"value": "achievement", "stance": "-1"}, ["first"]),
        ({"value": "achievement", "stance": "0"}, ["fourth"]),
        ({"value": "achievement", "stance": "unset"}, ["third"]),
        ({"stance": "unsure"}, ["third"]),
        ({"q": "DOG"}, ["second"]),
        ({"q": "blush"}, ["third"]),
        ({"q": "foreign"}, []),
        ({"state": "parked"}, ["fourth"]),
        ({"state": "submitted"}, ["first", "second"]),
        ({"state": "nonsense"}, ["first", "second", "third", "fourth"]),
        ({"q": "\x00"}, ["first", "second", "third", "fourth"]),
    ],
)
def test_my_codings_finds_what_i_gave(client, study, several, asked, found):
    page = client.get(url("coding_list", study), asked).content.decode()
    names = ["first", "second", "third", "fourth", "foreign"]
    assert [name for name in names if f'class="ltr">{name}<' in page] == found


def test_my_codings_takes_the_same_queries_for_many(client, study, coder, django_assert_max_num_queries):
    for _n in range(4):
        make_coding(make_video(study), coder, {"face": 1})
    client.get(url("coding_list", study))
    with django_assert_max_num_queries(14):
        client.get(url("coding_list", study))


def test_screen_with_the_real_codebook_stays_small(client):
    study = Study.objects.create(slug="real", name="Real")
    install_codebook(study=study, doc=builtin_codebook(), allow_dominant=True)
    make_batch(study)
    make_video(study)
    user = make_member(study, Role.ANNOTATOR)
    client.force_login(user)
    page = client.get(url("coding_next", study), follow=True)
    assert len(page.content) < 90_000
    assert "Openness to change" in page.content.decode()
    assert page.content.decode().count('data-stance="2"') >= 19
