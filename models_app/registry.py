"""From a pipeline's name to what does its work. Loads torch and the like: for workers, never for pages."""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, cast

from django.utils.translation import gettext as _

from models_app.clients.base import Client, ClientName
from models_app.pipelines.base import ItemError, Pipeline
from models_app.specs import LocalScriptSettings, PipelineName, PipelineSettings, WatchingSettings

if TYPE_CHECKING:
    from models_app.pipelines.llm.watching import Watcher

# What is loaded with the first item only; asked for beforehand, or a machine without it would fail them all.
PACKAGES = {
    PipelineName.LOCAL_SCRIPT: ("faster_whisper", "rapidocr", "onnxruntime"),
    PipelineName.MASKED_LM: ("torch", "transformers"),
    PipelineName.DICTIONARY: ("pyvalues",),
}
CLIENT_PACKAGES = {ClientName.TRANSFORMERS: ("torch", "transformers")}


def pipeline_of(name: str, settings: PipelineSettings) -> Pipeline:
    """The pipeline, ready to work; its weights load with the first item. ItemError where it cannot be had."""
    _refuse_missing(name, PACKAGES.get(PipelineName(name), ()))
    match PipelineName(name):
        case PipelineName.LOCAL_SCRIPT:
            from models_app.pipelines.local_script import LocalScript

            return LocalScript(cast(LocalScriptSettings, settings))
        case PipelineName.MASKED_LM:
            from models_app.pipelines.masked_lm import MaskedLm

            return MaskedLm(settings)
        case PipelineName.CREATOR_PRIOR:
            from models_app.pipelines.creator_prior import CreatorPrior

            return CreatorPrior(settings)
        case PipelineName.DICTIONARY:
            from models_app.pipelines.dictionary import Dictionary

            return Dictionary(settings)
        case PipelineName.LLM_DIRECT:
            from models_app.pipelines.llm.judges import LlmDirect

            return LlmDirect(settings, watcher=_watcher(settings))
        case PipelineName.LLM_FROM_SCRIPT:
            from models_app.pipelines.llm.judges import LlmFromScript

            return LlmFromScript(settings)
        case PipelineName.LLM_SCRIPT:
            from models_app.pipelines.llm.judges import LlmScript

            return LlmScript(settings, watcher=_watcher(settings))
        case PipelineName.LLM_TWO_STEP:
            from models_app.pipelines.llm.judges import LlmTwoStep

            return LlmTwoStep(settings, watcher=_watcher(settings))


def client_of(name: ClientName) -> Client:
    """The client, ready to ask; it connects with the first request. ItemError where it cannot be had."""
    _refuse_missing(name, CLIENT_PACKAGES.get(name, ()))
    match name:
        case ClientName.GEMINI:
            from models_app.clients.gemini import GeminiClient

            return GeminiClient()
        case ClientName.OPENAI:
            from models_app.clients.openai_compatible import OpenAiCompatible

            return OpenAiCompatible()
        case ClientName.TRANSFORMERS:
            from models_app.clients.transformers import Transformers

            return Transformers()


def _watcher(settings: PipelineSettings) -> "Watcher":
    from models_app.pipelines.llm.watching import Watcher

    watching = cast(WatchingSettings, settings)
    return Watcher(frames=watching.frames, transcript=watching.transcript)


def _refuse_missing(name: str, packages: Sequence[str]) -> None:
    """Missing packages are one reason for all items: said before the first is taken on."""
    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        message = _(
            "This machine lacks what %(pipeline)s needs (%(packages)s): `make install-models` installs it."
        )
        raise ItemError("not-installed", message % {"pipeline": name, "packages": ", ".join(missing)})
