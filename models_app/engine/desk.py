"""Working one item: what it needs is read, the pipeline runs, what comes of it is stored."""

import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import cast

from django.db import Error
from django.db.models.functions import Now
from django.utils import timezone

from annotator.outages import is_outage
from models_app.clients.base import Reply
from models_app.engine.asking import Asker, PostponedError
from models_app.engine.briefings import Shots, briefing_of
from models_app.engine.claims import Claim, release
from models_app.engine.failures import Failure, failure_of
from models_app.engine.inputs import data_set, llm_input, script_input, video_input
from models_app.engine.keeper import KEEPER
from models_app.engine.outage import OutageError, reconnect, storing
from models_app.engine.pausing import PausedError
from models_app.engine.storing import (
    BadAnswerError,
    store_answer,
    store_failure,
    store_predictions,
    store_script,
    values_of,
)
from models_app.models import Gives, ItemKind, Run, RunState
from models_app.pipelines.base import (
    Ask,
    Briefing,
    Dataset,
    Interrupted,
    Learner,
    LlmJudge,
    Pipeline,
    Prediction,
    Question,
    ScriptJudge,
    ScriptMaker,
)
from models_app.specs import LlmTwoStepSettings, PipelineSettings, default_model, spec_of

log = logging.getLogger(__name__)
LOOK_SECONDS = 1.0  # how often a beat asks the database whether to go on

PipelineOf = Callable[[str, PipelineSettings], Pipeline]
Store = Callable[[], None]


@dataclass
class Tally:
    """How many items ended, or went to the provider in a batch; counted by many threads."""

    n_done: int = 0
    n_failed: int = 0  # or were blocked
    n_sent: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def count(self, *, done: int = 0, failed: int = 0, sent: int = 0) -> None:
        """Add what has just ended."""
        with self._lock:
            self.n_done += done
            self.n_failed += failed
            self.n_sent += sent


@dataclass
class Desk:
    """One run on one worker, for a slice; used by many threads where the run asks a provider."""

    run: Run
    pipeline: Pipeline
    settings: PipelineSettings
    should_stop: Callable[[], bool]
    tally: Tally
    asker: Asker | None = None  # of runs that ask a language model

    def note_start(self) -> None:
        """Keep when the first item was claimed."""
        if self.run.started_at is None:
            Run.objects.filter(pk=self.run.pk, started_at=None).update(started_at=Now())
            self.run.started_at = timezone.now()  # roughly, and only so that it is asked once

    def read_once(self) -> None:
        """Read what all threads need, so that they do not all read it."""
        self.shots.read()
        _known = self.briefing, self.values

    @cached_property
    def briefing(self) -> Briefing:
        """What holds for every item of a run that asks a language model."""
        return briefing_of(self.run)

    @cached_property
    def shots(self) -> Shots:
        """The run's gold examples."""
        return Shots(self.run, int(getattr(self.settings, "shots", 0)))

    @cached_property
    def values(self) -> Mapping[str, int]:
        """The run's values: slug to key, in the order of the circle."""
        return values_of(self.run)

    @cached_property
    def data(self) -> Dataset:
        """What the run learns from and predicts; frozen, so one reading does for all folds."""
        n_folds = int(getattr(self.settings, "folds", 0))
        return data_set(self.run, values=tuple(self.values), n_folds=n_folds)

    def work(self, claim: Claim) -> None:
        """Do an item and store what comes of it; drop it if the run or the worker is to stop."""
        with KEEPER.holding(claim):
            try:
                store = self._process(claim)
            except (Interrupted, PausedError):
                self._release(claim)
                return
            except PostponedError:
                self.tally.count(sent=1)
                return
            except OutageError:  # an answer that could not be stored: asked again when the database is back
                reconnect()
                self._release(claim)
                raise
            except (KeyboardInterrupt, SystemExit):
                self._release(claim)
                raise
            except Error as error:
                if is_outage(error):  # pipelines touch no database: reading its input failed
                    self._release(claim)
                    raise OutageError from error
                store = self._failing(claim, failure_of(error))
            except Exception as error:  # noqa: BLE001 - a pipeline may raise anything; the run goes on
                store = self._failing(claim, failure_of(error))
            try:
                self._store(claim, store)
            except OutageError:  # for want of room, say: three such attempts do not make it poison
                reconnect()
                self._release(claim)
                raise

    def _process(self, claim: Claim) -> Store:
        """The pipeline's work; what is returned stores its results."""
        beat = Pulse(claim, self.should_stop)
        if claim.kind == ItemKind.FOLD:
            learner = cast(Learner, self.pipeline)
            answers = learner.fit_predict(self.data, fold=claim.key, seed=self.run.seed, beat=beat)
            videos = {example.video_id for example in self.data.examples if example.fold == claim.key}
            return self._storing(claim, answers, videos)
        if self.asker is not None:
            return self._asking(self.asker, claim, beat)
        if self.run.gives == Gives.SCRIPTS:
            with video_input(claim.key) as video:
                draft = cast(ScriptMaker, self.pipeline).make(video, beat=beat)

            def store() -> None:
                self.tally.count(done=store_script(claim, draft, model=self.run.model))

            return store
        script = script_input(run_id=self.run.pk, video_id=claim.key)
        judge = cast(ScriptJudge, self.pipeline)
        return self._storing(claim, judge.judge(script, values=tuple(self.values), beat=beat), {claim.key})

    def _asking(self, asker: Asker, claim: Claim, beat: "Pulse") -> Store:
        """The work of a language model, which is asked through the cache."""
        judge = cast(LlmJudge, self.pipeline)
        if shots := self.shots.of(claim.key):
            beat.is_stale = lambda: self.shots.of(claim.key) != shots
        given = llm_input(
            run_id=self.run.pk,
            video_id=claim.key,
            needs=spec_of(self.run.pipeline).needs,
            shots=shots,
        )
        with given as item:
            ask = beat.noting(asker.asking_for(claim, look=beat.look))
            answer = judge.work(item, briefing=self.briefing, ask=ask, beat=beat)
        wanted = answer.script if self.run.gives == Gives.SCRIPTS else answer.predictions
        if wanted is None:
            raise BadAnswerError(f"no {self.run.gives} in what the pipeline handed out")

        def store() -> None:
            model = script_model(self.run, self.settings)
            self.tally.count(done=store_answer(claim, answer, script_model=model, values=self.values))

        return store

    def _storing(self, claim: Claim, answers: Sequence[Prediction], videos: Collection[int]) -> Store:
        def store() -> None:
            stored = store_predictions(claim, answers, values=self.values, videos=videos)
            self.tally.count(done=stored)

        return store

    def _failing(self, claim: Claim, failure: Failure) -> Store:
        log.warning(
            "%s %s of run %s failed (%s): %s\n%s",
            claim.kind,
            claim.key,
            claim.run_id,
            failure.code,
            failure.message,
            failure.detail,
        )

        def store() -> None:
            self.tally.count(failed=store_failure(claim, failure))

        return store

    def _store(self, claim: Claim, store: Store) -> None:
        """Store; what cannot be stored at all is a failure of the item."""
        try:
            storing(store, should_stop=self.should_stop)
        except OutageError:
            raise
        except Exception as error:  # noqa: BLE001 - nobody knows what a pipeline hands out
            storing(self._failing(claim, failure_of(error)), should_stop=self.should_stop)

    def _release(self, claim: Claim) -> None:
        """Give the item back; where the database cannot, its lease runs out by itself."""
        try:
            release(claim)
        except Error:
            log.warning("Could not give back %s %s", claim.kind, claim.key, exc_info=True)


class Pulse:
    """The beat of an item: keeps how far it is, and raises Interrupted where it is to be dropped."""

    def __init__(self, claim: Claim, should_stop: Callable[[], bool]) -> None:
        self._claim = claim
        self._should_stop = should_stop
        self._done = 0.0
        self._is_sent = False  # in a batch, and so in nobody's hands; what else it asks is to go with it
        self._looked_at = time.monotonic()
        # Whether what is to be asked shows an example that was withdrawn: then it is put together anew.
        self.is_stale: Callable[[], bool] = lambda: False

    def __call__(self, done: float) -> None:
        """So much is done, in [0, 1]."""
        self._done = min(max(float(done), 0.0), 1.0)
        self.look()

    def noting(self, ask: Ask) -> Ask:
        """Ask, and note that the item was sent: from then on it is not missed where it is looked for."""

        def asked(question: Question) -> Reply:
            if self.is_stale():
                raise Interrupted
            try:
                return ask(question)
            except PostponedError:
                self._is_sent = True
                raise

        return asked

    def look(self) -> None:
        """Whether to go on; asked of the database at most once a second."""
        if self._should_stop() or (KEEPER.is_lost(self._claim) and not self._is_sent):
            raise Interrupted
        if self._is_sent:
            return
        now = time.monotonic()
        if now - self._looked_at < LOOK_SECONDS:
            return
        self._looked_at = now
        try:
            is_ours = self._claim.rows().update(progress=self._done)
            wanted = Run.objects.filter(pk=self._claim.run_id, state=RunState.RUNNING).exists()
            is_stale = self.is_stale()
        except Error:
            reconnect()
            return  # the work is worth more than the look
        if is_stale or not (is_ours and wanted):
            raise Interrupted


def script_model(run: Run, settings: PipelineSettings) -> str:
    """What the model of the run's scripts is called: of two steps, the first one's."""
    if isinstance(settings, LlmTwoStepSettings):
        other = default_model(settings.script_client) if settings.script_client else run.model
        return (settings.script_model or other)[:200]
    return run.model


def settings_of(run: Run) -> PipelineSettings:
    """The run's settings, as they were frozen."""
    return spec_of(run.pipeline).read_settings(run.settings)
