"""Starting a run: which pipeline, with what settings, what it will take, and whether to try it first."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotator.access import StudyRequest, study_view
from annotator.actions.batches import batch_for_trials, n_for_development, untouched_videos
from annotator.blindness import is_bound
from annotator.errors import RefusedError
from annotator.models import Codebook, Purpose, Role, Study, Video
from models_app.actions.prompts import rendered_prompts
from models_app.actions.run_budgets import read_budget
from models_app.actions.runs import start_run
from models_app.actions.trials import start_trial
from models_app.forms.runs import WHOLE, RunForm, is_key
from models_app.forms.settings import settings_of
from models_app.models import Run, RunOrigin
from models_app.presets import others, presets, title_of
from models_app.queries.llm_estimate import LlmEstimate, estimate_llm
from models_app.queries.materials import Estimate, estimate, materials_of, scope_of, usable
from models_app.queries.providers import provider_of, providers
from models_app.specs import LlmSettings, Needs, PipelineSpec, spec_of


@require_safe
@study_view(Role.RESEARCHER)
def run_choose(request: StudyRequest, study: Study) -> HttpResponse:
    """Which pipeline, with what each needs and what of it is there."""
    context = {
        "presets": presets(),
        "others": others(),
        "providers": providers(),
        "materials": materials_of(study),
        "is_bound": is_bound(request.user, study),
    }
    return render(request, "models_app/run_choose.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@study_view(Role.RESEARCHER)
def run_create(request: StudyRequest, study: Study, pipeline: str) -> HttpResponse:
    """What to run on what, with what is to be expected of it; then start it, or try it first."""
    form = form_of(request, study, pipeline)
    does = request.POST.get("do", "start")
    if request.method == "POST" and does != "back" and form.is_valid():
        run = _started(form, request, tries=does == "trial")
        if run:
            said = _("The trial has started as run %(n)d.") if run.is_trial else _("Run %(n)d has started.")
            messages.success(request, said % {"n": run.pk})
            return redirect("models_app:run_detail", study.slug, run.pk)
    return render(request, "models_app/run_create.html", _context(form, request))


@require_POST
@study_view(Role.RESEARCHER)
def run_estimate(request: StudyRequest, study: Study, pipeline: str) -> HttpResponse:
    """What is to be expected of the run that the form describes at the moment, and what a trial would be."""
    form = form_of(request, study, pipeline)
    context = _context(form, request)
    answer = render(request, "models_app/run_create.html#estimate", context)
    if form.spec.steps:
        trial = render(request, "models_app/run_create.html#trial", context | {"is_update": True})
        answer.write(trial.content)
    return answer


def form_of(request: StudyRequest, study: Study, pipeline: str) -> RunForm:
    """The form as it was sent; else as it is offered, or as the run that is to be repeated fills it."""
    spec = spec_or_404(pipeline)
    parent = _parent(request, study, spec)
    if request.method == "POST":
        return RunForm(request.POST, study=study, spec=spec, parent=parent)
    offered = {"videos": WHOLE} if request.GET.get("videos") == WHOLE else {}
    return RunForm(None, study=study, spec=spec, parent=parent, initial=offered)


def spec_or_404(pipeline: str) -> PipelineSpec:
    """The pipeline of an address."""
    try:
        return spec_of(pipeline)
    except RefusedError:
        raise Http404 from None


def codebook_of(study: Study) -> Codebook | None:
    """The version in force, with its document."""
    if study.codebook_id is None:
        return None
    return Codebook.objects.get(pk=study.codebook_id)


def _parent(request: StudyRequest, study: Study, spec: PipelineSpec) -> Run | None:
    """The run that is repeated with changes: of this study and pipeline, and run here."""
    given = request.POST.get("cloned_from", "") or request.GET.get("from", "")
    if not given:
        return None
    runs = Run.objects.in_study(study).filter(pipeline=spec.name, origin=RunOrigin.PIPELINE)
    return get_object_or_404(runs, pk=int(given) if is_key(given) else 0)


def _started(form: RunForm, request: StudyRequest, *, tries: bool) -> Run | None:
    """The new run, or None with the reason on the form."""
    given: dict[str, Any] = {
        "study": form.study,
        "pipeline": form.spec.name,
        "settings": settings_of(form.spec, form.cleaned_data),
        "scripts": form.scripts,
        "approved": form.cleaned_data.get("approved", False),
        "budget": form.cleaned_data.get("budget", ""),
        "templates": form.templates,
        "cloned_from": form.parent,
        "by": request.user,
    }
    among = _among(form) if tries else None
    if among is not None and _trial(form).get("lacks_approved"):
        form.add_error("approved", _("No trial can be made with approved scripts alone."))
        return None
    if form.cleaned_data.get("budget") and (too_little := _too_little(form, _expected(form, videos=among))):
        form.add_error("budget", too_little)
        return None
    try:
        if among is not None:
            return start_trial(among=among, **given)
        return start_run(is_trial=_is_trial(form), **_scope(form), **given)
    except RefusedError as error:
        form.add_error(None, _why(form, request, error))
        return None


def _scope(form: RunForm) -> dict[str, Any]:
    """The videos, as `start_run` takes them."""
    if form.parent and form.is_same_scope:
        rows = form.parent.scope_rows.filter(video__withdrawn_at__isnull=True)
        keys = list(rows.values_list("video", flat=True))
        return {"videos": form.parent.scope.get("videos", ""), "video_ids": keys}
    return {"videos": form.batch.name if form.batch else ""}


def _is_trial(form: RunForm) -> bool:
    """Whether the videos are never scored: then it is a trial, whichever button was pressed."""
    if form.parent and form.is_same_scope:
        return form.parent.is_trial
    return form.batch is not None and form.batch.purpose == Purpose.DEVELOPMENT


def _too_little(form: RunForm, llm: LlmEstimate | str) -> str:
    """Why the budget would stop the run before its first question; empty where it would not."""
    budget = read_budget(form.said.get("budget"))
    if budget is None or isinstance(llm, str) or llm.least_budget is None or budget >= llm.least_budget:
        return ""
    message = _(
        "A budget of less than %(least)s %(currency)s would stop the run before its first question: one video"
        " may cost that much, until the first answer shows what it takes. It is less with a shorter longest"
        " answer."
    )
    return message % {"least": f"{llm.least_budget:f}", "currency": llm.currency}


def _among(form: RunForm, *, approved: bool | None = None) -> QuerySet[Video]:
    """What a trial can work on. approved: only approved scripts; None: as the form says."""
    if approved is None:
        approved = bool(form.said.get("approved"))
    videos = scope_of(study=form.study, spec=form.spec, scripts=form.read_model, approved=approved)
    return usable(videos, spec=form.spec, scripts=form.read_model)


def _why(form: RunForm, request: StudyRequest, error: RefusedError) -> str:
    """Why it was refused; how much gold there is would tell a coder where the others agreed with them."""
    knows_gold = form.spec.learns or form.cleaned_data.get("examples") == "gold"
    if knows_gold and is_bound(request.user, form.study):
        return _(
            "The run was refused. Why could tell of gold that is kept from you, as you code in this study:"
            " ask a researcher who does not code to start it, or choose more videos or fewer folds."
        )
    return capfirst(str(error))


def _context(form: RunForm, request: StudyRequest) -> dict[str, Any]:
    """Everything that the page and its estimate show."""
    context: dict[str, Any] = {
        "spec": form.spec,
        "title": title_of(form.spec),
        "form": form,
        "parent": form.parent,
        "is_bound": is_bound(request.user, form.study),
        "estimate": _estimate(form),
        "has_codebook": form.study.codebook_id is not None,
        "refusals": form.refusals,
        "n_unapproved": _n_unapproved(form),
    }
    settings = form.settings
    if isinstance(settings, LlmSettings) and not form.lacks_scripts:
        lacking = [provider_of(client) for client in form.spec.clients_of(settings)]
        llm = "" if form.refusals else _expected(form)
        context |= {
            "llm": llm,
            "too_little": _too_little(form, llm),
            "lacking": [provider for provider in lacking if provider.missing],
            "is_own_prompt": bool(form.templates),
            "trial": _trial(form),
        }
    return context


def _estimate(form: RunForm) -> Estimate:
    """How many videos there are to work on."""
    folds = form.said.get("folds")
    default = form.spec.settings.model_fields.get("folds")
    return estimate(
        spec=form.spec,
        videos=form.videos,
        scripts=form.read_model,
        n_folds=folds if isinstance(folds, int) else default.default if default else 0,
    )


def _n_unapproved(form: RunForm) -> int:
    """How many videos are left out because their scripts are not approved."""
    if form.spec.needs != Needs.SCRIPT or not form.said.get("approved"):
        return 0
    videos = form.videos_whatever_was_approved
    return usable(videos, spec=form.spec, scripts=form.read_model).count() - form.videos.count()


def _expected(form: RunForm, *, videos: QuerySet[Video] | None = None) -> LlmEstimate | str:
    """What asking will take; empty where nobody is asked, a sentence where no prompt can be made.

    videos: instead of those that the form names.
    """
    settings = form.settings
    if not isinstance(settings, LlmSettings):
        return ""
    codebook = codebook_of(form.study)
    if codebook is None:
        return _("The study has no codebook yet: install one first.")
    try:
        rendered = rendered_prompts(
            spec=form.spec, settings=settings, codebook=codebook, templates=form.templates
        )
    except RefusedError as error:
        return capfirst(str(error))
    return estimate_llm(
        study=form.study,
        spec=form.spec,
        settings=settings,
        videos=usable(form.videos, spec=form.spec, scripts=form.read_model) if videos is None else videos,
        prompts={prompt.step: prompt.text for prompt in rendered},
        scripts=form.read_model,
        n_values=codebook.values.count(),
        parent=form.parent,
    )


def _trial(form: RunForm) -> dict[str, Any]:
    """What "Try it first" would work on; where that is nothing, whether more approved scripts would help."""
    found = _trial_among(form, _among(form))
    if not found["n"] and form.said.get("approved"):
        found["lacks_approved"] = bool(_trial_among(form, _among(form, approved=False))["n"])
    return found


def _trial_among(form: RunForm, among: QuerySet[Video]) -> dict[str, Any]:
    batch = batch_for_trials(study=form.study, among=among)
    if batch:
        return {"batch": batch, "n": among.filter(batch=batch).count()}
    n_free = untouched_videos(among).count()
    return {"n": n_for_development(n_free), "n_free": n_free}
