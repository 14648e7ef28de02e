"""What pipelines that ask a language model can be told. Free of torch and of the providers' libraries."""

from typing import Literal

from django.utils.translation import gettext_noop
from pydantic import Field

from models_app.clients.base import ClientName
from models_app.specs.settings import PipelineSettings

FEW, MANY = 1, 64


class LlmSettings(PipelineSettings):
    """Whom a pipeline asks, and how."""

    client: ClientName = Field(
        ClientName.GEMINI,
        title=gettext_noop("Provider"),
        description=gettext_noop(
            "“gemini”; “openai” for any server of its protocol (OpenAI, vLLM, Ollama); “transformers” for a"
            " model on the worker's own machine"
        ),
    )
    model: str = Field(
        "",
        title=gettext_noop("Model"),
        description=gettext_noop("Its name at the provider, or a hub id or folder; empty: the default"),
    )
    temperature: float | None = Field(
        0.0,
        title=gettext_noop("Temperature"),
        description=gettext_noop("0 for the likeliest answer; empty: the provider's own"),
        ge=0,
        le=2,
    )
    max_output_tokens: int = Field(8192, title=gettext_noop("Longest answer, in tokens"), ge=256, le=65536)
    in_flight: int = Field(
        8,
        title=gettext_noop("Requests at a time"),
        description=gettext_noop("At most; the provider's own limit for all runs holds beside it"),
        ge=FEW,
        le=MANY,
    )
    timeout: int = Field(
        180,
        title=gettext_noop("Longest wait, in seconds"),
        description=gettext_noop("For one answer"),
        ge=5,
        le=1800,
    )
    delivery: Literal["now", "batch"] = Field(
        "now",
        title=gettext_noop("Delivery"),
        description=gettext_noop(
            "“batch” hands all requests in at once: cheaper, answered within a day; Gemini only"
        ),
    )
    replicate: int = Field(
        0,
        title=gettext_noop("Replicate"),
        description=gettext_noop(
            "Equal runs with the same number share their answers; another number asks anew"
        ),
        ge=0,
        le=999,
    )


class WatchingSettings(PipelineSettings):
    """How a video is shown to a model that takes pictures, not videos."""

    frames: int = Field(
        16,
        title=gettext_noop("Frames"),
        description=gettext_noop("Of the video, where the model takes pictures and not videos"),
        ge=1,
        le=100,
    )
    transcript: Literal["local", "none"] = Field(
        "local",
        title=gettext_noop("What is said"),
        description=gettext_noop(
            "“local”: written down on this machine and sent with the frames, as they are silent"
        ),
    )


class ValuesSettings(LlmSettings):
    """How a model is asked for stances."""

    examples: Literal["none", "codebook", "gold"] = Field(
        "codebook",
        title=gettext_noop("Examples"),
        description=gettext_noop(
            "“none”: definitions only; “codebook”: with the codebook's examples, as in the paper; “gold”:"
            " with videos that have gold, never the video's own creator's"
        ),
    )
    shots: int = Field(
        4,
        title=gettext_noop("Gold examples"),
        description=gettext_noop("How many videos with gold each video is judged after"),
        ge=1,
        le=50,
    )
    samples: int = Field(
        1,
        title=gettext_noop("Samples"),
        description=gettext_noop(
            "Asked so many times, the majority counts and the share of votes is the score; more than one"
            " needs a temperature above 0"
        ),
        ge=1,
        le=25,
    )


class LlmScriptSettings(LlmSettings, WatchingSettings):
    """Settings of `llm-script`."""


class LlmDirectSettings(ValuesSettings, WatchingSettings):
    """Settings of `llm-direct`."""


class LlmFromScriptSettings(ValuesSettings):
    """Settings of `llm-from-script`."""


class LlmTwoStepSettings(ValuesSettings, WatchingSettings):
    """Settings of `llm-two-step`: the first step may be another model's."""

    script_client: ClientName | None = Field(
        None,
        title=gettext_noop("Provider of the scripts"),
        description=gettext_noop("Empty: the same"),
    )
    script_model: str = Field(
        "",
        title=gettext_noop("Model of the scripts"),
        description=gettext_noop("Empty: the same"),
    )
