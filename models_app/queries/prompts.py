"""Prompts as pages show them: what a run would tell its model or has told it, and how that was changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from annotator.errors import RefusedError
from annotator.models import Codebook
from models_app.actions.prompts import examples_for, given_for, prompt_codebook
from models_app.clients.base import ClientName, ProviderError, Request, Text
from models_app.clients.keys import missing, redact
from models_app.models import Run, RunPrompt
from models_app.pipelines.base import Step
from models_app.pipelines.llm.prompts import (
    about_tokens,
    check_template,
    prompt_hash,
    render,
    template_source,
)
from models_app.pipelines.llm.templates import MOST_SOURCE, BadTemplateError
from models_app.queries.scripts_difference import DiffLine, difference
from models_app.specs import PipelineSettings, PipelineSpec

COUNT_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class ShownPrompt:
    """The prompt of one step."""

    step: Step
    title: str
    text: str = ""
    hash: str = ""
    n_tokens: int = 0  # about
    template: str = ""
    is_own: bool = False  # the template is the researcher's
    changes: Sequence[DiffLine] = field(default=())  # of the template, against the one that ships
    against: Sequence[DiffLine] = field(default=())  # of the prompt, against that of the run that is repeated
    error: str = ""  # why the template gives no prompt
    line: int | None = None  # of the template, at which it stands
    line_text: str = ""


def title_of(step: Step) -> str:
    """What the step is for."""
    return _("Prompt for the script") if step == Step.SCRIPT else _("Prompt for the values")


def prompts_before(
    *, spec: PipelineSpec, settings: PipelineSettings, codebook: Codebook, templates: Mapping[Step, str]
) -> list[ShownPrompt]:
    """The prompts that a run would have; RefusedError where the codebook gives none."""
    doc = prompt_codebook(codebook)
    shown = []
    for step in spec.steps:
        base = template_source(step)
        own = templates.get(step, "")
        template = own or base
        given, examples = given_for(spec, step), examples_for(settings, step)
        try:
            text = render(step, doc, given=given, examples=examples, template=template)
            if own:
                check_template(own)  # it must hold for every codebook and every preset
        except BadTemplateError as error:
            shown.append(_broken(step, template, base, error))
            continue
        shown.append(_shown(step, text, template=template, base=base if own else ""))
    return shown


def prompts_of(run: Run, *, parent: Run | None) -> list[ShownPrompt]:
    """The prompts that were frozen with a run."""
    before = {}
    if parent:
        rows = RunPrompt.objects.filter(run=parent).select_related("prompt")
        before = {row.step: row.prompt.text for row in rows}
    order = {step: place for place, step in enumerate(Step)}
    rows = RunPrompt.objects.filter(run=run).select_related("prompt")
    return [
        _shown(
            Step(row.step),
            row.prompt.text,
            template=row.template,
            base=row.base,
            before=before.get(row.step, ""),
        )
        for row in sorted(rows, key=lambda row: order[Step(row.step)])
    ]


def count_exactly(text: str, *, client: ClientName, model: str) -> int:
    """How many tokens the provider counts in a prompt; RefusedError where it cannot be asked."""
    if client != ClientName.GEMINI:
        raise RefusedError(_("only Gemini counts tokens before it is asked."))
    if lacking := missing(client):
        raise RefusedError(
            _("there is no key to ask with: %(names)s is not set where this page is served.")
            % {"names": " / ".join(lacking)}
        )
    from models_app.clients.gemini import GeminiClient  # the library takes a second to load

    counter = GeminiClient()
    try:
        # The system instruction alone: what is judged comes on top, and differs from video to video.
        request = Request(model=model, system="", parts=(Text(text),))
        return counter.count_tokens(request, timeout=COUNT_SECONDS)
    except ProviderError as error:
        raise RefusedError(redact(str(error))) from None
    finally:
        counter.close()


def _shown(step: Step, text: str, *, template: str, base: str, before: str = "") -> ShownPrompt:
    return ShownPrompt(
        step=step,
        title=title_of(step),
        text=text,
        hash=prompt_hash(text),
        n_tokens=about_tokens(text),
        template=template,
        is_own=bool(base),
        changes=_changed(base, template) if base else (),
        against=_changed(before, text) if before and before != text else (),
    )


def _broken(step: Step, template: str, base: str, error: BadTemplateError) -> ShownPrompt:
    lines = template.splitlines()
    line = error.line if error.line and error.line <= len(lines) else None
    return ShownPrompt(
        step=step,
        title=title_of(step),
        template=template,
        is_own=True,
        changes=_changed(base, template) if len(template) <= MOST_SOURCE else (),
        error=error.why,
        line=line,
        line_text=lines[line - 1].strip() if line else "",
    )


def _changed(before: str, after: str) -> list[DiffLine]:
    return [line for line in difference(before, after) if line.is_changed]
