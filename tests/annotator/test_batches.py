"""Batches and their pages."""

import pytest
from django.urls import reverse
from django.utils import timezone

from annotator.actions.batches import BatchError, edit_batch, fill_batch, release_batch, split_into_batches
from annotator.models import Batch, Change, Purpose, Role, Slot, Video
from tests.factories import make_batch, make_coding, make_member, make_study, make_video

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    return make_study("s")


@pytest.fixture
def researcher(client, study):
    user = make_member(study, Role.RESEARCHER)
    client.force_login(user)
    return user


def loose_videos(study, n):
    """Videos that are in no batch."""
    return [Video.objects.create(study=study, external_id=f"v{i}") for i in range(n)]


def address(name, *args):
    return reverse(f"annotator:{name}", args=["s", *args])


def test_split_into_batches_deals_out_every_loose_video(study):
    loose_videos(study, 7)
    batches = split_into_batches(study=study, size=3, prefix="Week", purpose=Purpose.MAIN, by=None)
    assert [(batch.name, batch.videos.count()) for batch in batches] == [
        ("Week 1", 3),
        ("Week 2", 3),
        ("Week 3", 1),
    ]
    assert Slot.objects.count() == 14


def test_fill_batch_leaves_a_video_that_is_being_coded_where_it_is(study):
    video = make_video(study, batch=make_batch(study))
    make_coding(video, make_member(study, Role.ANNOTATOR), submitted=False)
    other = make_batch(study)
    with pytest.raises(BatchError, match=video.external_id):
        fill_batch(batch=other, videos=[video])
    assert other.videos.count() == 0


def test_fill_batch_moves_the_slots_along(study):
    video = make_video(study, batch=make_batch(study))
    other = make_batch(study)
    assert fill_batch(batch=other, videos=[video]) == 1
    assert set(video.slots.values_list("batch", flat=True)) == {other.pk}


def test_edit_batch_fixes_the_purpose_once_coding_has_begun(study, researcher):
    batch = make_batch(study)
    make_coding(make_video(study, batch=batch), make_member(study, Role.ANNOTATOR))
    with pytest.raises(BatchError, match="fixed"):
        edit_batch(batch=batch, by=researcher, purpose=Purpose.PILOT)
    assert edit_batch(batch=batch, by=researcher, name="Renamed").name == "Renamed"
    assert Change.objects.get(what="batch.edited").after == {"name": "Renamed"}


def test_release_batch_happens_once(study, researcher):
    batch = make_batch(study)
    release_batch(batch=batch, by=researcher)
    released_at = Batch.objects.get().released_at
    release_batch(batch=batch, by=researcher)
    assert Batch.objects.get().released_at == released_at
    assert Change.objects.filter(what="batch.released").count() == 1


def test_batch_list_names_batches_and_loose_videos(client, study, researcher):
    make_video(study, batch=make_batch(study, "Week 1"))
    loose_videos(study, 2)
    page = client.get(address("batch_list")).content.decode()
    assert "Week 1" in page
    assert "2 videos are in no batch" in page


def test_batch_list_of_an_empty_study_says_what_to_do(client, study, researcher):
    assert "Import videos" in client.get(address("batch_list")).content.decode()


def test_batch_create_refuses_a_name_twice(client, study, researcher):
    make_batch(study, "Week 1")
    response = client.post(address("batch_create"), {"name": "Week 1", "purpose": "main"})
    assert "already has a batch" in response.content.decode()
    assert Batch.objects.count() == 1


def test_batch_detail_shows_every_state_of_a_place(client, study, researcher):
    batch = make_batch(study)
    coders = [make_member(study, Role.ANNOTATOR) for _ in range(2)]
    video = make_video(study, batch=batch)
    make_coding(video, coders[0])
    make_coding(video, coders[1], submitted=False, parked_at=timezone.now())
    make_video(study, batch=batch)
    page = client.get(address("batch_detail", batch.pk)).content.decode()
    for text in ("submitted", "parked", "free", coders[0].username):
        assert text in page


def test_batch_detail_takes_the_same_queries_for_more_videos(
    client, study, researcher, django_assert_max_num_queries
):
    batch = make_batch(study)
    for _ in range(30):
        make_video(study, batch=batch, creator="someone")
    with django_assert_max_num_queries(15):
        client.get(address("batch_detail", batch.pk))


def test_slot_assign_keeps_the_video_and_says_so(client, study, researcher):
    video, coder = make_video(study), make_member(study, Role.ANNOTATOR)
    response = client.post(address("slot_assign", video.pk), {"coder": coder.pk}, follow=True)
    assert "is kept for" in response.content.decode()
    assert video.slots.filter(reserved_for=coder).exists()


def test_slot_assign_refuses_somebody_who_is_no_annotator(client, study, researcher):
    video = make_video(study)
    client.post(address("slot_assign", video.pk), {"coder": researcher.pk})
    assert not video.slots.filter(reserved_for__isnull=False).exists()


def test_slot_reassign_frees_the_place(client, study, researcher):
    coding = make_coding(make_video(study), make_member(study, Role.ANNOTATOR), submitted=False)
    client.post(address("slot_reassign", coding.slot_id), {"coder": ""})
    assert Slot.objects.get(pk=coding.slot_id).is_open


def test_batch_release_asks_first(client, study, researcher):
    batch = make_batch(study)
    client.get(address("batch_release", batch.pk))
    assert Batch.objects.get().released_at is None
    client.post(address("batch_release", batch.pk))
    assert Batch.objects.get().released_at is not None


def test_batches_of_another_study_are_not_found(client, study, researcher):
    foreign = make_batch(make_study())
    assert client.get(address("batch_detail", foreign.pk)).status_code == 404
