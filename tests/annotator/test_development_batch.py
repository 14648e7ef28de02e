"""The batch that prompts are tried on: found, or drawn by chance from what nobody has begun."""

import pytest

from annotator.actions.assignment import open_slots, take_next_coding
from annotator.actions.batches import (
    BatchError,
    create_batch,
    development_batch,
    edit_batch,
    fill_batch,
    n_for_development,
    split_into_batches,
    untouched_videos,
)
from annotator.actions.videos import batch_for
from annotator.models import Change, Purpose, Role, Slot, Video
from annotator.queries.work import work_of
from tests.factories import make_batch, make_coding, make_member, make_study, make_user, make_video

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    return make_study("s", slugs=["face"])


def loose(study, n):
    return Video.objects.bulk_create(Video(study=study, external_id=f"v{i}") for i in range(n))


def everything(study):
    return Video.objects.filter(study=study)


def test_a_development_batch_is_drawn_from_videos_in_no_batch_and_logged(study):
    main = make_video(study)
    loose(study, 50)
    by = make_member(study, Role.RESEARCHER)
    batch = development_batch(study=study, among=everything(study), by=by)
    assert (batch.purpose, batch.is_open, batch.videos.count()) == (Purpose.DEVELOPMENT, False, 20)
    assert not batch.videos.filter(pk=main.pk).exists()
    assert Change.objects.filter(study=study, by=by, what="batch.created").exists()
    filled = Change.objects.get(study=study, by=by, what="batch.filled")
    assert len(filled.after["videos"]) == 20


def test_a_development_batch_that_is_there_is_used(study):
    batch = make_batch(study, "Tune", purpose=Purpose.DEVELOPMENT)
    make_video(study, batch=batch)
    loose(study, 50)
    assert development_batch(study=study, among=everything(study)) == batch
    assert study.batches.count() == 1


def test_a_development_batch_without_what_the_pipeline_reads_is_not_used(study):
    make_video(study, batch=make_batch(study, "Development", purpose=Purpose.DEVELOPMENT))
    Video.objects.filter(pk__in=[video.pk for video in loose(study, 20)]).update(media="a.mp4")
    batch = development_batch(study=study, among=everything(study).exclude(media=""))
    assert batch.name == "Development 2"
    assert batch.videos.filter(media="").count() == 0


def test_videos_that_somebody_has_begun_or_that_have_gold_are_left_where_they_are(study):
    main = make_batch(study)
    free = [make_video(study, batch=main) for _n in range(6)]
    make_coding(make_video(study, batch=main), make_user(), submitted=False)
    kept = make_video(study, batch=main)
    Slot.objects.filter(video=kept).update(reserved_for=make_user())
    make_video(study, batch=make_batch(study, purpose=Purpose.CHECK))
    make_video(study, batch=main, withdrawn_at="2026-01-01T00:00Z")
    assert set(untouched_videos(everything(study))) == set(free)
    batch = development_batch(study=study, among=everything(study))
    assert set(batch.videos.all()) <= set(free)
    assert batch.videos.count() == 5


def test_too_few_untouched_videos_are_said_and_change_nothing(study):
    for _n in range(4):
        make_video(study)
    with pytest.raises(BatchError, match=r"at least 5 .* there are 4"):
        development_batch(study=study, among=everything(study))
    assert not study.batches.filter(purpose=Purpose.DEVELOPMENT).exists()


# --- No work for coders -------------------------------------------------------------------


def created(study):
    batch = create_batch(study=study, name="Tune", purpose=Purpose.DEVELOPMENT)
    fill_batch(batch=batch, videos=loose(study, 3))


def dealt(study):
    loose(study, 3)
    split_into_batches(study=study, size=2, prefix="Tune", purpose=Purpose.DEVELOPMENT, by=None)


def imported_into(study):
    create_batch(study=study, name="Tune", purpose=Purpose.DEVELOPMENT)
    open_slots(videos=loose(study, 3), batch=batch_for(study=study, name="Tune"))


def changed(study):
    batch = create_batch(study=study, name="Tune")
    fill_batch(batch=batch, videos=loose(study, 3))
    edit_batch(batch=batch, by=None, name="Tune", order=1, purpose=Purpose.DEVELOPMENT, is_open=True)


@pytest.mark.parametrize("make", [created, dealt, imported_into, changed])
def test_a_development_batch_offers_no_video_however_it_was_made(study, make):
    coder = make_member(study, Role.ANNOTATOR)
    make(study)
    assert study.batches.filter(purpose=Purpose.DEVELOPMENT, videos__isnull=False).exists()
    assert take_next_coding(study=study, coder=coder) is None
    (work,) = work_of(coder)
    assert not work.can_code


def test_a_development_batch_is_coded_where_somebody_opens_it(study):
    coder = make_member(study, Role.ANNOTATOR)
    created(study)
    batch = study.batches.get()
    edit_batch(batch=batch, by=None, name="Tune", order=1, purpose=Purpose.DEVELOPMENT, is_open=True)
    assert take_next_coding(study=study, coder=coder).video.batch == batch


@pytest.mark.parametrize(("free", "taken"), [(0, 0), (4, 0), (5, 5), (12, 6), (30, 15), (40, 20), (900, 20)])
def test_never_more_than_half_of_what_is_free_is_taken_unless_it_is_little(free, taken):
    assert n_for_development(free) == taken
