"""Pipelines that do next to nothing, and rows for them."""

import hashlib
import threading

import numpy as np

from models_app.clients.base import ClientName, Reply, Request, Text, Usage
from models_app.pipelines.base import (
    LlmAnswer,
    Prediction,
    Question,
    ScriptDraft,
    Segment,
    SegmentKind,
    Step,
)
from tests.factories import make_study, make_video
from tests.run_factories import make_script


class FakeJudge:
    """Endorses every value; what it does first is up to the test."""

    def __init__(self, first=lambda script, beat: None):
        self.first = first
        self.judged = []

    def judge(self, script, *, values, beat):
        self.judged.append(script.video_id)
        self.first(script, beat)
        return [Prediction(script.video_id, value, True, False, 0.75, 0.25) for value in values]


class FakeMaker:
    """Makes a script of the file's size."""

    def make(self, video, *, beat):
        beat(0.5)
        text = f"{video.path.stat().st_size} bytes"
        return ScriptDraft(text, (Segment(SegmentKind.ACTION, text, 0, 1000),), {"sound": "silent"})


class FakeLearner:
    """Predicts what the gold of the other folds says most often."""

    def __init__(self):
        self.data = []

    def fit_predict(self, data, *, fold, seed, beat):
        self.data.append(data)
        rest = [e.gold for e in data.examples if e.fold != fold and e.gold is not None]
        share = np.mean([[stance == 1 for stance in gold] for gold in rest], axis=0)
        return [
            Prediction(e.video_id, value, bool(p >= 0.5), False, float(p), 0.0, fold)
            for e in data.examples
            if e.fold == fold
            for value, p in zip(data.values, share, strict=True)
        ]


class FakeClient:
    """Answers at once; `answer` takes the request and gives a reply, or raises."""

    name = ClientName.OPENAI

    def __init__(self, answer=None):
        self.answer = answer or (lambda request: an_answer())
        self.asked = []
        self.is_closed = False
        self.in_flight = self.most_in_flight = 0
        self._lock = threading.Lock()

    def ask(self, request: Request, *, timeout: float) -> Reply:
        with self._lock:
            self.asked.append(request)
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            return self.answer(request)
        finally:
            with self._lock:
                self.in_flight -= 1

    def close(self) -> None:
        self.is_closed = True


class FakeLlm:
    """Asks once about each script and endorses every value if it is answered; `then` sees the reply."""

    def __init__(self, then=lambda reply, item: None, **request):
        self.then = then
        self.request = {"model": MODEL, "system": "Judge.", **request}
        self.replicate = 0

    def question(self, item):
        return Question(
            step=Step.VALUES,
            client=ClientName.OPENAI,
            request=Request(parts=(Text(item.script.text),), **self.request),
            subject=hashlib.sha256(item.script.text.encode()).hexdigest(),
            replicate=self.replicate,
        )

    def work(self, item, *, briefing, ask, beat):
        beat(0.1)
        reply = ask(self.question(item))
        self.then(reply, item)
        said = tuple(
            Prediction(item.video_id, value, True, False, reason=reply.text, evidence_ms=1000)
            for value in briefing.values
        )
        return LlmAnswer(predictions=said, facts={"has_sound": True})


MODEL = "gpt-4o-mini"  # 0.15 and 0.60 for a million tokens


def an_answer(text="yes", *, n_input=1000, n_output=100):
    """A reply of so many tokens."""
    return Reply(text, usage=Usage(n_input, n_output), model="gpt-4o-mini-2024-07-18")


def asking(client):
    """What the registry's client_of would be with this client alone."""
    return lambda name: client


def giving(pipeline):
    """What the registry would be with this pipeline alone."""
    return lambda name, settings: pipeline


def study_with_scripts(n=3, *, text="A script.", **fields):
    """A study of n videos with a script each; %d in the text is the video's number."""
    study = make_study(**fields)
    for i in range(n):
        said = text % i if "%d" in text else text
        make_script(make_video(study, slots=False), said, model="writer")
    return study
