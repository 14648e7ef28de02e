"""From a pipeline's name to what does its work. Loads torch and the like: for workers, never for pages."""

from typing import cast

from models_app.pipelines.base import Pipeline
from models_app.specs import LocalScriptSettings, PipelineName, PipelineSettings


def pipeline_of(name: str, settings: PipelineSettings) -> Pipeline:
    """The pipeline, ready to work; its weights load with the first item."""
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
