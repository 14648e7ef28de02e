"""Several consolidators at once: one claims, the others are told."""

import threading

import pytest
from django.db import connection

from annotator.actions.claims import NotClaimableError, claim, claim_next
from annotator.actions.comparison import compare
from annotator.models import Change, Consolidation, Role
from tests.factories import make_coding, make_member, make_study, make_user, make_video

PEOPLE = 6


def at_once(act, people):
    """Run ``act(person)`` for all of them at the same moment; what each returned or raised."""
    results, start = [], threading.Barrier(len(people))

    def work(person):
        try:
            start.wait()
            results.append(act(person))
        except Exception as exc:  # noqa: BLE001  (looked at by the caller)
            results.append(exc)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def make_ready(study, n):
    coders = [make_user(), make_user()]
    for position in range(n):
        video = make_video(study, position=position)
        for coder in coders:
            make_coding(video, coder, {"face": position % 2})
        compare(video=video)


@pytest.mark.django_db(transaction=True)
def test_of_many_clients_one_claims_a_video():
    study = make_study(slugs=["face"])
    make_ready(study, 1)
    people = [make_member(study, Role.CONSOLIDATOR) for _n in range(PEOPLE)]
    video = study.videos.get()
    results = at_once(lambda person: claim(video=video, by=person), people)
    claimed = [result for result in results if isinstance(result, Consolidation)]
    assert len(claimed) == 1
    assert sum(isinstance(result, NotClaimableError) for result in results) == PEOPLE - 1
    assert Consolidation.objects.get().claimed_by == claimed[0].claimed_by
    assert Change.objects.filter(what="consolidation.claimed").count() == 1


@pytest.mark.django_db(transaction=True)
def test_many_clients_asking_for_the_next_get_different_videos():
    study = make_study(slugs=["face"])
    make_ready(study, PEOPLE)
    people = [make_member(study, Role.CONSOLIDATOR) for _n in range(PEOPLE)]
    results = at_once(lambda person: claim_next(study=study, by=person), people)
    assert all(isinstance(result, Consolidation) for result in results), results
    assert len({result.video_id for result in results}) == PEOPLE
