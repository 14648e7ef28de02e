"""Whole runs through the real clients, against servers that fail at will: complete, and each item once."""

import base64
import json
import re
from collections import Counter

import pytest
from django.core.files.base import ContentFile

from models_app.actions.runs import retry_failed, start_run
from models_app.clients.gemini import GeminiClient
from models_app.clients.openai_compatible import OpenAiCompatible
from models_app.engine import asking as engine_asking
from models_app.engine import crew, gate
from models_app.engine.slices import work_slice
from models_app.models import Exchange, ItemState, Prediction, RunState
from models_app.registry import pipeline_of
from tests.factories import make_study, make_video
from tests.loopback import gemini_answers as said
from tests.loopback import openai
from tests.loopback.gemini import GeminiServer, file_uris_of, parts_of, told
from tests.loopback.openai import OpenAiServer
from tests.loopback.server import EVERY_FAULT, Fault
from tests.models_app.fakes import MODEL, asking, study_with_scripts

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
VALUES = ("face", "humility")
KEY = "a-key-of-tests"


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(engine_asking, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(engine_asking, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(crew, "WATCH_SECONDS", 0.05)
    monkeypatch.setattr(gate, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(gate, "_gates", {})


def judging(reason):
    """An answer whose reasons say what was judged, so that none can be taken for that about another."""
    values = {slug: {"reason": reason, "stance": "endorsed", "second": None} for slug in VALUES}
    return json.dumps({"values": values, "has_sound": True})


def about_script(call):
    """The script's number, wherever in the conversation it is."""
    number = re.search(r"Script number (\d+)\.", json.dumps(call.json["messages"]))
    return judging(f"Of script {number[1]}.")


class Watching(GeminiServer):
    """Says what is in the clip that it was sent, with the request or as a file."""

    def __init__(self, **options):
        super().__init__(say=self.about_clip, **options)

    def about_clip(self, call):
        body = told(call)
        files = ["files/" + uri.rpartition("/")[2] for uri in file_uris_of(body)]
        inline = [part["inlineData"]["data"] for part in parts_of(body) if "inlineData" in part]
        (clip,) = [self._contents[name] for name in files] + [base64.b64decode(data) for data in inline]
        return judging(f"Of {clip.decode().strip()}.")


def work(run, client, **options):
    """A slice: it goes on until the run has ended, as no other run wants the worker."""
    work_slice(run.pk, pipeline_of=pipeline_of, client_of=asking(client), worker="test", **options)
    run.refresh_from_db()


def assert_each_once(run, n_items):
    """Complete: every item done, its answers stored once, and what was asked about it paid once."""
    assert (run.state, run.paused_because) == (RunState.FINISHED, "")
    assert Counter(run.items.values_list("state", flat=True)) == {ItemState.DONE: n_items}
    stored = Counter(Prediction.objects.filter(run=run).values_list("video", "value__slug"))
    videos = set(run.items.values_list("key", flat=True))
    assert stored == Counter({(video, slug): 1 for video in videos for slug in VALUES})
    found = Exchange.objects.filter(run=run, key__isnull=False, source=None)
    paid = Counter(found.filter(turn=0).values_list("video", flat=True))
    assert paid == Counter(dict.fromkeys(videos, 1))


def assert_nothing_mixed_up(run, reason):
    """Every answer is about its own video: they were numbered in the order of their keys."""
    numbers = {video: n for n, video in enumerate(run.items.order_by("key").values_list("key", flat=True))}
    for video, said_of_it in Prediction.objects.filter(run=run).values_list("video", "reason"):
        assert said_of_it == reason.format(numbers[video])


def test_run_over_885_scripts_in_a_storm_ends_complete(monkeypatch):
    study = study_with_scripts(885, text="Script number %d.", slugs=VALUES)
    with OpenAiServer(say=about_script, key=KEY) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        server.storm(0.1)
        settings = {"client": "openai", "model": MODEL, "in_flight": 16}
        run = start_run(study=study, pipeline="llm-from-script", settings=settings)
        client = OpenAiCompatible()
        try:
            work(run, client)
        finally:
            client.close()
    assert_each_once(run, 885)
    assert set(server.struck) == {fault.name for fault in EVERY_FAULT}
    assert Exchange.objects.filter(run=run).count() == 885
    # Each question was asked until it was answered, and not once more; what was slow came, too.
    n_faults = sum(server.struck.values()) - server.struck["slow"]
    assert server.n_questions == 885 + n_faults
    assert_nothing_mixed_up(run, "Of script {}.")


def test_answers_that_are_none_are_asked_for_again_and_no_item_is_lost(monkeypatch):
    answers = (openai.wrong_schema(), openai.no_choices(), openai.completion(""))
    study = study_with_scripts(60, text="Script number %d.", slugs=VALUES)
    with OpenAiServer(say=about_script) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        for answer in answers * 4:  # far enough apart that no question meets two
            server.queue(Fault.body(answer), *[None] * 4)
        server.queue(Fault.body(openai.cut_answer()), Fault.body(openai.filtered_answer()))
        settings = {"client": "openai", "model": MODEL, "in_flight": 4}
        run = start_run(study=study, pipeline="llm-from-script", settings=settings)
        client = OpenAiCompatible()
        try:
            work(run, client)
            # An answer that is too long would be so again, and a filter stays: for people to decide.
            assert Counter(run.items.values_list("state", flat=True)) == {
                "done": 58,
                "failed": 1,
                "blocked": 1,
            }
            n_before = server.n_questions
            assert retry_failed(run=run, by=None) == 2
            work(run, client)
        finally:
            client.close()
    assert server.struck["body"] == 14
    assert server.n_questions == n_before + 2
    assert_each_once(run, 60)
    assert_nothing_mixed_up(run, "Of script {}.")


def test_answers_slower_than_the_longest_wait_are_asked_for_again(monkeypatch):
    study = study_with_scripts(8, text="Script number %d.", slugs=VALUES)
    with OpenAiServer(say=about_script) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        server.queue(None, Fault.slow(6), None, Fault.slow(6))
        settings = {"client": "openai", "model": MODEL, "in_flight": 8, "timeout": 5}
        run = start_run(study=study, pipeline="llm-from-script", settings=settings)
        client = OpenAiCompatible()
        try:
            work(run, client)
        finally:
            client.close()
    assert server.struck["slow"] == 2
    assert server.n_questions == 8 + 2
    assert_each_once(run, 8)
    assert_nothing_mixed_up(run, "Of script {}.")


def test_run_over_clips_in_a_storm_ends_complete(monkeypatch):
    study = make_study(slugs=VALUES)
    for n in range(60):
        size = 1000 if n % 3 else 10  # every third one goes with its request
        video = make_video(study, slots=False, duration_ms=2000)
        video.media.save(f"{n}.mp4", ContentFile(f"clip {n}".encode().ljust(size)))
    with Watching(key=KEY) as server:
        monkeypatch.setenv("GEMINI_BASE_URL", server.url)
        monkeypatch.setenv("GEMINI_API_KEY", KEY)
        server.processing = 1
        server.storm(0.1)
        for answer in (said.limited(delay="0s"), said.limited(), said.no_candidates(), said.wrong_schema()):
            server.queue(*[None] * 8, Fault.body(answer))
        server.queue(Fault.status(503), Fault.limited(), at="/upload")
        server.queue(*[None] * 9, Fault.cut(), at="/arriving")
        server.queue(*[None] * 5, Fault.status(500), at="/files/")
        settings = {"client": "gemini", "model": "gemini-2.5-flash", "in_flight": 8}
        run = start_run(study=study, pipeline="llm-direct", settings=settings)
        client = GeminiClient(inline_bytes=100, poll_seconds=0.01)
        expired = []

        def expire():
            if not expired and server.n_answered > 20:
                expired.append(len(server.files))
                server.expire()

        try:
            work(run, client, after_each=expire)
        finally:
            client.close()
    assert expired
    assert server.struck["body"] == 4
    assert_each_once(run, 60)
    assert_nothing_mixed_up(run, "Of clip {}.")
