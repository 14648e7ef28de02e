"""Exchanges: found by their key, stored as soon as the answer is there. Cache and bill in one."""

import hashlib
import json
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property

from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from annotator.locks import locked
from annotator.models import Video
from models_app.clients.base import BlockedError, Clip, Finish, Part, Reply, Text, Usage
from models_app.engine.claims import Claim
from models_app.engine.failures import BlockedItemError
from models_app.engine.inputs import withdrawn_error
from models_app.engine.storing import storable
from models_app.models import Exchange, ExchangeState, Prompt, Run, RunItem, RunShot
from models_app.pipelines.base import Question
from models_app.pipelines.llm.messages import shows_others
from models_app.prices import cost_to_keep


@dataclass(frozen=True, slots=True)
class Answered:
    """What the provider said to one request: an answer, or that it holds it back."""

    reply: Reply | None
    blocked: BlockedError | None = None
    seconds: float | None = None

    @property
    def usage(self) -> Usage:
        """The tokens to be paid for."""
        if self.reply is not None:
            return self.reply.usage
        return self.blocked.usage if self.blocked is not None else Usage()


def key_of(study_id: int, question: Question, *, server: str = "") -> str:
    """What an equal question of the study is found by.

    Media count by the hash of their file, pictures by the second at which they were taken: what a frame
    looks like as JPEG may differ from machine to machine. server: what tells the model from another of its
    name (models_app.clients.servers).
    """
    request = question.request
    parts = {
        "study": study_id,
        "client": question.client,
        "model": request.model,
        "temperature": request.temperature,
        "max_output_tokens": request.max_output_tokens,
        "seed": request.seed,
        "schema": request.schema,
        "step": question.step,
        "subject": question.subject,
        "prompt": prompt_hash(request.system),
        "message": [_part_key(part) for part in request.parts],
        "turns": [[turn.answer, turn.reply] for turn in request.turns],
        "replicate": question.replicate,
        **({"server": server} if server else {}),
    }
    text = json.dumps(parts, sort_keys=True, ensure_ascii=True, default=dict)
    return hashlib.sha256(text.encode()).hexdigest()


def prompt_hash(text: str) -> str:
    """What a prompt is known by (models_app.models.Prompt)."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def message_of(question: Question) -> str:
    """The request's own text, for people: media are named; asked again, it is what was said then."""
    request = question.request
    if request.turns:
        return request.turns[-1].reply
    return "\n\n".join(_part_text(part) for part in request.parts)


@dataclass
class Exchanges:
    """A run's exchanges, as one slice asks for them and stores them; safe for many threads."""

    run: Run
    _prompts: dict[str, int] = field(default_factory=dict, init=False)  # hash → key

    def find(self, key: str) -> Exchange | None:
        """The run's own exchange of that key, or any run's; with its source, where there is one."""
        pk = Exchange.objects.filter(key=key).values_list("pk", flat=True).first()
        if pk is None:
            return None  # the usual case, told by a narrow question
        found = Exchange.objects.get(pk=pk)
        if found.run_id == self.run.pk:
            return found
        return Exchange.objects.filter(run=self.run, source=found).first() or found

    def take_over(self, claim: Claim, question: Question, found: Exchange) -> None:
        """Note that another run's answer serves this one too: a row of its own, paid by the other."""
        self._insert(
            claim,
            self._row(
                claim,
                question,
                source=found,
                cost=Decimal(0),
                state=found.state,
                answer=found.answer,
                answered_by=found.answered_by,
                finish=found.finish,
                reason=found.reason,
                answered_at=Now(),
            ),
        )

    def store(self, claim: Claim, question: Question, key: str, answered: Answered) -> Exchange | None:
        """Keep what was answered, and what it cost; the exchange to go by, None if the video was withdrawn.

        Where a twin was quicker, its answer is the one that counts. Ours was paid too: it is kept, unfound.
        """
        row = self._row(claim, question, key=key, **_columns(question, answered))
        try:
            return self._insert(claim, row)
        except IntegrityError:
            winner = Exchange.objects.filter(key=key).first()
        if winner is not None and _is_same(winner, row):
            return winner  # stored the first time, though we were not told: the connection broke then
        row = self._row(claim, question, source=winner, **_columns(question, answered))
        if winner is not None and winner.state != ExchangeState.PENDING:  # else ours is the first answer
            for name in ("state", "answer", "reason", "finish", "answered_by"):
                setattr(row, name, getattr(winner, name))
        return self._insert_unfound(claim, row)

    def store_unanswered(self, claim: Claim, question: Question, usage: Usage, *, seconds: float) -> None:
        """Keep what a request cost that brought nothing to read, as thoughts without an answer."""
        answered = Answered(Reply("", Finish.OTHER, usage), seconds=seconds)
        self._insert_unfound(claim, self._row(claim, question, **_columns(question, answered)))

    def add_pending(
        self, claim: Claim, question: Question, key: str | None, *, source: Exchange | None
    ) -> None:
        """Keep a question for a batch job; without a key, one that waits for another run's answer."""
        self._insert(claim, self._row(claim, question, key=key, source=source, state=ExchangeState.PENDING))

    def prompt_id(self, system: str) -> int:
        """The key of the prompt's row; made where the run was not frozen with it."""
        digest = prompt_hash(system)
        if digest in self._prompts:
            return self._prompts[digest]
        prompt, _made = Prompt.objects.get_or_create(hash=digest, defaults={"text": storable(system)})
        if not connection.in_atomic_block:  # else other threads would take a row that is not there for them
            self._prompts[digest] = prompt.pk
        return prompt.pk

    def _row(self, claim: Claim, question: Question, **fields: object) -> Exchange:
        return Exchange(
            run=self.run,
            video_id=claim.key,
            step=question.step,
            replicate=question.replicate,
            turn=len(question.request.turns),
            client=question.client,
            model=question.request.model[:200],
            prompt_id=self.prompt_id(question.request.system),
            message=storable(message_of(question)),
            **fields,
        )

    def _insert_unfound(self, claim: Claim, row: Exchange) -> Exchange | None:
        """Store a row that no key finds, unless it is there: the connection broke when we were to be told."""
        about = {name: getattr(row, name) for name in ("video_id", "step", "replicate", "turn")}
        stored = Exchange.objects.filter(run=self.run, key=None, **about)
        twin = next((other for other in stored if _is_same(other, row)), None)
        return twin or self._insert(claim, row)

    @transaction.atomic
    def _insert(self, claim: Claim, row: Exchange) -> Exchange | None:
        """Store the row and free what was reserved for it; of a withdrawn video, only what it cost.

        Nor is a message kept that shows an example which was withdrawn after it had been put together.
        """
        withdrawn = self.lock_videos(claim)
        is_gone = claim.key in withdrawn
        if is_gone:
            row.key, row.message, row.answer = None, "", ""
        elif withdrawn and shows_others(row.message, self._texts_left(claim)):
            row.message = ""
        row.save(force_insert=True)
        if self.run.budget is not None:
            RunItem.objects.filter(pk=claim.item_id).update(reserved=None, reserved_until=None)
        return None if is_gone else row

    def lock_videos(self, claim: Claim) -> set[int]:
        """Lock the item's video and the run's examples, in order; those that were withdrawn.

        Whoever withdraws one waits for us, or we see that it has gone. Before anything else is locked, as a
        withdrawal locks the video first and its items then.
        """
        videos = locked(Video.objects.filter(pk__in={claim.key, *self._examples})).order_by("pk")
        return {pk for pk, at in videos.values_list("pk", "withdrawn_at") if at is not None}

    @cached_property
    def _examples(self) -> list[int]:
        """The videos that the run shows as examples; frozen with it."""
        return list(RunShot.objects.filter(run=self.run).values_list("video", flat=True))

    def _texts_left(self, claim: Claim) -> list[str]:
        """What may stand in a message yet: scripts, each gone with its video, and the texts of posts."""
        left = RunShot.objects.filter(run=self.run, script__isnull=False).select_related("script", "video")
        videos = [Video.objects.get(pk=claim.key), *(shot.video for shot in left)]
        return [*(shot.script.text for shot in left if shot.script), *(video.post_text for video in videos)]


def _is_same(winner: Exchange, row: Exchange) -> bool:
    """Whether a row is this very answer: two requests do not take the same time to the last digit."""
    names = ("run_id", "answer", "n_input", "n_output", "seconds")
    return row.seconds is not None and all(getattr(winner, name) == getattr(row, name) for name in names)


def reply_of(exchange: Exchange | None) -> Reply:
    """The answer that an exchange holds; ItemError where it is none."""
    if exchange is None:
        raise withdrawn_error()
    if exchange.state == ExchangeState.BLOCKED:
        message = _("The provider blocked this (%(reason)s).") % {"reason": exchange.reason}
        raise BlockedItemError(exchange.reason, f"{message} {exchange.answer}".strip())
    usage = Usage(exchange.n_input, exchange.n_output, exchange.n_cached)
    return Reply(exchange.answer, Finish(exchange.finish), usage, exchange.answered_by)


def answered_columns(reply: Reply) -> dict[str, object]:
    """An answer as an exchange's columns, without its cost."""
    return {
        "state": ExchangeState.ANSWERED,
        "answer": storable(reply.text),
        "finish": reply.finish,
        "answered_by": reply.model[:200],
        "n_input": reply.usage.input,
        "n_output": reply.usage.output,
        "n_cached": reply.usage.cached,
    }


def blocked_columns(error: BlockedError) -> dict[str, object]:
    """A refusal as an exchange's columns: the provider's sentence stands for the answer."""
    return {
        "state": ExchangeState.BLOCKED,
        "answer": storable(str(error)),
        "reason": error.reason[:200] or "blocked",
        "n_input": error.usage.input,
        "n_output": error.usage.output,
        "n_cached": error.usage.cached,
    }


def _columns(question: Question, answered: Answered) -> dict[str, object]:
    cost = cost_to_keep(question.client, question.request.model, answered.usage)
    more = {"cost": cost, "seconds": answered.seconds, "answered_at": Now()}
    if answered.blocked is not None:
        return blocked_columns(answered.blocked) | more
    return (answered_columns(answered.reply) if answered.reply is not None else {}) | more


def _part_key(part: Part) -> list[object]:
    if isinstance(part, Text):
        return ["text", part.text]
    if isinstance(part, Clip):
        return ["clip", part.sha256]
    return ["picture", round(part.seconds, 3)]


def _part_text(part: Part) -> str:
    if isinstance(part, Text):
        return part.text
    return f"[video {part.sha256[:12]}]" if isinstance(part, Clip) else f"[frame at {part.seconds:.1f} s]"
