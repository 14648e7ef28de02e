"""How many queries the main pages take: few, and as many for 30 videos in ten batches as for 6 in two.

BEGIN, COMMIT and savepoints count as well. Pages have two to spare, the coder's requests none.
Think before a number goes up.
"""

import json
import uuid
from functools import cache

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotator.actions.assignment import take_next_coding
from annotator.actions.claims import claim
from annotator.actions.codebook import builtin_codebook, freeze_codebook
from annotator.actions.comparison import compare
from annotator.actions.consolidation import finish
from annotator.actions.studies import create_study
from annotator.models import Coding, Consolidation, Decision, QueueCursor, Role
from tests.factories import make_batch, make_coding, make_member, make_video

pytestmark = pytest.mark.django_db
FEW, MANY = 6, 30
BATCH = 3

# Of each page: who opens it, and the most queries it may take.
PAGES = {
    "home": ("researcher", 8),
    "study_detail": ("researcher", 21),
    "video_list": ("researcher", 14),
    "batch_list": ("researcher", 7),
    "agreement_detail": ("researcher", 19),
    "history_list": ("researcher", 13),
    "member_list": ("researcher", 14),
    "codebook_detail": ("annotator", 7),
    "coding_list": ("annotator", 11),
    "difference_list": ("annotator", 11),
    "consolidation_list": ("consolidator", 14),
}


@cache
def codebook():
    """The built-in codebook, read once."""
    return builtin_codebook()


class World:
    """A study in which each third video is gold, waits for a consolidator, or is free."""

    def __init__(self, n_videos: int) -> None:
        self.study = create_study(slug=f"study-{n_videos}", name="A study", codebook=codebook())
        freeze_codebook(codebook=self.study.codebook, because="the first judgement")
        self.people = {role.value: make_member(self.study, role) for role in Role}
        self.second = make_member(self.study, Role.ANNOTATOR)
        batch = None
        for place in range(n_videos):
            if place % BATCH == 0:
                batch = make_batch(self.study)
                # Before all positions: going round to the batch's start would cost a query more.
                QueueCursor.objects.create(batch=batch, user=self.people["annotator"], position=0)
            video = make_video(self.study, batch=batch, creator=f"creator{place}")
            if place % 3 < 2:
                self._code(video, is_gold=place % 3 == 0)

    def _code(self, video, *, is_gold):
        make_coding(video, self.people["annotator"], {"face": 1})
        make_coding(video, self.second, {"face": -1})
        compare(video=video)
        if is_gold:
            consolidation = self.claimed(video)
            Decision.objects.update_or_create(
                consolidation=consolidation,
                value=self.study.codebook.values.get(slug="face"),
                defaults={"stance": 0},
            )
            finish(consolidation=consolidation, by=self.people["consolidator"])

    def claimed(self, video) -> Consolidation:
        return claim(video=video, by=self.people["consolidator"])

    def client(self, role: str) -> Client:
        client = Client()
        client.force_login(self.people[role])
        return client

    def url(self, name: str, *args: object) -> str:
        space = "evaluation" if name.startswith("agreement") else "annotator"
        return reverse(f"{space}:{name}", args=() if name == "home" else (self.study.slug, *args))

    def taken(self) -> Coding:
        coding = take_next_coding(study=self.study, coder=self.people["annotator"])
        assert coding is not None
        return coding


def post(client, address, **body):
    return client.post(
        address,
        json.dumps({"mutation": str(uuid.uuid4()), **body}),
        content_type="application/json",
        headers={"Accept": "application/json"},
    )


def queries(request, *, status=200) -> int:
    """How many queries a request takes."""
    with CaptureQueriesContext(connection) as captured:
        answer = request()
    assert answer.status_code == status, answer.content[:500]
    return len(captured)


def assert_same(count, *, most):
    """As many queries in a small study as in a large one, and no more than these."""
    few, many = count(World(FEW)), count(World(MANY))
    assert many == few
    assert many <= most


def get(world, role, name, *args, status=200) -> int:
    """How many queries a page takes."""
    client = world.client(role)
    return queries(lambda: client.get(world.url(name, *args), {"all": "1"}), status=status)


@pytest.mark.parametrize("name", PAGES)
def test_page_takes_as_many_queries_in_a_large_study(name):
    role, most = PAGES[name]
    assert_same(lambda world: get(world, role, name), most=most)


@pytest.mark.parametrize(("role", "most"), [("annotator", 16), ("consolidator", 14)])
def test_dashboard_takes_as_many_queries_in_a_large_study(role, most):
    assert_same(lambda world: get(world, role, "study_detail"), most=most)


def test_coding_next_takes_as_many_queries_in_a_large_study():
    assert_same(lambda world: get(world, "annotator", "coding_next", status=302), most=20)


def test_coding_peek_takes_as_many_queries_in_a_large_study():
    def count(world):
        world.taken()
        return get(world, "annotator", "coding_peek")

    assert_same(count, most=11)


def test_coding_edit_takes_as_many_queries_in_a_large_study():
    assert_same(lambda world: get(world, "annotator", "coding_edit", world.taken().pk), most=8)


def test_coding_save_takes_as_many_queries_in_a_large_study():
    def count(world):
        coding, client = world.taken(), world.client("annotator")
        change = {"key": "face", "base": 0, "stance": 1}
        return queries(lambda: post(client, world.url("coding_save", coding.pk), changes=[change]))

    assert_same(count, most=14)


def test_coding_submit_takes_as_many_queries_in_a_large_study():
    def count(world):
        coding, client = world.taken(), world.client("annotator")
        coding.judgements.update(stance=0)
        return queries(lambda: post(client, world.url("coding_submit", coding.pk), acknowledged=[]))

    assert_same(count, most=27)


def test_consolidation_edit_takes_as_many_queries_in_a_large_study():
    def count(world):
        waiting = world.study.videos.filter(comparison__isnull=False, consolidation__isnull=True)
        return get(world, "consolidator", "consolidation_edit", world.claimed(waiting.first()).pk)

    assert_same(count, most=19)
