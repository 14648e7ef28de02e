"""Locks: taken in one way everywhere, and never in each other's way where they need not be."""

import threading
from pathlib import Path

import pytest
from django.db import connection, transaction

from annotator.actions.assignment import reassign_slot, take_next_coding
from annotator.actions.claims import claim, lock_video
from annotator.locks import locked
from annotator.models import Change, Coding, Consolidation, Role
from tests.factories import make_coding, make_member, make_study, make_video

APP = Path(__file__).resolve().parent.parent.parent
LIMIT = 20  # seconds


def test_rows_are_locked_in_one_way():
    code = [path for app in ("annotator", "models_app", "evaluation") for path in (APP / app).rglob("*.py")]
    own_ways = [str(path.relative_to(APP)) for path in code if "select_for_update" in path.read_text("utf-8")]
    assert own_ways == ["annotator/locks.py"]


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_a_claim_and_a_line_of_history_do_not_wait_for_each_other_in_a_circle():
    """A claim locks video, then consolidation; a decision locks the consolidation, then names the video."""
    if connection.vendor != "postgresql":
        pytest.skip("rows are locked one by one on PostgreSQL only")
    study = make_study(slugs=["face"])
    video = make_video(study)
    for stance in (1, -1):
        make_coding(video, make_member(study, Role.ANNOTATOR), {"face": stance})
    consolidator = make_member(study, Role.CONSOLIDATOR)
    pk = claim(video=video, by=consolidator).pk
    video_is_locked, history_is_written = threading.Event(), threading.Event()
    waited = []

    def claim_again():
        try:
            with transaction.atomic():
                lock_video(video)
                video_is_locked.set()
                waited.append(history_is_written.wait(LIMIT))
                locked(Consolidation.objects.all()).get(pk=pk)
        finally:
            connection.close()

    other = threading.Thread(target=claim_again)
    with transaction.atomic():
        locked(Consolidation.objects.all()).get(pk=pk)
        other.start()
        assert video_is_locked.wait(LIMIT)
        Change.objects.record(study=study, by=consolidator, what="decision.set", video=video)
        history_is_written.set()
    other.join(LIMIT)
    assert waited == [True]
    assert not other.is_alive()


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_a_slot_is_not_taken_from_a_coding_that_is_being_submitted():
    if connection.vendor != "postgresql":
        pytest.skip("rows are locked one by one on PostgreSQL only")
    study = make_study(slugs=["face"])
    coder, researcher = make_member(study, Role.ANNOTATOR), make_member(study, Role.RESEARCHER)
    make_video(study)
    coding = take_next_coding(study=study, coder=coder)
    refused = []

    def reassign():
        try:
            reassign_slot(slot=coding.slot, to=None, by=researcher)
        except ValueError as exc:
            refused.append(str(exc))
        finally:
            connection.close()

    other = threading.Thread(target=reassign)
    with transaction.atomic():
        lock_video(coding.video)
        Coding.objects.filter(pk=coding.pk).update(submitted_at=coding.started_at)
        other.start()
        other.join(1)  # by now it waits for the video
    other.join(LIMIT)
    coding.refresh_from_db()
    assert coding.slot is not None
    assert len(refused) == 1
