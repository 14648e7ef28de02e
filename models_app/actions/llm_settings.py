"""What a run that asks language models is told, whole: whom it asks is frozen with it."""

from django.utils.translation import gettext as _

from annotator.errors import RefusedError
from models_app.clients.base import ClientName
from models_app.specs import (
    LlmSettings,
    LlmTwoStepSettings,
    Needs,
    PipelineSettings,
    PipelineSpec,
    ValuesSettings,
    default_model,
)

LONGEST_NAME = 200  # characters of a model's name


class ContradictionError(RefusedError):
    """Settings that do not go together; `setting` is the one to change."""

    def __init__(self, message: str, *, setting: str) -> None:
        super().__init__(message)
        self.setting = setting


def whole_settings(spec: PipelineSpec, settings: PipelineSettings) -> PipelineSettings:
    """The settings with the models filled in that they leave open; RefusedError where they contradict."""
    settings = filled_settings(settings)
    if isinstance(settings, LlmSettings):
        _refuse_long_names(settings)
        _refuse_contradictions(spec, settings)
    return settings


def filled_settings(settings: PipelineSettings) -> PipelineSettings:
    """The settings with the models filled in that they leave open, whether or not they contradict."""
    if not isinstance(settings, LlmSettings):
        return settings
    models = {"model": settings.model.strip() or default_model(settings.client)}
    if isinstance(settings, LlmTwoStepSettings):
        client = settings.script_client or settings.client
        same = models["model"] if client == settings.client else default_model(client)
        models |= {"script_client": client, "script_model": settings.script_model.strip() or same}
    return settings.model_copy(update=models)


def _refuse_long_names(settings: LlmSettings) -> None:
    for name in ("model", "script_model"):
        if len(getattr(settings, name, "")) > LONGEST_NAME:
            message = _("setting “%(name)s”: longer than %(n)d characters.")
            raise ContradictionError(message % {"name": name, "n": LONGEST_NAME}, setting=name)


def _refuse_contradictions(spec: PipelineSpec, settings: LlmSettings) -> None:
    clients = spec.clients_of(settings)
    if isinstance(settings, ValuesSettings) and settings.samples > 1 and settings.temperature == 0:
        raise ContradictionError(
            _(
                "several samples need a temperature above 0, or they would all be the same. Raise it, or ask"
                " once."
            ),
            setting="temperature",
        )
    if settings.delivery == "batch" and (others := [name for name in clients if name != ClientName.GEMINI]):
        message = _("“%(client)s” takes no batches: deliver now, or ask “gemini”.")
        raise ContradictionError(message % {"client": others[0]}, setting="delivery")
    if spec.needs == Needs.MEDIA and clients[0] == ClientName.TRANSFORMERS:
        raise ContradictionError(
            _(
                "“transformers” reads text alone and can be shown no video: make scripts first and judge them"
                " with llm-from-script."
            ),
            setting="client",
        )
