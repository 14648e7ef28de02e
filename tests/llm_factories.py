"""Rows of runs that ask a language model, made directly: free of the engine and of providers."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from decimal import Decimal

from django.utils import timezone

from annotator.models import Study, Video
from models_app.models import Exchange, ItemState, Prediction, Prompt, Run, RunItem, RunPrompt
from tests.run_factories import make_run, predict

MODEL = "gpt-4o-mini"
TEMPLATE = "You are shown a video. Say which values it endorses."


def make_llm_run(study: Study, videos: Iterable[Video] = (), **fields) -> Run:
    """A finished run that asked OpenAI's protocol for values."""
    given = {"pipeline": "llm-direct", "model": MODEL, "client": "openai", "queue": "io", **fields}
    given["settings"] = {"client": given["client"], "model": given["model"]} | given.get("settings", {})
    return make_run(study, videos, **given)


def make_prompt(text: str = TEMPLATE, *, run: Run | None = None, step: str = "values", **fields) -> Prompt:
    """A prompt; with a run, frozen as that of one of its steps."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    prompt, _made = Prompt.objects.get_or_create(hash=digest, defaults={"text": text})
    if run is not None:
        RunPrompt.objects.create(run=run, step=step, prompt=prompt, **{"template": text, **fields})
        Run.objects.filter(pk=run.pk).update(prompt_hash=digest)
    return prompt


def make_exchange(run: Run, video: Video, answer: str = "{}", *, prompt: Prompt | None = None, **fields):
    """An answered request of 1,000 tokens in and 100 out; with a source, one that was taken over."""
    of_own = {"n_input": 1000, "n_output": 100, "cost": Decimal("0.00021"), "seconds": 1.5}
    taken_over = {"cost": Decimal(0)}
    given = {
        "step": "values",
        "client": run.client or "openai",
        "model": run.model,
        "message": "What does this video say?",
        "finish": "whole",
        "answered_at": timezone.now(),
        **(taken_over if fields.get("source") else of_own),
        **fields,
    }
    return Exchange.objects.create(
        run=run, video=video, answer=answer, prompt=prompt or make_prompt(), **given
    )


def say(run: Run, video: Video, said: Mapping[str, tuple], *, why: str = "", evidence_ms=None) -> str:
    """The run's stances of a video, with a reason for each that is in it; the answer as a model gives it."""
    predict(run, video, said)
    of_video = Prediction.objects.filter(run=run, video=video)
    for prediction in of_video.select_related("value"):
        if prediction.endorsed or prediction.confronted:
            prediction.reason, prediction.evidence_ms = why, evidence_ms
            prediction.save()
    values = {
        slug: {"endorsed": answer[0], "confronted": answer[1], "reason": why} for slug, answer in said.items()
    }
    return json.dumps({"has_sound": True, "values": values}, ensure_ascii=False)


def block(run: Run, video: Video, *, reason: str = "SAFETY") -> None:
    """The provider's filter held the item back."""
    RunItem.objects.filter(run=run, key=video.pk).update(
        state=ItemState.BLOCKED, error_code=reason, error=f"The provider blocked this ({reason})."
    )
