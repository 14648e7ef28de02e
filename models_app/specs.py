"""The pipelines by name: what each needs, gives and can be told. Free of torch, so that pages may read it.

What does the work is in models_app.pipelines, and is loaded by workers only (models_app.registry).
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from annotator.errors import RefusedError

EMBEDDED_TEXT_MODEL = "all-MiniLM-L6-v2"  # carried by a package: models_app.weights
EMBEDDED_SPEECH_MODEL = "whisper-base"


class PipelineName(enum.StrEnum):
    """What `run_pipeline` calls them."""

    LOCAL_SCRIPT = "local-script"
    MASKED_LM = "masked-lm"
    CREATOR_PRIOR = "creator-prior"
    DICTIONARY = "dictionary"


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


class PipelineSettings(BaseModel):
    """What a pipeline can be told; unknown names and odd values are refused, nothing is guessed.

    Titles and descriptions of the fields are English; whoever shows them translates them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)


class LocalScriptSettings(PipelineSettings):
    """Settings of `local-script`."""

    speech_model: str = Field(
        EMBEDDED_SPEECH_MODEL,
        title=gettext_noop("Speech model"),
        description=gettext_noop(
            "The embedded Whisper base, or any faster-whisper model: a hub id or a folder"
        ),
    )
    language: str = Field(
        "",
        title=gettext_noop("Language"),
        description=gettext_noop("Two letters, as in “en”; empty: told from the sound"),
        pattern=r"^([a-z]{2,3})?$",
    )
    frames_per_second: float = Field(
        1.0,
        title=gettext_noop("Frames a second"),
        description=gettext_noop("How many frames are looked at for captions"),
        gt=0,
        le=5,
    )


class FoldSettings(PipelineSettings):
    """Settings of pipelines that learn from gold."""

    folds: int = Field(
        3,
        title=gettext_noop("Folds"),
        description=gettext_noop("Each is predicted by a model that never saw it"),
        ge=2,
        le=20,
    )
    grouping: Literal["creator", "none"] = Field(
        "creator",
        title=gettext_noop("Grouping"),
        description=gettext_noop(
            "“creator” keeps a creator's videos in one fold; “none” lets them leak, as the paper did"
        ),
    )


class MaskedLmSettings(FoldSettings):
    """Settings of `masked-lm`: the paper's appendix C.1, with the epoch chosen on an inner split."""

    model: str = Field(
        EMBEDDED_TEXT_MODEL,
        title=gettext_noop("Text model"),
        description=gettext_noop("The embedded all-MiniLM-L6-v2, or any encoder: a hub id or a folder"),
    )
    epochs: int = Field(5, title=gettext_noop("Epochs"), ge=1, le=200)
    patience: int = Field(
        2,
        title=gettext_noop("Patience"),
        description=gettext_noop("Epochs without gain before training stops"),
        ge=1,
        le=50,
    )
    learning_rate: float = Field(
        2e-5, title=gettext_noop("Learning rate"), description=gettext_noop("Of the encoder"), gt=0, le=1
    )
    head_learning_rate: float = Field(
        1e-3,
        title=gettext_noop("Learning rate of the head"),
        description=gettext_noop("The head starts from nothing, so it learns faster than the encoder"),
        gt=0,
        le=1,
    )
    batch_size: int = Field(8, title=gettext_noop("Batch size"), ge=1, le=256)
    max_tokens: int = Field(256, title=gettext_noop("Longest script, in tokens"), ge=16, le=8192)
    pooling: Literal["mean", "cls"] = Field(
        "mean",
        title=gettext_noop("Pooling"),
        description=gettext_noop("What stands for the script: the mean of its tokens, or the first one"),
    )
    inner_folds: int = Field(
        2,
        title=gettext_noop("Inner folds"),
        description=gettext_noop(
            "Parts of the training folds that pick the epoch and the thresholds; more are better and slower"
        ),
        ge=2,
        le=10,
    )
    protocol: Literal["inner", "paper"] = Field(
        "inner",
        title=gettext_noop("Protocol"),
        description=gettext_noop(
            "“inner” picks the epoch on a part of the training folds; “paper” on the test fold"
        ),
    )


class CreatorPriorSettings(FoldSettings):
    """Settings of `creator-prior`: a leak probe, so its folds are ungrouped unless asked otherwise."""

    grouping: Literal["creator", "none"] = Field("none", title=gettext_noop("Grouping"))


class DictionarySettings(PipelineSettings):
    """Settings of `dictionary`."""

    language: Literal["bg", "de", "el", "en", "fr", "it", "nl"] = Field(
        "en",
        title=gettext_noop("Language"),
        description=gettext_noop("Which of the dictionary's languages the scripts are in"),
    )
    threshold: float = Field(
        0.0,
        title=gettext_noop("Threshold"),
        description=gettext_noop(
            "A value is endorsed when its share of the script's value words is above this"
        ),
        ge=0,
        lt=1,
    )


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
        return str(getattr(settings, self.model_setting)) if self.model_setting else str(self.name)


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
