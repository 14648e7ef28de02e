"""From a pipeline's name to what does its work. Loads torch and the like: for workers, never for pages."""

from importlib.util import find_spec
from typing import cast

from django.utils.translation import gettext as _

from models_app.clients.base import Client, ClientName
from models_app.pipelines.base import ItemError, Pipeline
from models_app.specs import LocalScriptSettings, PipelineName, PipelineSettings

# What is loaded with the first item only; asked for beforehand, or a machine without it would fail them all.
PACKAGES = {
    PipelineName.LOCAL_SCRIPT: ("faster_whisper", "rapidocr", "onnxruntime"),
    PipelineName.MASKED_LM: ("torch", "transformers"),
    PipelineName.DICTIONARY: ("pyvalues",),
}


def client_of(name: ClientName) -> Client:
    """What asks the provider; made without any request. ProviderError or ItemError where it cannot be had."""
    match name:
        case ClientName.GEMINI:
            from models_app.clients.gemini import Gemini

            return Gemini()
        case ClientName.OPENAI:
            from models_app.clients.openai_compatible import OpenAiCompatible

            return OpenAiCompatible()
        case ClientName.TRANSFORMERS:
            from models_app.clients.transformers import Transformers

            return Transformers()


def pipeline_of(name: str, settings: PipelineSettings) -> Pipeline:
    """The pipeline, ready to work; its weights load with the first item. ItemError where it cannot be had."""
    missing = [package for package in PACKAGES.get(PipelineName(name), ()) if find_spec(package) is None]
    if missing:
        message = _(
            "This machine lacks what %(pipeline)s needs (%(packages)s): `make install-models` installs it."
        )
        raise ItemError("not-installed", message % {"pipeline": name, "packages": ", ".join(missing)})
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
