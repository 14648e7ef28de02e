"""Coders see where they differed from gold: only released, only their own, never the other coder."""

import pytest
from django.urls import reverse
from django.utils import timezone

from annotator.actions.claims import claim
from annotator.actions.consolidation import finish
from annotator.models import Batch, Decision, Exposure, Role, Seen
from annotator.queries.differences import differences_in
from tests.factories import make_batch, make_coding, make_member, make_study, make_user, make_video


@pytest.fixture
def study(db):
    return make_study(slugs=["face", "humility", "tradition"])


@pytest.fixture
def ann(study):
    return make_member(study, Role.ANNOTATOR, user=make_user("ann"))


@pytest.fixture
def settled(study, ann):
    """Makes a video that ann and another coded and somebody settled."""
    by = make_member(study, Role.CONSOLIDATOR)

    def make(mine, theirs, decided, *, batch=None, reason=""):
        video = make_video(study, batch=batch)
        make_coding(video, ann, mine)
        make_coding(video, make_user(), theirs)
        consolidation = claim(video=video, by=by)
        for slug, stance in decided.items():
            Decision.objects.create(
                consolidation=consolidation,
                value=study.codebook.values.get(slug=slug),
                stance=stance,
                reason=reason,
                reason_tags=["keyword"],
            )
        finish(consolidation=consolidation, by=by)
        return video

    return make


def release(study):
    Batch.objects.filter(study=study).update(released_at=timezone.now())


def see(client, study, user):
    client.force_login(user)
    return client.get(reverse("annotator:difference_list", args=[study.slug])).content.decode()


def test_nothing_shows_before_the_batch_is_released(client, study, settled, ann):
    video = settled({"face": 1}, {"face": -1}, {"face": -1}, reason="look again")
    html = see(client, study, ann)
    assert "Nothing to see yet" in html
    assert "look again" not in html
    assert video.external_id not in html
    assert not Exposure.objects.filter(user=ann).exists()


def test_released_batch_shows_mine_gold_and_the_reason(client, study, settled, ann):
    settled({"face": 1}, {"face": -1}, {"face": 0}, reason="look again")
    release(study)
    html = see(client, study, ann)
    assert "look again" in html
    assert "Coded by keyword" in html
    assert "1 of 1 (100 %)" in html


def test_the_other_coders_stance_is_not_shown(client, study, settled, ann):
    settled({"face": 1}, {"face": -1}, {"face": 0})
    release(study)
    assert 'data-stance="-1"' not in see(client, study, ann)


def test_seeing_differences_marks_the_batch_as_seen(client, study, settled, ann):
    settled({"face": 1}, {"face": -1}, {"face": 1})
    release(study)
    assert not Exposure.objects.exists()
    see(client, study, ann)
    exposure = Exposure.objects.get(user=ann)
    assert exposure.kind == Seen.GOLD


def test_summary_counts_directions_over_agreed_and_changed_values(study, settled, ann):
    settled({"face": 1}, {"face": -1}, {"face": 0})
    settled({"face": 1}, {"face": 0}, {"face": 0})
    settled({"face": 1}, {"face": 1}, {})
    settled({}, {}, {"humility": 1})
    release(study)
    found = differences_in(batch=study.batches.get(), user=ann, study=study)
    assert (found.n_videos, found.n_labels, found.n_differing) == (4, 12, 3)
    first = found.values[0]
    assert (first.value.slug, first.n, first.n_differing, first.percent) == ("face", 4, 2, 50)
    assert first.directions == {(1, 0): 2}
    assert found.values[1].directions == {(0, 1): 1}


def test_a_video_that_was_opened_again_is_not_shown(client, study, settled, ann):
    video = settled({"face": 1}, {"face": -1}, {"face": 0}, reason="look again")
    release(study)
    video.consolidation.state = "reopened"
    video.consolidation.save()
    assert "look again" not in see(client, study, ann)


def test_somebody_elses_videos_are_not_shown(client, study, settled):
    settled({"face": 1}, {"face": -1}, {"face": 0}, reason="look again")
    release(study)
    assert "Nothing to see yet" in see(client, study, make_member(study, Role.ANNOTATOR))


def test_page_takes_the_same_queries_for_many_videos(
    client, study, settled, ann, django_assert_max_num_queries
):
    other = make_batch(study)
    for _n in range(15):
        settled({"face": 1}, {"face": -1}, {"face": 0})
        settled({"face": 1}, {"face": -1}, {"face": 0}, batch=other)
    release(study)
    client.force_login(ann)
    with django_assert_max_num_queries(30):
        response = client.get(reverse("annotator:difference_list", args=[study.slug]), {"batch": other.pk})
    assert f"differ in {other}" in response.content.decode()
