"""Working one item: what it needs is read, the pipeline runs, what comes of it is stored."""

import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import cast

from django.db import DatabaseError, Error

from annotator.outages import is_outage
from models_app.engine.claims import Claim, release
from models_app.engine.failures import Failure, failure_of
from models_app.engine.inputs import data_set, script_input, video_input
from models_app.engine.keeper import KEEPER
from models_app.engine.outage import OutageError, reconnect
from models_app.engine.storing import store_failure, store_predictions, store_script, values_of
from models_app.models import Gives, ItemKind, Run, RunState
from models_app.pipelines.base import (
    Beat,
    Dataset,
    Interrupted,
    Learner,
    Pipeline,
    Prediction,
    ScriptJudge,
    ScriptMaker,
)
from models_app.specs import PipelineSettings, spec_of

log = logging.getLogger(__name__)
LOOK_SECONDS = 1.0  # how often a beat asks the database whether to go on
STORE_PAUSES = (0.2, 0.5, 1, 2, 5, 10, 10)  # between attempts at storing while the database cannot

PipelineOf = Callable[[str, PipelineSettings], Pipeline]
Store = Callable[[], None]


@dataclass
class Tally:
    """How many items ended."""

    n_done: int = 0
    n_failed: int = 0

    @property
    def n_tried(self) -> int:
        """However they ended."""
        return self.n_done + self.n_failed


@dataclass
class Desk:
    """One run on one worker, for a slice."""

    run: Run
    pipeline: Pipeline
    settings: PipelineSettings
    should_stop: Callable[[], bool]
    tally: Tally
    _looked_at: float = field(default=0.0, init=False)

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
            except Interrupted:
                self._release(claim)
                return
            except (KeyboardInterrupt, SystemExit):
                self._release(claim)
                raise
            except DatabaseError as error:
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
        beat = self._beat_of(claim)
        if claim.kind == ItemKind.FOLD:
            learner = cast(Learner, self.pipeline)
            answers = learner.fit_predict(self.data, fold=claim.key, seed=self.run.seed, beat=beat)
            videos = {example.video_id for example in self.data.examples if example.fold == claim.key}
            return self._storing(claim, answers, videos)
        if self.run.gives == Gives.SCRIPTS:
            with video_input(claim.key) as video:
                draft = cast(ScriptMaker, self.pipeline).make(video, beat=beat)

            def store() -> None:
                self.tally.n_done += store_script(claim, draft, model=self.run.model)

            return store
        script = script_input(run_id=self.run.pk, video_id=claim.key)
        judge = cast(ScriptJudge, self.pipeline)
        return self._storing(claim, judge.judge(script, values=tuple(self.values), beat=beat), {claim.key})

    def _storing(self, claim: Claim, answers: Sequence[Prediction], videos: Collection[int]) -> Store:
        def store() -> None:
            self.tally.n_done += store_predictions(claim, answers, values=self.values, videos=videos)

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
            self.tally.n_failed += store_failure(claim, failure)

        return store

    def _store(self, claim: Claim, store: Store) -> None:
        """Store; what cannot be stored at all is a failure of the item."""
        try:
            self._try_to_store(claim, store)
        except OutageError:
            raise
        except Exception as error:  # noqa: BLE001 - nobody knows what a pipeline hands out
            self._try_to_store(claim, self._failing(claim, failure_of(error)))

    def _try_to_store(self, claim: Claim, store: Store) -> None:
        """Store, again and again while the database cannot; the lease is renewed meanwhile if it can be."""
        for pause in (*STORE_PAUSES, None):
            try:
                return store()
            except Error as error:
                if not is_outage(error):
                    raise
                if pause is None or self.should_stop():
                    raise OutageError from error
                log.warning("Could not store %s %s; trying again", claim.kind, claim.key)
                reconnect()
                time.sleep(pause)
        return None

    def _release(self, claim: Claim) -> None:
        """Give the item back; where the database cannot, its lease runs out by itself."""
        try:
            release(claim)
        except Error:
            log.warning("Could not give back %s %s", claim.kind, claim.key, exc_info=True)

    def _beat_of(self, claim: Claim) -> Beat:
        self._looked_at = time.monotonic()

        def beat(done: float) -> None:
            if self.should_stop() or KEEPER.is_lost(claim):
                raise Interrupted
            now = time.monotonic()
            if now - self._looked_at < LOOK_SECONDS:
                return
            self._looked_at = now
            try:
                is_ours = claim.rows().update(progress=min(max(float(done), 0.0), 1.0))
                wanted = Run.objects.filter(pk=claim.run_id, state=RunState.RUNNING).exists()
            except Error:
                reconnect()
                return  # the work is worth more than the look
            if not (is_ours and wanted):
                raise Interrupted

        return beat


def settings_of(run: Run) -> PipelineSettings:
    """The run's settings, as they were frozen."""
    return spec_of(run.pipeline).read_settings(run.settings)
