"""Runs: started, paused, resumed, cancelled, their failed items tried again."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from annotator.actions.codebook import freeze_codebook
from annotator.errors import RefusedError
from annotator.locks import locked
from annotator.models import Change, Codebook, Study, User
from models_app.actions.llm_settings import whole_settings
from models_app.actions.prompts import freeze_prompts, hash_of, rendered_prompts
from models_app.actions.retries import ask_anew
from models_app.actions.run_budgets import models_paid_for, read_budget, said_of_budget
from models_app.actions.scope import freeze, refuse_scored
from models_app.actions.shots import chosen_shots, freeze_shots, shows_gold
from models_app.engine.gate import open_gates
from models_app.engine.nudges import nudge_on_commit
from models_app.models import (
    UNANSWERED_STATES,
    ItemKind,
    ItemState,
    Run,
    RunEvent,
    RunItem,
    RunState,
    RunVideo,
)
from models_app.models.run import new_seed
from models_app.pipelines.base import Step
from models_app.prices import need_prices
from models_app.queries.provider_waits import clients_of
from models_app.specs import LlmSettings, Needs, spec_of

DOUBLE_CLICK = timedelta(seconds=5)
STOPPABLE = (RunState.RUNNING, RunState.PAUSED)


def start_run(
    *,
    study: Study,
    pipeline: str,
    settings: Mapping[str, Any],
    videos: str = "",
    scripts: str = "",
    by: User | None = None,
    video_ids: Collection[int] | None = None,
    templates: Mapping[Step, str] | None = None,
    budget: Decimal | str | None = None,
    approved: bool = False,
    is_trial: bool = False,
    cloned_from: Run | None = None,
) -> Run:
    """Start a run over a frozen scope; RefusedError, with nothing changed, where it cannot be.

    videos: a batch's name, or empty for the whole study; with video_ids, what the choice is called.
    scripts: whose scripts are read, or are shown as gold examples.
    templates: a researcher's own, by the step whose prompt they render.
    budget: what it may cost, in the price table's currency; the run pauses before it would cost more.
    approved: only videos whose newest script by the model is approved.
    is_trial: to try a prompt; all its videos are in development batches, which are never scored.
    cloned_from: the run of the same pipeline whose settings were changed.
    The same person asking for the same again within seconds gets the run that they have just started.
    """
    spec = spec_of(pipeline)
    read = whole_settings(spec, spec.read_settings(settings))
    if study.codebook_id is None:
        raise RefusedError(_("the study has no codebook yet: install one first."))
    codebook = Codebook.objects.get(pk=study.codebook_id)
    prompts = rendered_prompts(spec=spec, settings=read, codebook=codebook, templates=templates or {})
    limit = read_budget(budget)
    if limit is not None:
        need_prices(models_paid_for(spec, read))
    seed = new_seed()
    for_examples = scripts if spec.needs != Needs.SCRIPT and shows_gold(read) else ""
    frozen = freeze(
        study=study,
        spec=spec,
        settings=read,
        seed=seed,
        videos=videos,
        video_ids=video_ids,
        scripts="" if for_examples else scripts,
        approved=approved,
    )
    if is_trial:
        refuse_scored(frozen.rows)
    shots = chosen_shots(
        study=study, codebook=codebook, settings=read, scripts=frozen.scripts or for_examples
    )
    run = Run(
        study=study,
        pipeline=spec.name,
        model=spec.model_name(read)[:200],
        gives=spec.gives,
        settings=read.model_dump(mode="json"),
        scope={
            "videos": videos,
            "scripts": frozen.scripts,
            "n_videos": len(frozen.rows),
            "n_problems": frozen.n_problems,
            **({"approved": True} if approved else {}),
            **({"n_edits": frozen.n_edits} if frozen.n_edits else {}),
            **({"example_scripts": shots.model} if shots.rows else {}),
        },
        codebook=codebook,
        codebook_hash=codebook.content_hash,
        prompt_hash=hash_of(prompts),
        client=str(read.client) if isinstance(read, LlmSettings) else "",
        budget=limit,
        is_trial=is_trial,
        cloned_from=cloned_from,
        seed=seed,
        queue=spec.queue_for(read),
        created_by=by,
    )
    with transaction.atomic():
        now_in_force = locked(Study.objects.filter(pk=study.pk)).get().codebook_id
        if now_in_force != codebook.pk:
            raise RefusedError(_("the codebook has just been replaced; look at it and start again."))
        if (twin := _just_started(run, by=by)) is not None:
            return twin
        freeze_codebook(codebook=codebook, because="the first run")
        run.save()
        frozen.belongs_to(run)
        freeze_prompts(run, prompts)
        freeze_shots(run, shots)
        RunVideo.objects.bulk_create(frozen.rows, batch_size=1000)
        RunItem.objects.bulk_create(frozen.items, batch_size=1000)
        detail = {"items": len(frozen.items), "problems": frozen.problems} | said_of_budget(limit)
        _log(run, "started", by=by, detail=detail)
        nudge_on_commit(run, n_items=len(frozen.items))
    return run


@transaction.atomic
def pause_run(*, run: Run, by: User | None, because: str = "") -> Run:
    """Let no more items be taken on; what lasts is dropped and waits. Nothing happens the second time.

    A run that paused itself for a while stays paused then.
    """
    run = _locked(run)
    if run.state == RunState.PAUSED and run.resume_at is None:
        return run
    if run.state not in STOPPABLE:
        raise RefusedError(
            _("the run has ended (%(state)s); only a running one can be paused.") % _state(run)
        )
    run.state, run.paused_because, run.resume_at = RunState.PAUSED, because[:300], None
    run.save(update_fields=["state", "paused_because", "resume_at"])
    _log(run, "paused", by=by, detail={"because": because} if because else {})
    return run


@transaction.atomic
def resume_run(*, run: Run, by: User | None, budget: Decimal | str | None = None) -> Run:
    """Go on with a paused or cancelled run: what was stored stays, the rest is done.

    Its providers are asked at once, though they may have asked to wait.

    budget: what the run may cost from now on, what it has cost included; None leaves it as it is.
    """
    run = _locked(run)
    if run.state == RunState.FINISHED:
        raise RefusedError(_("the run is finished; there is nothing to go on with."))
    limit = read_budget(budget)
    if limit is not None and limit != run.budget:
        _change_budget(run, limit, by=by)
    if run.state == RunState.RUNNING:
        return run
    run.state, run.paused_because, run.ended_at, run.resume_at = RunState.RUNNING, "", None, None
    run.save(update_fields=["state", "paused_because", "ended_at", "resume_at"])
    _log(run, "resumed", by=by)
    # Not within: a run that is paused for its provider locks the gate first, and itself then.
    transaction.on_commit(partial(open_gates, clients_of(run)))
    nudge_on_commit(run)
    return run


@transaction.atomic
def cancel_run(*, run: Run, by: User | None) -> Run:
    """Stop a run: nothing more comes of it, what was stored stays. It can be resumed."""
    run = _locked(run)
    if run.state == RunState.CANCELLED:
        return run
    if run.state not in STOPPABLE:
        raise RefusedError(_("the run is finished; it cannot be cancelled."))
    run.state, run.paused_because = RunState.CANCELLED, ""
    Run.objects.filter(pk=run.pk).update(state=run.state, paused_because="", resume_at=None, ended_at=Now())
    run.refresh_from_db(fields=["ended_at", "resume_at"])
    # Without their tokens, those at work can store nothing more. In the order of keys, as others lock.
    in_hand = (ItemState.WORKING, ItemState.SENT)
    working = locked(RunItem.objects.filter(run=run, state__in=in_hand)).order_by("pk")
    RunItem.objects.filter(pk__in=list(working.values_list("pk", flat=True))).update(
        state=ItemState.WAITING, token=None, worker="", lease_until=None, progress=0, n_attempts=0
    )
    _log(run, "cancelled", by=by)
    return run


@transaction.atomic
def retry_failed(*, run: Run, by: User | None, code: str = "", video: int | None = None) -> int:
    """Try again what failed or was blocked, all, of one cause or of one video; how many.

    What a model answered is not taken from the cache again, unless the failure had nothing to do with it.
    """
    run = _locked(run)
    if run.state == RunState.CANCELLED:
        raise RefusedError(_("the run was cancelled: resume it, then retry what failed."))
    failed = Q(run=run, state__in=UNANSWERED_STATES) & (Q(error_code=code) if code else Q())
    if video is not None:
        failed &= Q(kind=ItemKind.VIDEO, key=video)
    ask_anew(run, failed)
    n = RunItem.objects.filter(failed).update(
        state=ItemState.WAITING,
        n_attempts=0,
        progress=0,
        worker="",
        started_at=None,
        ended_at=None,
        error_code="",
        error="",
        error_detail="",
    )
    if not n:
        return 0
    if run.state == RunState.FINISHED:
        run.state, run.ended_at = RunState.RUNNING, None
        run.save(update_fields=["state", "ended_at"])
    _log(run, "retried", by=by, detail={"items": n} | ({"code": code} if code else {}))
    if run.state == RunState.RUNNING:
        nudge_on_commit(run, n_items=n)
    return n


def _change_budget(run: Run, budget: Decimal, *, by: User | None) -> None:
    spec = spec_of(run.pipeline)
    need_prices(models_paid_for(spec, spec.read_settings(run.settings)))
    run.budget = budget
    run.save(update_fields=["budget"])
    _log(run, "budget", by=by, detail=said_of_budget(budget))


def _locked(run: Run) -> Run:
    """The run as it is now, kept from others until the transaction ends."""
    return locked(Run.objects.select_related("study").filter(pk=run.pk)).get()


def _just_started(run: Run, *, by: User | None) -> Run | None:
    """The same run, if the same person started it seconds ago: a button pressed twice."""
    if by is None:
        return None
    twins = Run.objects.filter(
        study=run.study_id,
        pipeline=run.pipeline,
        created_by=by,
        state=RunState.RUNNING,
        created_at__gte=Now() - DOUBLE_CLICK,
    )
    same = (run.settings, run.scope, run.prompt_hash)
    return next((twin for twin in twins if (twin.settings, twin.scope, twin.prompt_hash) == same), None)


def _log(run: Run, what: str, *, by: User | None, detail: Mapping[str, Any] | None = None) -> None:
    """A line of the run's log and one of the study's history."""
    RunEvent.objects.create(run=run, what=what, by=by, detail=dict(detail or {}))
    about = {"run": run.pk, "pipeline": run.pipeline, "model": run.model}
    Change.objects.record(study=run.study, by=by, what=f"run.{what}", after=about | dict(detail or {}))


def _state(run: Run) -> dict[str, str]:
    return {"state": str(RunState(run.state).label)}
