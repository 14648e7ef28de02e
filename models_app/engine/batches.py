"""Delivery by a provider's batch API: requests are kept, handed in together, and fill the cache.

An item whose answer is not there yet keeps its request as a pending exchange and is `sent`, in nobody's
hands. Once it is answered, it waits again, is worked once more, and finds its answer. Handing in and looking
after jobs is in engine.batch_jobs.
"""

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import NoReturn, cast

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef

from annotator.locks import locked
from models_app.clients.base import Reply, Request
from models_app.clients.keys import redact
from models_app.clients.servers import server_of
from models_app.engine.asking import PostponedError
from models_app.engine.briefings import Shots, briefing_of
from models_app.engine.claims import Claim
from models_app.engine.desk import PipelineOf, settings_of
from models_app.engine.exchanges import Exchanges, key_of, reply_of
from models_app.engine.inputs import llm_input
from models_app.engine.nudges import nudge_on_commit
from models_app.models import Exchange, ExchangeState, ItemState, Run, RunItem, RunState
from models_app.pipelines.base import Interrupted, ItemError, LlmJudge, Question
from models_app.specs import LlmSettings, spec_of


def postpone(
    claim: Claim, question: Question, key: str, *, exchanges: Exchanges, found: Exchange | None
) -> NoReturn:
    """Keep the question as a pending exchange and let go of its item, as one; PostponedError.

    found: what has the key already: pending, of this run (its item was worked once more) or another's.
    An item may postpone several questions, one after the other: its samples.
    """
    try:
        _keep(claim, question, key, exchanges=exchanges, found=found)
    except IntegrityError:  # another run keeps the same question at this moment: its answer will be ours
        twin = exchanges.find(key)
        _keep(claim, question, key, exchanges=exchanges, found=twin)
    raise PostponedError


@transaction.atomic
def _keep(
    claim: Claim, question: Question, key: str, *, exchanges: Exchanges, found: Exchange | None
) -> None:
    exchanges.lock_videos(claim)
    is_ours = claim.rows().update(
        state=ItemState.SENT, token=None, worker="", lease_until=None, progress=0, n_attempts=0
    )
    if not is_ours and not RunItem.objects.filter(pk=claim.item_id, state=ItemState.SENT).exists():
        raise Interrupted  # cancelled, or somebody else has it
    if found is not None and found.run_id == exchanges.run.pk:
        return
    exchanges.add_pending(claim, question, key if found is None else None, source=found)


def release_answered(run: Run) -> int:
    """Let the sent items wait again of which nothing is pending any more; how many.

    Asked of what is stored, not of what has just happened, so that no item is sent for ever.
    """
    pending = Exchange.objects.filter(run=run, video=OuterRef("key"), state=ExchangeState.PENDING)
    sent = RunItem.objects.filter(~Exists(pending), run=run, state=ItemState.SENT)
    with transaction.atomic():
        n = sent.update(state=ItemState.WAITING, n_attempts=0, started_at=None)
        if n:
            nudge_on_commit(run, n_items=n)
    return n


def drop_orphans(run: Run) -> None:
    """Forget what waits for another run's answer that has come, or will not come any more.

    What a stopped run has not handed in becomes this run's to ask. What is in a job is left alone: its answer
    has a cost, though the video may have been withdrawn.
    """
    waiting = Exchange.objects.filter(run=run, state=ExchangeState.PENDING, key=None, job=None)
    waiting.exclude(source__state=ExchangeState.PENDING).delete()
    left = waiting.filter(source__job=None).exclude(source__run__state=RunState.RUNNING)
    for pk, source in left.filter(source__isnull=False).values_list("pk", "source_id"):
        _inherit(pk, source=source)


@transaction.atomic
def _inherit(pk: int, *, source: int) -> None:
    """Change places with the exchange that was waited for: this one is handed in, and that one waits."""
    kept = Exchange.objects.filter(pk=source, state=ExchangeState.PENDING, job=None, key__isnull=False)
    key = locked(kept).values_list("key", flat=True).first()
    if key is None:
        return  # it has gone on meanwhile
    Exchange.objects.filter(pk=source).update(key=None, source=pk)
    Exchange.objects.filter(source=source).exclude(pk=pk).update(source=pk)
    Exchange.objects.filter(pk=pk).update(key=key, source=None)


class _NotYetError(PostponedError):
    """An item asks for what it was sent for."""


@dataclass
class Requests:
    """The requests of pending exchanges, made again by the pipelines that asked them: nothing is kept twice.

    Media are files: they stay as long as the stack does.
    """

    run: Run
    pipeline_of: PipelineOf
    stack: ExitStack
    found: dict[int, Question] = field(default_factory=dict)  # by the exchange

    def gather(self, pending: dict[int, list[Exchange]]) -> dict[int, ItemError]:
        """Find the questions of the exchanges, by video; why not, for the videos where it cannot be."""
        settings = settings_of(self.run)
        pipeline = cast(LlmJudge, self.pipeline_of(self.run.pipeline, settings))
        briefing, needs = briefing_of(self.run), spec_of(self.run.pipeline).needs
        shots = Shots(self.run, int(getattr(settings, "shots", 0)))
        failed: dict[int, ItemError] = {}
        for video, wanted in pending.items():
            try:
                given = llm_input(run_id=self.run.pk, video_id=video, needs=needs, shots=shots.of(video))
                item = self.stack.enter_context(given)
                pipeline.work(item, briefing=briefing, ask=self._asking(wanted), beat=lambda _done: None)
            except PostponedError:
                continue
            except ItemError as error:
                failed[video] = error
            except Exception as error:  # noqa: BLE001 - a pipeline may raise anything; others are handed in
                failed[video] = ItemError("crashed", redact(f"{type(error).__name__}: {error}"))
        return failed

    def _asking(self, wanted: list[Exchange]) -> "_Recorder":
        return _Recorder(self.run, {exchange.key: exchange.pk for exchange in wanted}, self.found)

    @property
    def requests(self) -> dict[str, Request]:
        """What is handed in, under the keys that the provider gives back."""
        return {str(pk): question.request for pk, question in self.found.items()}


@dataclass
class _Recorder:
    """Stands in for the provider: answers from the cache, and notes what is to be handed in."""

    run: Run
    wanted: dict[str | None, int]
    found: dict[int, Question]

    def __call__(self, question: Question) -> Reply:
        key = key_of(self.run.study_id, question, server=server_of(question.client, question.request.model))
        if key in self.wanted:
            self.found[self.wanted[key]] = question
            raise _NotYetError
        exchange = Exchange.objects.filter(key=key).exclude(state=ExchangeState.PENDING).first()
        if exchange is None:
            raise _NotYetError
        return reply_of(exchange)


def is_by_batch(run: Run) -> bool:
    """Whether the run's requests are handed in together."""
    settings = settings_of(run)
    return isinstance(settings, LlmSettings) and settings.delivery == "batch"
