"""Pipelines that do next to nothing, and rows for them."""

import numpy as np

from models_app.pipelines.base import Prediction, ScriptDraft, Segment, SegmentKind
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


def giving(pipeline):
    """What the registry would be with this pipeline alone."""
    return lambda name, settings: pipeline


def study_with_scripts(n=3, **fields):
    """A study of n videos with a script each."""
    study = make_study(**fields)
    for _i in range(n):
        make_script(make_video(study, slots=False), "A script.", model="writer")
    return study
