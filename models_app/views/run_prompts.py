"""The exact prompt: of a run before it starts, where it can be changed, and of a run that was started."""

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotator.access import StudyRequest, study_view
from annotator.errors import RefusedError
from annotator.models import Role, Study
from models_app.clients.base import ClientName
from models_app.clients.keys import missing
from models_app.forms.runs import RunForm, template_name
from models_app.models import Run
from models_app.pipelines.base import Step
from models_app.presets import title_of
from models_app.queries.llm_estimate import asked_in
from models_app.queries.prompts import ShownPrompt, count_exactly, prompts_before, prompts_of
from models_app.specs import LlmSettings
from models_app.views.run_start import codebook_of, form_of


@require_http_methods(["GET", "HEAD", "POST"])
@study_view(Role.RESEARCHER)
def run_prompt_new(request: StudyRequest, study: Study, pipeline: str) -> HttpResponse:
    """What the run of the form would tell its model; its templates, to be changed for this run."""
    form = _asking_form(request, study, pipeline)
    if (step := request.POST.get("reset")) in form.spec.steps:
        data = request.POST.copy()
        data[template_name(Step(step))] = ""
        form = RunForm(data, study=study, spec=form.spec, parent=form.parent)
    prompts, error = _prompts(form)
    steps = {template_name(prompt.step): prompt for prompt in prompts}
    context = {
        "spec": form.spec,
        "title": title_of(form.spec),
        "form": form,
        "prompts": [(name, prompt, _counts(form, prompt.step)) for name, prompt in steps.items()],
        "carried": [field for field in form if field.name not in steps],
        "error": error,
        "is_wrong": any(prompt.error for prompt in prompts),
        "is_own": bool(form.templates),
    }
    return render(request, "models_app/run_prompt_new.html", context)


@require_POST
@study_view(Role.RESEARCHER)
def run_prompt_count(request: StudyRequest, study: Study, pipeline: str) -> HttpResponse:
    """How many tokens the provider counts in the prompt of a step."""
    form = _asking_form(request, study, pipeline)
    step = request.POST.get("step", "")
    prompts, error = _prompts(form)
    found = next((prompt for prompt in prompts if prompt.step == step), None)
    context: dict[str, object] = {"error": error or (found.error if found else _("There is no such prompt."))}
    if found and not context["error"]:
        client, model = asked_in(found.step, _settings(form))
        try:
            context |= {"n": count_exactly(found.text, client=client, model=model), "model": model}
        except RefusedError as refused:
            context["error"] = capfirst(str(refused))
    return render(request, "models_app/partials/prompt_count.html", context)


@require_safe
@study_view(Role.RESEARCHER)
def run_prompt(request: StudyRequest, study: Study, pk: int) -> HttpResponse:
    """What a run tells its model, word for word; what was changed in it."""
    runs = Run.objects.in_study(study).defer("codebook__document")
    run = get_object_or_404(runs.select_related("codebook", "cloned_from"), pk=pk)
    prompts = prompts_of(run, parent=run.cloned_from)
    if not prompts:
        raise Http404
    return render(request, "models_app/run_prompt.html", {"run": run, "prompts": prompts})


def _asking_form(request: StudyRequest, study: Study, pipeline: str) -> RunForm:
    form = form_of(request, study, pipeline)
    if not form.spec.steps:
        raise Http404
    return form


def _settings(form: RunForm) -> LlmSettings:
    settings = form.settings
    assert isinstance(settings, LlmSettings)  # noqa: S101 - pipelines with steps have no other
    return settings


def _prompts(form: RunForm) -> tuple[list[ShownPrompt], str]:
    """The prompts of the form, or why there are none."""
    codebook = codebook_of(form.study)
    if codebook is None:
        return [], ""
    try:
        found = prompts_before(
            spec=form.spec, settings=_settings(form), codebook=codebook, templates=form.templates
        )
    except RefusedError as error:
        return [], capfirst(str(error))
    return found, ""


def _counts(form: RunForm, step: Step) -> bool:
    """Whether the provider of the step can be asked to count."""
    client, _model = asked_in(step, _settings(form))
    return client == ClientName.GEMINI and not missing(client)
