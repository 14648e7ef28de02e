"""The consolidators' pages and the addresses their script talks to."""

import json
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from annotator.actions.claims import claim
from annotator.actions.comparison import compare
from annotator.actions.consolidation import finish
from annotator.models import (
    Change,
    Consolidation,
    Decision,
    Evidence,
    Exposure,
    GoldLabel,
    Judgement,
    Role,
    Seen,
)
from tests.factories import make_batch, make_coding, make_member, make_study, make_user, make_video


@pytest.fixture
def study(db):
    return make_study(slugs=["face", "humility", "tradition"])


@pytest.fixture
def consolidator(study):
    return make_member(study, Role.CONSOLIDATOR)


@pytest.fixture
def client(client, consolidator):
    client.force_login(consolidator)
    return client


def make_ready(study, first=None, second=None, **fields):
    video = make_video(study, **fields)
    make_coding(video, make_user(), {"face": 1} if first is None else first)
    make_coding(video, make_user(), {"face": -1} if second is None else second)
    compare(video=video)
    return video


@pytest.fixture
def ready(study):
    return lambda *args, **fields: make_ready(study, *args, **fields)


@pytest.fixture
def held(ready, consolidator):
    return claim(video=ready(), by=consolidator)


def page(name, study, *args):
    return reverse(f"annotator:{name}", args=[study.slug, *args])


def save(client, consolidation, *changes, mutation=None):
    address = page("consolidation_save", consolidation.video.study, consolidation.pk)
    body = {"mutation": mutation or str(uuid.uuid4()), "changes": list(changes)}
    return client.post(address, json.dumps(body), content_type="application/json")


# --- the queue ----------------------------------------------------------------------------


def test_list_shows_batches_and_counts_by_kind(client, study, ready):
    ready({"face": 1, "humility": 1}, {"face": -1})
    ready({"face": 1}, {"face": 1})
    html = client.get(page("consolidation_list", study)).content.decode()
    assert "2 videos wait for you." in html
    assert "1 opposed" in html
    assert "1 presence" in html
    assert "agreed: one look and finish" in html


def test_list_finds_codings_that_no_action_announced(client, study):
    video = make_video(study)
    for _n in range(2):
        make_coding(video, make_user())
    assert "1 video waits" in client.get(page("consolidation_list", study)).content.decode()


def test_list_without_anything_says_what_to_do(client, study):
    html = client.get(page("consolidation_list", study)).content.decode()
    assert "Nothing waits for you" in html


def test_list_leaves_out_what_the_user_coded(client, study, consolidator):
    video = make_video(study, external_id="7111")
    make_coding(video, consolidator, {"face": 1})
    make_coding(video, make_user(), {"face": -1})
    assert "7111" not in client.get(page("consolidation_list", study)).content.decode()


def test_list_shows_the_batch_asked_for(client, study, ready):
    ready(batch=make_batch(study, order=1), external_id="first")
    second = make_batch(study, order=2)
    ready(batch=second, external_id="second")
    address = page("consolidation_list", study)
    assert "Settle first" in client.get(address).content.decode()
    html = client.get(address, {"batch": second.pk}).content.decode()
    assert "Settle second" in html
    assert "Settle first" not in html
    assert client.get(address, {"batch": "nonsense", "page": "x"}).status_code == 200


def test_list_takes_the_same_queries_for_many_videos(client, study, ready, django_assert_max_num_queries):
    for position in range(40):
        ready(position=position)
    with django_assert_max_num_queries(18):
        client.get(page("consolidation_list", study))


def test_next_claims_by_post_only(client, study, ready):
    ready()
    assert client.get(page("consolidation_next", study)).url == page("consolidation_list", study)
    assert not Consolidation.objects.exists()
    response = client.post(page("consolidation_next", study))
    assert response.url == page("consolidation_edit", study, Consolidation.objects.get().pk)


def test_claiming_what_somebody_else_holds_says_who(client, study, ready):
    other = make_member(study, Role.CONSOLIDATOR)
    video = ready()
    claim(video=video, by=other)
    response = client.post(page("consolidation_claim", study, video.pk), follow=True)
    assert other.username in response.content.decode()
    assert Consolidation.objects.get().claimed_by == other


# --- the screen ---------------------------------------------------------------------------


def test_screen_opens_only_what_differs(client, study, held):
    html = client.get(page("consolidation_edit", study, held.pk)).content.decode()
    assert "1 value to decide" in html
    assert "2 values on which everybody agrees" in html
    assert (
        html.index('id="row-face"') < html.index('<details class="agreed"') < html.index('id="row-humility"')
    )


def test_screen_hides_who_coded_unless_the_study_shows_it(client, study, held):
    names = [coding.coder.username for coding in held.video.codings.all()]
    html = client.get(page("consolidation_edit", study, held.pk)).content.decode()
    assert not any(name in html for name in names)
    study.show_coder_names = True
    study.save()
    html = client.get(page("consolidation_edit", study, held.pk)).content.decode()
    assert all(name in html for name in names)


def test_screen_shows_notes_evidence_and_doubt(client, study, held):
    judgement = Judgement.objects.filter(value__slug="face", stance=1).get()
    Judgement.objects.filter(pk=judgement.pk).update(note="the toast", is_unsure=True)
    Evidence.objects.create(judgement=judgement, start_ms=83456)
    html = client.get(page("consolidation_edit", study, held.pk)).content.decode()
    assert "the toast" in html
    assert 'data-ms="83456"' in html
    assert "1:23.4" in html
    assert "unsure" in html


def test_screen_records_that_codings_were_seen(client, study, held, consolidator):
    client.get(page("consolidation_edit", study, held.pk))
    client.get(page("consolidation_edit", study, held.pk))
    assert Exposure.objects.get().kind == Seen.CODINGS
    assert Exposure.objects.get().user == consolidator


def test_screen_of_somebody_else_leads_back_without_a_stance(client, study, ready):
    other = claim(video=ready(), by=make_member(study, Role.CONSOLIDATOR))
    response = client.get(page("consolidation_edit", study, other.pk))
    assert response.url == page("consolidation_list", study)


def test_screen_of_another_study_does_not_exist(client, study):
    elsewhere = make_study(slugs=["face"])
    video = make_ready(elsewhere)
    theirs = claim(video=video, by=make_member(elsewhere, Role.CONSOLIDATOR))
    assert client.get(page("consolidation_edit", study, theirs.pk)).status_code == 404
    assert save(client, theirs, {"key": "face", "base": 0, "stance": 1}).status_code == 404


def test_screen_takes_the_same_queries_however_many_conflicts(study, consolidator, client, ready):
    slugs = ["face", "humility", "tradition"]
    one = claim(video=ready(), by=consolidator)
    counts = []
    for consolidation in (
        one,
        claim(video=ready(dict.fromkeys(slugs, 1), dict.fromkeys(slugs, -1)), by=consolidator),
    ):
        with CaptureQueriesContext(connection) as queries:
            client.get(page("consolidation_edit", study, consolidation.pk))
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 24


def test_finished_screen_is_read_only_and_can_be_opened_again(client, study, held, consolidator):
    Decision.objects.create(consolidation=held, value=held.codebook.values.get(slug="face"), stance=1)
    finish(consolidation=held, by=consolidator)
    html = client.get(page("consolidation_edit", study, held.pk)).content.decode()
    assert "data-save=" not in html
    assert "Open again" in html
    response = client.post(page("consolidation_reopen", study, held.pk))
    assert response.url == page("consolidation_edit", study, held.pk)
    assert "data-save=" in client.get(response.url).content.decode()


def test_letting_go_returns_the_video(client, study, held):
    client.post(page("consolidation_unclaim", study, held.pk))
    assert not Consolidation.objects.exists()


# --- saving -------------------------------------------------------------------------------


def test_save_stores_a_decision_with_its_reason_and_history(client, held, consolidator):
    response = save(
        client,
        held,
        {
            "key": "face",
            "base": 0,
            "stance": 0,
            "reason_tags": ["keyword", "missed"],
            "reason": "only the word",
            "is_codebook_problem": True,
        },
    )
    assert response.status_code == 200
    saved = response.json()["saved"][0]
    assert (saved["revision"], saved["stance"], saved["reason_tags"]) == (1, 0, ["missed", "keyword"])
    decision = Decision.objects.get()
    assert (decision.reason, decision.is_codebook_problem) == ("only the word", True)
    assert (decision.pattern, decision.was_conflict) == ("-1,1", True)
    change = Change.objects.get(what="decision.set")
    assert (change.by, change.value, change.after["stance"]) == (consolidator, "face", 0)


def test_repeated_request_is_answered_and_stored_once(client, held):
    mutation = str(uuid.uuid4())
    first = save(client, held, {"key": "face", "base": 0, "stance": 1}, mutation=mutation)
    again = save(client, held, {"key": "face", "base": 0, "stance": 1}, mutation=mutation)
    assert first.json() == again.json()
    assert Change.objects.filter(what="decision.set").count() == 1


def test_stale_revision_is_a_conflict_that_shows_what_is_there(client, held):
    save(client, held, {"key": "face", "base": 0, "stance": 1})
    response = save(
        client,
        held,
        {"key": "face", "base": 0, "stance": -1},
        {"key": "humility", "base": 0, "stance": 1},
    )
    assert response.status_code == 409
    assert response.json()["conflicts"][0]["stance"] == 1
    assert response.json()["saved"][0]["key"] == "humility"
    assert Decision.objects.get(value__slug="face").stance == 1


@pytest.mark.parametrize(
    "change",
    [
        {"key": "face", "base": 0, "stance": 2},
        {"key": "face", "base": 0, "stance": True},
        {"key": "face", "base": 0, "stance": "1"},
        {"key": "nothing", "base": 0, "stance": 1},
        {"key": "face", "base": 0, "reason_tags": ["unknown"]},
        {"key": "face", "base": 0, "reason_tags": [{"a": 1}]},
        {"key": "face", "base": 0, "reason_tags": "missed"},
        {"key": "face", "base": 0, "reason": "x" * 5001},
        {"key": "face", "base": 0, "reason": "\x00"},
        {"key": "face", "base": 0, "is_codebook_problem": 1},
        {"key": "face", "base": 0, "predictions_seen": False},
    ],
)
def test_malformed_change_is_refused_whole(client, held, change):
    response = save(client, held, {"key": "humility", "base": 0, "stance": 1}, change)
    assert response.status_code == 400
    assert response.json()["error"] == "malformed"
    assert not Decision.objects.exists()


def test_saving_after_a_take_over_is_closed_and_names_who(client, study, held):
    other = make_member(study, Role.CONSOLIDATOR)
    Consolidation.objects.update(claimed_by=other)
    response = save(client, held, {"key": "face", "base": 0, "stance": 1})
    assert (response.status_code, response.json()["error"]) == (409, "closed")
    assert other.username in response.json()["message"]


def test_predictions_seen_before_deciding_are_recorded(client, held, consolidator):
    save(client, held, {"key": "face", "base": 0, "stance": 1})
    Exposure.objects.create(user=consolidator, video=held.video, kind=Seen.PREDICTIONS)
    save(client, held, {"key": "humility", "base": 0, "stance": 1})
    seen = dict(Decision.objects.values_list("value__slug", "predictions_seen"))
    assert seen == {"face": False, "humility": True}


def test_saving_prolongs_the_claim(client, held):
    Consolidation.objects.update(lease_until=timezone.now())
    save(client, held, {"key": "face", "base": 0, "stance": 1})
    assert Consolidation.objects.get().lease_until > timezone.now()
    response = client.post(
        page("consolidation_renew", held.video.study, held.pk), "{}", content_type="application/json"
    )
    assert response.json() == {"held": True}


# --- finishing ----------------------------------------------------------------------------


def end(client, consolidation, **body):
    address = page("consolidation_finish", consolidation.video.study, consolidation.pk)
    return client.post(address, json.dumps(body), content_type="application/json")


def test_finishing_too_early_names_the_values(client, held):
    response = end(client, held)
    assert response.status_code == 409
    assert response.json()["keys"] == ["face"]
    assert "Face" in response.json()["message"]
    assert not GoldLabel.objects.exists()


def test_finishing_goes_on_to_the_next_video(client, study, held, ready):
    following = ready()
    save(client, held, {"key": "face", "base": 0, "stance": 1})
    response = end(client, held, next=True)
    claimed = Consolidation.objects.get(video=following)
    assert response.json() == {"location": page("consolidation_edit", study, claimed.pk)}
    assert GoldLabel.objects.filter(video=held.video).count() == 3


def test_finishing_the_last_leads_back_to_the_queue(client, study, held):
    save(client, held, {"key": "face", "base": 0, "stance": 1})
    assert end(client, held, next=True).json() == {"location": page("consolidation_list", study)}


def test_setting_aside_needs_a_coder_who_did(client, held):
    response = end(client, held, set_aside=True)
    assert (response.status_code, response.json()["error"]) == (409, "closed")


# --- precedents ---------------------------------------------------------------------------


def settle(video, by, stance, **fields):
    consolidation = claim(video=video, by=by)
    Decision.objects.create(
        consolidation=consolidation,
        value=consolidation.codebook.values.get(slug="face"),
        stance=stance,
        pattern="-1,1",
        was_conflict=True,
        **fields,
    )
    finish(consolidation=consolidation, by=by)
    return consolidation


def test_precedents_are_same_value_and_same_stances(client, study, ready, held):
    other = make_member(study, Role.CONSOLIDATOR)
    settle(ready(external_id="alike"), other, 0, reason="both sides of the joke")
    unlike = claim(video=ready({"face": 1}, {"face": 0}, external_id="unlike"), by=other)
    Decision.objects.create(
        consolidation=unlike,
        value=unlike.codebook.values.get(slug="face"),
        stance=1,
        pattern="0,1",
        was_conflict=True,
    )
    finish(consolidation=unlike, by=other)
    html = client.get(page("precedent_list", study, held.pk, "face")).content.decode()
    assert "both sides of the joke" in html
    assert "alike" in html
    assert "unlike" not in html.replace("alike", "")
    screen = client.get(page("consolidation_edit", study, held.pk)).content.decode()
    assert "1 earlier decision between" in screen


def test_precedents_of_a_consolidator_who_codes_stay_within_what_they_may_see(client, study, ready, held):
    settle(ready(external_id="hidden"), make_member(study, Role.CONSOLIDATOR), 0, reason="secret")
    make_member(study, Role.ANNOTATOR, user=held.claimed_by)
    html = client.get(page("precedent_list", study, held.pk, "face")).content.decode()
    assert "secret" not in html
    assert "Nothing like this" in html
    screen = client.get(page("consolidation_edit", study, held.pk)).content.decode()
    assert 'data-part="precedents"' not in screen


def test_precedents_need_the_video_in_hand(client, study, ready):
    other = claim(video=ready(), by=make_member(study, Role.CONSOLIDATOR))
    assert client.get(page("precedent_list", study, other.pk, "face")).status_code == 404
    assert client.get(page("precedent_list", study, other.pk, "nothing")).status_code == 404
