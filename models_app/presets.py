"""Ways to ask language models, in the words of those who do: what a new run begins with."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from models_app.specs import SPECS, PipelineName, PipelineSpec

PRESETS: dict[PipelineName, Promise] = {
    PipelineName.LLM_DIRECT: gettext_lazy("Video to values (direct)"),
    PipelineName.LLM_TWO_STEP: gettext_lazy("Video to script to values (two-step)"),
    PipelineName.LLM_SCRIPT: gettext_lazy("Scripts only"),
    PipelineName.LLM_FROM_SCRIPT: gettext_lazy("Values from scripts"),
}


def title_of(spec: PipelineSpec) -> Promise:
    """What a page calls the pipeline where a run is started."""
    return PRESETS.get(spec.name, spec.title)


def presets() -> list[tuple[Promise, PipelineSpec]]:
    """Those that ask language models, each with its title."""
    return [(title, SPECS[name]) for name, title in PRESETS.items()]


def others() -> list[tuple[Promise, PipelineSpec]]:
    """Those that work on our own machines."""
    return [(spec.title, spec) for name, spec in SPECS.items() if name not in PRESETS]
