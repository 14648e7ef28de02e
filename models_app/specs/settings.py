"""What pipelines that work on this machine can be told. Free of torch."""

from typing import Literal

from django.utils.translation import gettext_noop
from pydantic import BaseModel, ConfigDict, Field

EMBEDDED_TEXT_MODEL = "all-MiniLM-L6-v2"  # carried by a package: models_app.weights
EMBEDDED_SPEECH_MODEL = "whisper-base"


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
