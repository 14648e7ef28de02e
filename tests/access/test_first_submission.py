"""What was first submitted is kept for ever, and a claim ends all change (DESIGN rule 2)."""

import json
import uuid

import pytest
from django.test import Client
from django.urls import reverse

from annotator.actions.assignment import take_next_coding
from annotator.actions.batches import release_batch
from annotator.actions.claims import claim, unclaim
from annotator.actions.consolidation import finish, reopen
from annotator.actions.exposure import record_sight
from annotator.models import Change, Coding, Exposure, Judgement, Role, Seen
from tests.access.world import settle
from tests.factories import make_batch, make_coding, make_member, make_study, make_video

SLUGS = ["face", "humility", "tradition"]
FIRST = {"face": 1, "humility": 0, "tradition": -1}


@pytest.fixture
def study(db):
    return make_study(slugs=SLUGS)


@pytest.fixture
def coder(study):
    return make_member(study, Role.ANNOTATOR)


@pytest.fixture
def other(study):
    return make_member(study, Role.ANNOTATOR)


@pytest.fixture
def consolidator(study):
    return make_member(study, Role.CONSOLIDATOR)


def send(coding, what, **body):
    """A request of the coding screen, by its coder."""
    client = Client()
    client.force_login(coding.coder)
    url = reverse(f"annotator:coding_{what}", args=[coding.study.slug, coding.pk])
    body = {"mutation": str(uuid.uuid4()), **body}
    return client.post(
        url, json.dumps(body), content_type="application/json", headers={"Accept": "application/json"}
    )


def save(coding, slug, stance):
    revision = coding.judgements.get(value__slug=slug).revision
    return send(coding, "save", changes=[{"key": slug, "base": revision, "stance": stance}])


def begun(study, coder, video):
    """A coding with all values given by the coder, not submitted."""
    coding = make_coding(video, coder, submitted=False, rest=None)
    for slug, stance in FIRST.items():
        assert save(coding, slug, stance).status_code == 200
    return coding


def submitted(study, coder, video):
    coding = begun(study, coder, video)
    assert send(coding, "submit").json()["submitted"] is True
    coding.refresh_from_db()
    return coding


def kept(coding) -> dict[str, int | None]:
    return dict(Judgement.objects.filter(coding=coding).values_list("value__slug", "first_stance"))


def now(coding) -> dict[str, int | None]:
    return dict(Judgement.objects.filter(coding=coding).values_list("value__slug", "stance"))


def test_before_submitting_nothing_counts_as_first(study, coder):
    coding = begun(study, coder, make_video(study))
    assert kept(coding) == dict.fromkeys(SLUGS)


def test_corrections_leave_the_first_submission_alone(study, coder):
    coding = submitted(study, coder, make_video(study))
    at = coding.submitted_at
    assert kept(coding) == FIRST
    assert save(coding, "face", -1).status_code == 200
    assert send(coding, "submit").json()["submitted"] is True
    coding.refresh_from_db()
    assert (now(coding)["face"], kept(coding)["face"]) == (-1, 1)
    assert coding.submitted_at == at
    assert coding.corrected_at > at
    assert Change.objects.filter(what="judgement.corrected", value="face", by=coder).count() == 1


def test_setting_aside_and_taking_back_leave_the_first_submission_alone(study, coder):
    coding = submitted(study, coder, make_video(study))
    at = coding.submitted_at
    assert send(coding, "set_aside", because="language", note="").status_code == 200
    assert send(coding, "set_aside", undo=True).status_code == 200
    assert save(coding, "humility", 1).status_code == 200
    assert send(coding, "submit").json()["submitted"] is True
    coding.refresh_from_db()
    assert kept(coding) == FIRST
    assert coding.submitted_at == at


def test_a_submitted_answer_can_not_be_cleared(study, coder):
    coding = submitted(study, coder, make_video(study))
    assert save(coding, "face", None).status_code == 400
    assert now(coding)["face"] == 1


def test_consolidation_changes_no_coding(study, coder, other, consolidator):
    video = make_video(study)
    mine = submitted(study, coder, video)
    theirs = make_coding(video, other, {"face": -1, "tradition": -1})
    before = {coding.pk: (now(coding), kept(coding)) for coding in (mine, theirs)}
    done = settle(claim(video=video, by=consolidator), by=consolidator, stance=-1)
    reopened = reopen(consolidation=done, by=consolidator)
    finish(consolidation=reopened, by=consolidator)
    assert {coding.pk: (now(coding), kept(coding)) for coding in (mine, theirs)} == before
    assert dict(video.gold.values_list("value__slug", "stance"))["face"] == -1


@pytest.fixture
def claimed(study, coder, other, consolidator):
    """Two codings and the claim that closed them."""
    video = make_video(study)
    first, second = submitted(study, coder, video), submitted(study, other, video)
    save(second, "face", -1)
    return first, second, claim(video=video, by=consolidator)


ACTS = {
    "save": {"changes": [{"key": "face", "base": 1, "stance": 0}]},
    "park": {"parked": True},
    "set_aside": {"because": "language", "note": ""},
}


@pytest.mark.parametrize("act", ACTS)
def test_a_claim_closes_both_codings(claimed, act):
    *codings, _consolidation = claimed
    for coding in codings:
        before = (now(coding), kept(coding))
        response = send(coding, act, **ACTS[act])
        assert response.status_code == 409
        assert response.json()["error"] == "closed"
        coding.refresh_from_db()
        assert (now(coding), kept(coding)) == before
        assert (coding.set_aside_at, coding.parked_at) == (None, None)


def test_taking_back_is_closed_too(study, coder, other, consolidator):
    video = make_video(study)
    aside = submitted(study, coder, video)
    send(aside, "set_aside", because="no-sound", note="")
    submitted(study, other, video)
    claim(video=video, by=consolidator)
    assert send(aside, "set_aside", undo=True).status_code == 409
    aside.refresh_from_db()
    assert aside.set_aside_at is not None


def test_a_claim_given_back_untouched_opens_the_codings_again(claimed, consolidator):
    first, _second, consolidation = claimed
    unclaim(consolidation=consolidation, by=consolidator)
    assert save(first, "face", 0).status_code == 200
    assert kept(first) == FIRST


def test_a_claim_given_back_with_a_question_asked_stays_closed(claimed, consolidator):
    """Whoever was asked has learnt what is in question."""
    first, _second, consolidation = claimed
    consolidation.questions.create(text="Why?", asked_by=consolidator)
    unclaim(consolidation=consolidation, by=consolidator)
    assert save(first, "face", 0).status_code == 409


def test_finished_and_reopened_consolidations_stay_closed(claimed, consolidator):
    first, _second, consolidation = claimed
    done = settle(consolidation, by=consolidator)
    assert save(first, "face", 0).status_code == 409
    reopen(consolidation=done, by=consolidator)
    assert save(first, "face", 0).status_code == 409


# --- marks of feedback --------------------------------------------------------------------


@pytest.fixture
def released(study, coder, other, consolidator):
    """A batch with one settled and released video of the coder's."""
    batch = make_batch(study)
    video = make_video(study, batch=batch)
    submitted(study, coder, video)
    make_coding(video, other, {"face": -1, "tradition": -1})
    settle(claim(video=video, by=consolidator), by=consolidator)
    release_batch(batch=batch, by=make_member(study, Role.RESEARCHER))
    return batch


def look_at_differences(study, user):
    client = Client()
    client.force_login(user)
    assert client.get(reverse("annotator:difference_list", args=[study.slug])).status_code == 200


def test_codings_after_feedback_on_the_batch_are_marked(study, coder, released):
    look_at_differences(study, coder)
    assert Exposure.objects.filter(user=coder, kind=Seen.GOLD).count() == 1
    assert submitted(study, coder, make_video(study, batch=released)).saw_feedback is True
    elsewhere = make_video(study, batch=make_batch(study))
    assert submitted(study, coder, elsewhere).saw_feedback is False


def test_codings_without_a_look_at_the_feedback_are_not_marked(study, coder, released):
    assert submitted(study, coder, make_video(study, batch=released)).saw_feedback is False


def test_codings_by_others_are_not_marked_by_my_look(study, coder, other, released):
    look_at_differences(study, coder)
    assert submitted(study, other, make_video(study, batch=released)).saw_feedback is False


@pytest.mark.parametrize("kind", [Seen.CODINGS, Seen.GOLD])
def test_a_coding_of_a_video_whose_labels_were_seen_is_marked(study, coder, kind):
    """By a researcher who began to code later, say; released or not."""
    video = make_video(study)
    record_sight(user=coder, videos=[video], kind=kind)
    assert submitted(study, coder, video).saw_feedback is True
    assert submitted(study, coder, make_video(study)).saw_feedback is False


def test_nobody_is_given_a_video_that_they_hold_to_consolidate(study, coder, other, consolidator):
    """Who has seen both sides of a video does not become its third coder."""
    make_member(study, Role.ANNOTATOR, user=consolidator)
    make_member(study, Role.CONSOLIDATOR)
    video = make_video(study)
    submitted(study, coder, video), submitted(study, other, video)
    claim(video=video, by=consolidator)
    video.slots.create(n=3, batch=video.batch, position=video.position)
    assert take_next_coding(study=study, coder=consolidator) is None
    assert Coding.objects.filter(coder=consolidator).count() == 0
