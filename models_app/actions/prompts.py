"""The prompts of a run: rendered once, from its codebook version, and kept word for word."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from annotator.actions.codebook import document_of
from annotator.codebooks.file import CodebookDoc, CodebookFileError
from annotator.errors import RefusedError
from annotator.models import Codebook
from models_app.models import Prompt, PromptStep, Run, RunPrompt
from models_app.pipelines.base import Step
from models_app.pipelines.llm.prompts import prompt_hash, prompts_hash, render, template_source
from models_app.pipelines.llm.templates import BadTemplateError
from models_app.specs import Needs, PipelineSettings, PipelineSpec


@dataclass(frozen=True, slots=True)
class Rendered:
    """The prompt of one step, before it has a run."""

    step: Step
    text: str
    template: str  # that it was rendered from
    base: str = ""  # the one that ships, where the template is a researcher's own


def rendered_prompts(
    *, spec: PipelineSpec, settings: PipelineSettings, codebook: Codebook, templates: Mapping[Step, str]
) -> list[Rendered]:
    """A prompt for each step of the pipeline; RefusedError where a template gives none."""
    if odd := [step for step in templates if step not in spec.steps]:
        message = _("%(pipeline)s has no prompt for “%(step)s”.")
        raise RefusedError(message % {"pipeline": spec.name, "step": odd[0]})
    if not spec.steps:
        return []
    doc = prompt_codebook(codebook)
    return [
        _rendered(step, spec=spec, settings=settings, doc=doc, own=templates.get(step, ""))
        for step in spec.steps
    ]


def prompt_codebook(codebook: Codebook) -> CodebookDoc:
    """The codebook as prompts are rendered from it: with the stances that the version offers."""
    try:
        doc = document_of(codebook)
    except CodebookFileError as error:
        message = _("no prompt can be made of the codebook: %(why)s")
        raise RefusedError(message % {"why": error}) from None
    return doc.model_copy(update={"allow_dominant": codebook.allow_dominant})


def given_for(spec: PipelineSpec, step: Step) -> str:
    """What the model is given in a step: the video, or a script."""
    reads_script = spec.needs == Needs.SCRIPT or Step.SCRIPT in spec.steps
    return "script" if step == Step.VALUES and reads_script else "video"


def examples_for(settings: PipelineSettings, step: Step) -> str:
    """Which examples the prompt of a step speaks of."""
    return str(getattr(settings, "examples", "none")) if step == Step.VALUES else "none"


def hash_of(prompts: Sequence[Rendered]) -> str:
    """What the prompts are known by together; empty where there are none."""
    return prompts_hash({prompt.step: prompt.text for prompt in prompts}) if prompts else ""


def freeze_prompts(run: Run, prompts: Sequence[Rendered]) -> None:
    """Keep them with the run; equal texts are one row. Inside the transaction that makes the run."""
    for prompt in prompts:
        row, _is_new = Prompt.objects.get_or_create(
            hash=prompt_hash(prompt.text), defaults={"text": prompt.text}
        )
        RunPrompt.objects.create(
            run=run, step=PromptStep(prompt.step), prompt=row, template=prompt.template, base=prompt.base
        )


def _rendered(
    step: Step, *, spec: PipelineSpec, settings: PipelineSettings, doc: CodebookDoc, own: str
) -> Rendered:
    base = template_source(step)
    own = own.replace("\r\n", "\n").replace("\0", "")  # a form sends its lines so
    is_own = bool(own.strip()) and own.strip() != base.strip()
    template = own if is_own else base
    try:
        text = render(
            step,
            doc,
            given=given_for(spec, step),
            examples=examples_for(settings, step),
            template=template,
        )
    except BadTemplateError as error:
        message = _("the template of the prompt for “%(step)s”: %(why)s.")
        raise RefusedError(message % {"step": PromptStep(step).label, "why": error}) from None
    return Rendered(step, text, template=template, base=base if is_own else "")
