"""Asking for one thing: a question, an answer that can be read, and one more try where it cannot."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from models_app.clients.base import ClientName, Finish, Part, Reply, Request, Turn
from models_app.pipelines.base import Ask, Briefing, ItemError, Question, Step
from models_app.pipelines.llm.answers import UnreadableAnswerError, values_schema

MOST_SAMPLES = 25  # of one replicate (models_app.specs.llm): numbers of different replicates never meet
T = TypeVar("T")


class UnreadableError(ItemError):
    """Asked twice, and neither answer can be read."""

    def __init__(self, why: str) -> None:
        super().__init__("unreadable-answer", why)


def script_question(parts: tuple[Part, ...], *, settings: Any, briefing: Briefing, subject: str) -> Question:
    """For the script of a video."""
    client = getattr(settings, "script_client", None) or settings.client
    model = getattr(settings, "script_model", "") or settings.model
    return _question(
        Step.SCRIPT, client, model, parts, settings=settings, briefing=briefing, subject=subject, sample=0
    )


def values_question(
    parts: tuple[Part, ...], *, settings: Any, briefing: Briefing, subject: str, sample: int
) -> Question:
    """For the stances; ``sample``: which of several equal questions."""
    return _question(
        Step.VALUES,
        settings.client,
        settings.model,
        parts,
        settings=settings,
        briefing=briefing,
        subject=subject,
        sample=sample,
    )


def asked(question: Question, read: Callable[[Reply], T], *, ask: Ask) -> T:
    """What is read in the answer; asked once more, with what was wrong, before the item fails.

    An answer that was cut would be cut again: there, asking once more is only paid for.
    """
    reply = ask(question)
    try:
        return read(reply)
    except UnreadableAnswerError as error:
        if reply.finish == Finish.CUT:
            raise _cut(question) from None
        again = f"Your answer could not be read: {error}. Give the whole answer again, in the form asked for."
    # Some providers take no empty turn.
    request = replace(question.request, turns=(Turn(reply.text or "(nothing)", again),))
    reply = ask(replace(question, request=request))
    try:
        return read(reply)
    except UnreadableAnswerError as error:
        if reply.finish == Finish.CUT:
            raise _cut(question) from None
        raise UnreadableError(f"The answer could not be read, asked twice: {error}.") from None


def text_hash(text: str) -> str:
    """What a script is known by."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _question(
    step: Step,
    client: ClientName,
    model: str,
    parts: tuple[Part, ...],
    *,
    settings: Any,
    briefing: Briefing,
    subject: str,
    sample: int,
) -> Question:
    # The seed is the number, not the run's: equal runs of one replicate ask equal questions, and pay once.
    number = settings.replicate * MOST_SAMPLES + sample
    return Question(
        step=step,
        client=ClientName(client),
        request=Request(
            model=model,
            system=briefing.system[step],
            parts=parts,
            schema=values_schema(briefing) if step == Step.VALUES else None,
            temperature=settings.temperature,
            seed=number,
            max_output_tokens=settings.max_output_tokens,
        ),
        subject=subject,
        replicate=number,
    )


def _cut(question: Question) -> UnreadableError:
    n = question.request.max_output_tokens
    return UnreadableError(f"The answer broke off after {n} tokens: raise max_output_tokens and try again.")
