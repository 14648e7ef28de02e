"""One video in one run, for whoever debugs a prompt: what was asked and answered, what was read of it."""

import json
import re
from dataclasses import dataclass
from typing import Any

from annotator.blindness import sees_every_model, unblinded_videos, videos_with_models_shown
from annotator.models import User, Value, Video
from models_app.models import (
    Exchange,
    ExchangeState,
    ItemKind,
    Prediction,
    PromptStep,
    Run,
    RunItem,
    RunShot,
    RunVideo,
    Script,
)
from models_app.queries.answers import Answer

FENCED = re.compile(r"^\s*```[a-zA-Z]*\s*\n(.*?)\n?\s*```\s*$", re.DOTALL)
LONGEST_JSON = 200_000  # characters that are set out anew; what is longer stays as it came


@dataclass(frozen=True, slots=True)
class ExchangeLine:
    """One request and its answer."""

    exchange: Exchange
    message: str
    is_message_kept: bool  # it holds gold that is kept from the reader
    answer_json: str  # set out for reading; empty where the answer is no JSON, or already looks like that

    @property
    def is_reused(self) -> bool:
        """Whether it was answered and paid in another run."""
        exchange = self.exchange
        is_unpaid = exchange.cost == 0 and exchange.seconds is None and exchange.n_input is None
        return is_unpaid and exchange.state != ExchangeState.PENDING


@dataclass(frozen=True, slots=True)
class StanceLine:
    """What was read of one value."""

    value: Value
    answer: Answer
    reason: str
    evidence_ms: int | None


@dataclass(frozen=True, slots=True)
class ItemDetail:
    """One video of a run's scope."""

    item: RunItem | None  # None where a fold was the unit of work, or nothing was tried
    problem: str
    lines: list[ExchangeLine]
    stances: list[StanceLine]
    script: Script | None

    @property
    def n_said(self) -> int:
        """Values of which the run says that they are in the video."""
        return sum(bool(line.answer.endorsed or line.answer.confronted) for line in self.stances)


def item_detail(*, run: Run, video: Video, user: User) -> ItemDetail | None:
    """All there is about the video in the run; None where it is not in the scope.

    The caller has asked `annotator.blindness` about the video; what a message tells of others is asked here.
    """
    in_scope = RunVideo.objects.filter(run=run, video=video).first()
    if in_scope is None:
        return None
    is_gone = video.withdrawn_at is not None
    keeps = shots_kept(run, user)
    exchanges = (
        Exchange.objects.filter(run=run, video=video)
        .select_related("source", "prompt", "job")
        .defer("source__message", "source__answer", "prompt__text")
        .order_by("pk")
    )
    return ItemDetail(
        item=RunItem.objects.filter(run=run, kind=ItemKind.VIDEO, key=video.pk).first(),
        problem=in_scope.get_problem_display() if in_scope.problem else "",
        lines=[_line(exchange, keeps_shots=keeps) for exchange in exchanges],
        stances=[] if is_gone else _stances(run, video),
        script=None if is_gone else Script.objects.filter(run=run, video=video).order_by("pk").first(),
    )


def shots_kept(run: Run, user: User) -> bool:
    """Whether a message could tell the user gold, or a script, that is kept from them.

    Gold examples stand in the messages about other videos, with their scripts and their labels.
    """
    if sees_every_model(user, run.study):
        return False
    shots = RunShot.objects.filter(run=run)
    shown = videos_with_models_shown(user, run.study).filter(
        pk__in=unblinded_videos(user, run.study).values("pk")
    )
    return shots.exclude(video__in=shown.values("pk")).exists()


def shot_videos(run: Run) -> list[int]:
    """The videos whose scripts and gold stand in the run's messages."""
    return list(RunShot.objects.filter(run=run).values_list("video", flat=True))


def as_read_json(text: str) -> str:
    """JSON set out for reading, also out of a fence; empty where it is none, or looks like that already."""
    if len(text) > LONGEST_JSON:
        return ""
    fenced = FENCED.match(text)
    try:
        found: Any = json.loads(fenced.group(1) if fenced else text)
        pretty = json.dumps(found, indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(found, dict | list) or pretty == text.strip():
        return ""
    return pretty.encode("utf-8", "replace").decode()  # an escape may stand for half a surrogate pair


def _line(exchange: Exchange, *, keeps_shots: bool) -> ExchangeLine:
    is_kept = keeps_shots and exchange.step == PromptStep.VALUES and exchange.turn == 0
    return ExchangeLine(
        exchange=exchange,
        message="" if is_kept else exchange.message,
        is_message_kept=is_kept,
        answer_json=as_read_json(exchange.answer),
    )


def _stances(run: Run, video: Video) -> list[StanceLine]:
    predictions = Prediction.objects.filter(run=run, video=video).select_related("value")
    return [
        StanceLine(
            value=said.value,
            answer=Answer(said.endorsed, said.confronted, said.p_endorsed, said.p_confronted),
            reason=said.reason,
            evidence_ms=said.evidence_ms,
        )
        for said in predictions.order_by("value__position")
    ]
