"""Storing what came of an item: its results with its state, in one transaction, under the claim's token."""

import hashlib
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now

from annotator.locks import locked
from annotator.models import Video
from models_app.engine.claims import Claim, log_failure, release
from models_app.engine.failures import Failure
from models_app.engine.inputs import refuse_if_withdrawn
from models_app.models import ItemState, Run, RunState, Script, ScriptOrigin
from models_app.pipelines.base import LlmAnswer, ScriptDraft
from models_app.pipelines.base import Prediction as Answer

INSERT = """
    INSERT INTO models_app_prediction
      (run_id, video_id, value_id, endorsed, confronted, p_endorsed, p_confronted, fold, reason, evidence_ms)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
Row = tuple[Any, ...]  # in the order of INSERT's columns


class BadAnswerError(Exception):
    """What a pipeline handed out cannot be stored: its own fault, so the item counts as crashed."""


@transaction.atomic
def store_predictions(
    claim: Claim, answers: Sequence[Answer], *, values: Mapping[str, int], videos: Collection[int]
) -> bool:
    """Store an item's predictions; False, with nothing stored, if the item is no longer ours.

    values: the run's values, slug to key; videos: those that the item is about.
    """
    rows = [_row(claim, answer, values=values, videos=videos) for answer in answers]
    if not _done(claim):
        return False
    _add_predictions(rows)
    return True


@transaction.atomic
def store_script(claim: Claim, draft: ScriptDraft, *, model: str) -> bool:
    """Store an item's script; False, with nothing stored, if the item is no longer ours.

    ItemError if the video was withdrawn meanwhile: its scripts have just been deleted.
    """
    _refuse_withdrawn(claim)
    if not _done(claim):
        return False
    _add_script(claim, draft, model=model)
    return True


@transaction.atomic
def store_answer(claim: Claim, answer: LlmAnswer, *, script_model: str, values: Mapping[str, int]) -> bool:
    """Store all that a language model made of an item; False if the item is no longer ours.

    ItemError if the video was withdrawn meanwhile: nothing more is kept of what is said of it.
    """
    rows = [_row(claim, said, values=values, videos={claim.key}) for said in answer.predictions or ()]
    _refuse_withdrawn(claim)
    if not _done(claim, facts=answer.facts):
        return False
    if answer.script is not None:
        _add_script(claim, answer.script, model=script_model)
    _add_predictions(rows)
    return True


def _refuse_withdrawn(claim: Claim) -> None:
    """ItemError for a withdrawn video; one that is not is not withdrawn until the transaction ends."""
    video = locked(Video.objects.filter(pk=claim.key)).only("withdrawn_at").get()
    refuse_if_withdrawn(video.withdrawn_at)


def _add_script(claim: Claim, draft: ScriptDraft, *, model: str) -> None:
    text = storable(draft.text)
    Script.objects.create(
        video_id=claim.key,
        run_id=claim.run_id,
        origin=ScriptOrigin.RUN,
        model=model,
        text=text,
        segments=[
            {name: value for name, value in asdict(part).items() if name != "speaker" or value}
            | {"text": storable(part.text)}
            for part in draft.segments
        ],
        facts=draft.facts,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
    )


@transaction.atomic
def store_failure(claim: Claim, failure: Failure) -> bool:
    """Record why an item failed or was blocked; False if it is no longer ours, or waits again.

    It waits where its provider was found away meanwhile: whoever pauses the run for that lets wait again what
    failed before, and locks the run first, as we do.
    """
    if failure.is_away and _paused_for_a_while(claim.run_id):
        release(claim)
        return False
    n = claim.rows().update(
        state=ItemState.BLOCKED if failure.is_blocked else ItemState.FAILED,
        token=None,
        lease_until=None,
        ended_at=Now(),
        error_code=failure.code,
        error=storable(failure.message),
        error_detail=storable(failure.detail),
    )
    if n:
        what = "item.blocked" if failure.is_blocked else "item.failed"
        log_failure(run_id=claim.run_id, kind=claim.kind, key=claim.key, code=failure.code, what=what)
    return bool(n)


def _paused_for_a_while(run_id: int) -> bool:
    run = locked(Run.objects.filter(pk=run_id)).only("state", "resume_at").get()
    return run.state == RunState.PAUSED and run.resume_at is not None


def values_of(run: Run) -> dict[str, int]:
    """The values that the run judges by, slug to key, in the order of the circle."""
    return dict(run.codebook.values.order_by("position").values_list("slug", "pk"))


def storable(text: str) -> str:
    """Text that every database takes: no NUL, no half of a surrogate pair."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def _done(claim: Claim, *, facts: Mapping[str, Any] | None = None) -> bool:
    """Mark the item done, if it is still ours. Before its results: this locks it."""
    return bool(
        claim.rows().update(
            state=ItemState.DONE,
            token=None,
            lease_until=None,
            progress=1,
            ended_at=Now(),
            error_code="",
            error="",
            error_detail="",
            facts=dict(facts or {}),
        )
    )


def _row(claim: Claim, answer: Answer, *, values: Mapping[str, int], videos: Collection[int]) -> Row:
    if answer.value not in values:
        raise BadAnswerError(f"a prediction for “{answer.value}”, which is no value of the run's codebook")
    if answer.video_id not in videos:
        raise BadAnswerError(f"a prediction for video {answer.video_id}, which is not part of this item")
    if answer.evidence_ms is not None and answer.evidence_ms < 0:
        raise BadAnswerError(f"evidence at {answer.evidence_ms} ms of video {answer.video_id}")
    for name, score in (("p_endorsed", answer.p_endorsed), ("p_confronted", answer.p_confronted)):
        if score is not None and not (math.isfinite(score) and 0 <= score <= 1):
            raise BadAnswerError(f"{name} of video {answer.video_id} is {score}, not a score in [0, 1]")
    return (
        claim.run_id,
        answer.video_id,
        values[answer.value],
        answer.endorsed,
        answer.confronted,
        answer.p_endorsed,
        answer.p_confronted,
        answer.fold,
        storable(answer.reason),
        answer.evidence_ms,
    )


def _add_predictions(rows: Sequence[Row]) -> None:
    """Insert an item's predictions; by SQL, as Django takes five times as long to write the statement."""
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(INSERT, rows)
