"""The pipelines by name: what each needs, gives and can be told. Free of torch, so that pages may read it.

What does the work is in models_app.pipelines, and is loaded by workers only (models_app.registry).
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings as django_settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import ValidationError

from annotator.errors import RefusedError
from models_app.clients.base import ClientName
from models_app.pipelines.base import Step
from models_app.specs.llm import (
    LlmDirectSettings,
    LlmFromScriptSettings,
    LlmScriptSettings,
    LlmSettings,
    LlmTwoStepSettings,
    ValuesSettings,
    WatchingSettings,
)
from models_app.specs.settings import (
    EMBEDDED_SPEECH_MODEL,
    EMBEDDED_TEXT_MODEL,
    CreatorPriorSettings,
    DictionarySettings,
    FoldSettings,
    LocalScriptSettings,
    MaskedLmSettings,
    PipelineSettings,
)

__all__ = [
    "EMBEDDED_SPEECH_MODEL",
    "EMBEDDED_TEXT_MODEL",
    "IMPORT",
    "SPECS",
    "CreatorPriorSettings",
    "DictionarySettings",
    "FoldSettings",
    "LlmDirectSettings",
    "LlmFromScriptSettings",
    "LlmScriptSettings",
    "LlmSettings",
    "LlmTwoStepSettings",
    "LocalScriptSettings",
    "MaskedLmSettings",
    "Needs",
    "PipelineName",
    "PipelineSettings",
    "PipelineSpec",
    "Queue",
    "ValuesSettings",
    "WatchingSettings",
    "spec_of",
]


class PipelineName(enum.StrEnum):
    """What `run_pipeline` calls them."""

    LOCAL_SCRIPT = "local-script"
    MASKED_LM = "masked-lm"
    CREATOR_PRIOR = "creator-prior"
    DICTIONARY = "dictionary"
    LLM_SCRIPT = "llm-script"
    LLM_DIRECT = "llm-direct"
    LLM_FROM_SCRIPT = "llm-from-script"
    LLM_TWO_STEP = "llm-two-step"


class Needs(enum.StrEnum):
    """What a pipeline reads of a video, beyond its row."""

    MEDIA = "media"
    SCRIPT = "script"
    NOTHING = "nothing"


class Queue(enum.StrEnum):
    """Which workers take a run on."""

    IO = "io"  # waits for others; many at a time
    CPU = "cpu"  # media; one at a time
    GPU = "gpu"  # training and inference; one at a time


@dataclass(frozen=True, slots=True)
class PipelineSpec:
    """One pipeline, as pages, commands and the engine see it."""

    name: PipelineName
    title: Promise
    summary: Promise
    gives: str  # models_app.models.Gives
    needs: Needs
    settings: type[PipelineSettings]
    queue: Queue
    learns: bool = False  # from gold, in folds: its unit of work is a fold, not a video
    model_setting: str = ""  # the setting that names the model; else the model is called as the title says
    steps: tuple[Step, ...] = ()  # what it asks a language model for, in order; empty: it asks none

    def read_settings(self, given: Mapping[str, Any]) -> PipelineSettings:
        """Settings with the defaults filled in, or RefusedError naming the first one that is wrong."""
        try:
            return self.settings.model_validate(dict(given))
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(str(part) for part in first["loc"])
            if first["type"] == "extra_forbidden":
                known = ", ".join(self.settings.model_fields)
                message = _("%(pipeline)s has no setting “%(name)s”; there are: %(known)s.")
                values = {"pipeline": self.name, "name": name, "known": known}
                raise RefusedError(message % values) from None
            message = _("setting “%(name)s”: %(why)s.")
            raise RefusedError(message % {"name": name, "why": first["msg"]}) from None

    def model_name(self, settings: PipelineSettings) -> str:
        """What the run's model is called."""
        if isinstance(settings, LlmSettings):
            return settings.model or default_model(settings.client)
        return str(getattr(settings, self.model_setting)) if self.model_setting else str(self.name)

    def queue_for(self, settings: PipelineSettings) -> Queue:
        """Which workers take it: asking others is waiting, a model of one's own is computing."""
        if isinstance(settings, LlmSettings):
            return Queue.GPU if ClientName.TRANSFORMERS in self.clients_of(settings) else Queue.IO
        return self.queue

    def clients_of(self, settings: PipelineSettings) -> tuple[ClientName, ...]:
        """Whom it asks, in the order of its steps."""
        if not isinstance(settings, LlmSettings):
            return ()
        first = settings.script_client if isinstance(settings, LlmTwoStepSettings) else None
        return tuple(dict.fromkeys((first or settings.client, settings.client)))


SPECS: dict[PipelineName, PipelineSpec] = {
    spec.name: spec
    for spec in (
        PipelineSpec(
            name=PipelineName.LOCAL_SCRIPT,
            title=gettext_lazy("Video to script, on this machine"),
            summary=gettext_lazy(
                "Speech, on-screen captions and scene changes become a script. No key, no service."
            ),
            gives="scripts",
            needs=Needs.MEDIA,
            settings=LocalScriptSettings,
            queue=Queue.CPU,
        ),
        PipelineSpec(
            name=PipelineName.MASKED_LM,
            title=gettext_lazy("Script to values, fine-tuned"),
            summary=gettext_lazy(
                "A text encoder learns the labels from gold, fold by fold, and predicts the held-out fold."
            ),
            gives="predictions",
            needs=Needs.SCRIPT,
            settings=MaskedLmSettings,
            queue=Queue.GPU,
            learns=True,
            model_setting="model",
        ),
        PipelineSpec(
            name=PipelineName.CREATOR_PRIOR,
            title=gettext_lazy("Creator prior (leak probe)"),
            summary=gettext_lazy(
                "Knows only whose video it is. What it scores leaks through creators, not content."
            ),
            gives="predictions",
            needs=Needs.NOTHING,
            settings=CreatorPriorSettings,
            queue=Queue.IO,
            learns=True,
        ),
        PipelineSpec(
            name=PipelineName.DICTIONARY,
            title=gettext_lazy("Dictionary of value words"),
            summary=gettext_lazy(
                "Counts words that stand for a value in the script. The floor that a model has to beat."
            ),
            gives="predictions",
            needs=Needs.SCRIPT,
            settings=DictionarySettings,
            queue=Queue.IO,
        ),
        PipelineSpec(
            name=PipelineName.LLM_DIRECT,
            title=gettext_lazy("Video to values, by a language model"),
            summary=gettext_lazy(
                "A multimodal model is shown the video and the codebook, and answers for each value."
            ),
            gives="predictions",
            needs=Needs.MEDIA,
            settings=LlmDirectSettings,
            queue=Queue.IO,
            steps=(Step.VALUES,),
        ),
        PipelineSpec(
            name=PipelineName.LLM_TWO_STEP,
            title=gettext_lazy("Video to script to values, by language models"),
            summary=gettext_lazy(
                "A multimodal model writes the script; the same or another model judges it by the codebook."
            ),
            gives="predictions",
            needs=Needs.MEDIA,
            settings=LlmTwoStepSettings,
            queue=Queue.IO,
            steps=(Step.SCRIPT, Step.VALUES),
        ),
        PipelineSpec(
            name=PipelineName.LLM_SCRIPT,
            title=gettext_lazy("Video to script, by a language model"),
            summary=gettext_lazy(
                "A multimodal model writes down speech, pictures and captions. Any run can read the scripts."
            ),
            gives="scripts",
            needs=Needs.MEDIA,
            settings=LlmScriptSettings,
            queue=Queue.IO,
            steps=(Step.SCRIPT,),
        ),
        PipelineSpec(
            name=PipelineName.LLM_FROM_SCRIPT,
            title=gettext_lazy("Script to values, by a language model"),
            summary=gettext_lazy(
                "A model is given a script that there is and the codebook, and answers for each value."
            ),
            gives="predictions",
            needs=Needs.SCRIPT,
            settings=LlmFromScriptSettings,
            queue=Queue.IO,
            steps=(Step.VALUES,),
        ),
    )
}
IMPORT = "import"  # what stands for the pipeline in a run that was made elsewhere


def spec_of(name: str) -> PipelineSpec:
    """The pipeline of that name, or RefusedError naming those that there are."""
    try:
        return SPECS[PipelineName(name)]
    except ValueError:
        known = ", ".join(SPECS)
        message = _("no pipeline “%(name)s”; there are: %(known)s.")
        raise RefusedError(message % {"name": name, "known": known}) from None


def default_model(client: ClientName) -> str:
    """The model asked where none is named: a current one, by configuration."""
    return str(django_settings.LLM_MODELS[client])
