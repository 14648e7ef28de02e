"""The log as people read it, and what blindness keeps out of it."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from annotator.models import Change, Consolidation, Exposure, Role
from annotator.queries.history import KINDS, SENTENCES, changes_for, in_words
from tests.factories import make_batch, make_coding, make_member, make_study, make_video

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    return make_study("values")


def record(study, what, **fields):
    return Change.objects.record(study=study, by=fields.pop("by", None), what=what, **fields)


def page_of(client, user, query=""):
    client.force_login(user)
    return client.get(f"/s/values/history/{query}").content.decode()


def test_judgement_reads_as_a_change_of_stance(study):
    change = record(study, "judgement.set", value="face", before={"stance": 0}, after={"stance": 1})
    (entry,) = in_words([change])
    assert entry.sentence == "judged"
    (move,) = entry.moves
    assert (move.name, move.before, move.after, move.is_stance) == ("face", 0, 1, True)


def test_gold_reads_as_one_move_per_value(study):
    change = record(study, "gold.set", before=None, after={"face": -1, "humility": 0})
    (entry,) = in_words([change])
    assert [(move.name, move.after, move.is_stance) for move in entry.moves] == [
        ("face", -1, True),
        ("humility", 0, True),
    ]


def test_setting_reads_as_yes_and_no(study):
    change = record(study, "study.set", before={"auto_gold": False}, after={"auto_gold": True})
    (move,) = in_words([change])[0].moves
    assert (move.name, move.before, move.after) == ("auto gold", "no", "yes")


def test_evidence_reads_as_moments_of_the_video(study):
    before, after = (
        {"evidence": []},
        {"evidence": [{"start_ms": 6000, "end_ms": None}, {"start_ms": 83_400, "end_ms": 90_000}]},
    )
    (move,) = in_words([record(study, "judgement.set", value="face", before=before, after=after)])[0].moves
    assert (move.name, move.before, move.after) == ("evidence", None, "0:06.0, 1:23.4–1:30.0")


def test_note_that_was_empty_reads_as_the_note(study):
    changes = {"before": {"note": ""}, "after": {"note": "her way"}}
    (move,) = in_words([record(study, "judgement.set", value="face", **changes)])[0].moves
    assert (move.name, move.before, move.after) == ("note", None, "her way")


def test_caption_that_changed_is_named_without_its_words(study):
    both = {"caption": None}
    (move,) = in_words([record(study, "video.updated", before=both, after=both)])[0].moves
    assert (move.name, move.before, move.after) == ("caption", None, None)


def test_unknown_change_is_shown_all_the_same(study):
    (entry,) = in_words([record(study, "comet.was_seen", after="at night")])
    assert (entry.sentence, entry.text) == ("comet was seen", "at night")


def test_every_change_that_the_code_records_has_words():
    files = Path(settings.BASE_DIR, "annotator").rglob("*.py")
    lines = [line for path in files for line in path.read_text(encoding="utf-8").splitlines()]
    named = [re.findall(r'"([a-z]+\.[a-z_-]+)"', line) for line in lines if re.search(r"\bwhat ?= ?", line)]
    recorded = {what for names in named for what in names}
    assert {"study.set", "gold.withdrawn", "judgement.set"} <= recorded
    assert recorded - set(SENTENCES) == set()
    assert {what.partition(".")[0] for what in recorded} <= set(KINDS)


def test_unbound_researcher_sees_all_and_the_sight_is_logged(client, study):
    lead = make_member(study, Role.RESEARCHER)
    coder = make_member(study, Role.ANNOTATOR)
    video = make_video(study, external_id="7654321")
    record(study, "judgement.set", by=coder, video=video, value="face", after={"stance": 1})
    page = page_of(client, lead)
    assert "7654321" in page
    assert list(Exposure.objects.values_list("user", "video", "kind")) == [(lead.pk, video.pk, "codings")]


def test_bound_researcher_sees_settings_and_own_work_but_no_labels_of_others(client, study):
    lead = make_member(study, Role.RESEARCHER, Role.ANNOTATOR)
    coder = make_member(study, Role.ANNOTATOR)
    video = make_video(study)
    hidden = [
        record(study, what, by=coder, video=video, value="face", after={"stance": 1})
        for what in ("judgement.set", "gold.set", "decision.set", "coding.set_aside", "question.asked")
    ]
    hidden.append(record(study, "labels.imported", by=coder, after={"rows": 3}))
    shown = [
        record(study, "study.set", after={"auto_gold": True}),
        record(study, "judgement.set", by=lead, video=video, value="face", after={"stance": 0}),
    ]
    assert set(changes_for(lead, study)) == set(shown)
    assert Change.objects.count() == len(hidden) + len(shown)
    page_of(client, lead)
    assert not Exposure.objects.exists()


def test_bound_researcher_sees_labels_of_own_settled_and_released_videos(study):
    lead = make_member(study, Role.RESEARCHER, Role.ANNOTATOR)
    coder = make_member(study, Role.ANNOTATOR)
    video = make_video(study, batch=make_batch(study, released_at=timezone.now()))
    make_coding(video, lead)
    Consolidation.objects.create(video=video, state="done")
    change = record(study, "judgement.set", by=coder, video=video, value="face", after={"stance": 1})
    assert list(changes_for(lead, study)) == [change]


def test_history_is_empty_for_others(study):
    record(study, "study.set", after={"auto_gold": True})
    assert not changes_for(make_member(study, Role.CONSOLIDATOR), study).exists()


def test_history_is_filtered_and_paged(client, study):
    lead = make_member(study, Role.RESEARCHER)
    video = make_video(study, external_id="7654321")
    for _ in range(60):
        record(study, "judgement.set", by=lead, video=video, value="face", after={"stance": 1})
    record(study, "member.added", after={"person": "dana", "role": "annotator"})
    page = page_of(client, lead)
    assert "dana" in page
    assert "1–50 of 61" in page
    assert "dana" not in page_of(client, lead, "?kind=judgement")
    assert "dana" in page_of(client, lead, "?kind=member")
    assert "7654321" in page_of(client, lead, "?video=7654321&page=2")
    assert "Nothing like that happened" in page_of(client, lead, "?person=nobody")
    assert "dana" in page_of(client, lead, "?kind=unheard-of&page=zzz")


def test_history_takes_the_same_queries_however_long(client, study, django_assert_max_num_queries):
    lead = make_member(study, Role.RESEARCHER)
    client.force_login(lead)
    for _ in range(30):
        record(study, "judgement.set", by=lead, video=make_video(study), after={"stance": 1})
    with django_assert_max_num_queries(12):
        client.get("/s/values/history/")
