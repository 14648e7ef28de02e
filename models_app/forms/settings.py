"""Form fields made of a pipeline's settings: what the pipeline can be told is written down once."""

import enum
import types
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, Union, get_args, get_origin

from django import forms
from django.core.validators import RegexValidator
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic.fields import FieldInfo

from models_app.queries.providers import TITLES
from models_app.specs import PipelineSettings, PipelineSpec

MAX_TEXT = 300
# What a researcher is asked first, in this order; everything else is folded away, and has defaults that work.
FOREMOST = ("client", "model", "examples", "delivery", "language", "folds", "grouping", "threshold")
CHOICES: Mapping[str, Mapping[str, Promise]] = {  # a setting's words as people choose them
    "client": TITLES,
    "script_client": {"": gettext_lazy("The same")} | TITLES,
    "examples": {
        "none": gettext_lazy("None: definitions only"),
        "codebook": gettext_lazy("The codebook's, as in the paper"),
        "gold": gettext_lazy("Videos with gold, never of the video's own creator"),
    },
    "delivery": {
        "now": gettext_lazy("One by one, as fast as the provider lets us"),
        "batch": gettext_lazy("As a batch: cheaper, answered within a day (Gemini only)"),
    },
    "transcript": {
        "local": gettext_lazy("Written down on the worker's machine"),
        "none": gettext_lazy("Left out"),
    },
}
HELP: Mapping[str, Promise | str] = {  # instead of a description that explains those words
    "client": "",
    "script_client": "",
    "examples": gettext_lazy("What the model is shown beside the definitions."),
    "delivery": "",
    "transcript": gettext_lazy("Frames are silent: what is said is sent with them."),
}


def setting_fields(settings: type[PipelineSettings]) -> dict[str, forms.Field]:
    """A field for each setting, in their order, with the default filled in."""
    return {name: _field(name, info) for name, info in settings.model_fields.items()}


def settings_of(spec: PipelineSpec, cleaned: dict[str, Any]) -> dict[str, Any]:
    """What the form says of the settings; what is left empty is "none" if there is such, else the default."""
    said: dict[str, Any] = {}
    for name, info in spec.settings.model_fields.items():
        if cleaned.get(name) not in (None, ""):
            said[name] = cleaned[name]
        elif name in cleaned and _kind(info.annotation)[1]:
            said[name] = None
    return said


def _field(name: str, info: FieldInfo) -> forms.Field:
    kind, is_optional = _kind(info.annotation)
    default = info.get_default(call_default_factory=True)
    shared: dict[str, Any] = {
        "label": _(info.title) if info.title else "",
        "help_text": HELP.get(name, _(info.description) if info.description else ""),
        "initial": default,
        "required": not is_optional and default != "",
    }
    if get_origin(kind) is Literal:
        return forms.ChoiceField(choices=_choices(name, get_args(kind)), **shared)
    if isinstance(kind, type) and issubclass(kind, enum.StrEnum):
        words = [*([""] if is_optional else []), *(str(word) for word in kind)]
        return forms.ChoiceField(choices=_choices(name, words), **shared)
    if kind is bool:
        return forms.BooleanField(**{**shared, "required": False})
    limits = _limits(info)
    if kind in (int, float):
        number = forms.IntegerField if kind is int else forms.FloatField
        return number(
            min_value=limits.get("ge"), max_value=limits.get("le"), validators=_strict(limits), **shared
        )
    validators = []
    if pattern := limits.get("pattern"):
        message = gettext_lazy("This has not the form that is asked for.")
        validators.append(RegexValidator(pattern, message=message))
    return forms.CharField(max_length=MAX_TEXT, validators=validators, **shared)


def _choices(name: str, words: Iterable[str]) -> list[tuple[str, str | Promise]]:
    known = CHOICES.get(name, {})
    return [(word, known.get(word, word)) for word in words]


def _kind(annotation: Any) -> tuple[Any, bool]:
    """The type without "or none", and whether none is allowed."""
    if get_origin(annotation) in (Union, types.UnionType):
        kinds = [kind for kind in get_args(annotation) if kind is not type(None)]
        return kinds[0], len(kinds) < len(get_args(annotation))
    return annotation, False


def _limits(info: FieldInfo) -> dict[str, Any]:
    """ge, le, gt, lt and pattern, wherever pydantic keeps them."""
    names = ("ge", "le", "gt", "lt", "pattern")
    return {
        name: getattr(limit, name)
        for limit in info.metadata
        for name in names
        if getattr(limit, name, None) is not None
    }


def _strict(limits: dict[str, Any]) -> list[Callable[[float], None]]:
    """Limits that the number itself may not reach."""

    def check(number: float) -> None:
        if "gt" in limits and not number > limits["gt"]:
            raise forms.ValidationError(_("This must be more than %(limit)s.") % {"limit": limits["gt"]})
        if "lt" in limits and not number < limits["lt"]:
            raise forms.ValidationError(_("This must be less than %(limit)s.") % {"limit": limits["lt"]})

    return [check]
