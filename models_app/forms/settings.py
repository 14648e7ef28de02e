"""Form fields made of a pipeline's settings: what the pipeline can be told is written down once."""

import types
from collections.abc import Callable
from typing import Any, Literal, Union, get_args, get_origin

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic.fields import FieldInfo

from models_app.specs import PipelineSettings, PipelineSpec

MAX_TEXT = 300
# What a researcher is asked first; everything else is folded away, and has defaults that work.
FOREMOST = frozenset({"model", "client", "language", "folds", "grouping", "threshold"})


def setting_fields(settings: type[PipelineSettings]) -> dict[str, forms.Field]:
    """A field for each setting, in their order, with the default filled in."""
    return {name: _field(info) for name, info in settings.model_fields.items()}


def settings_of(spec: PipelineSpec, cleaned: dict[str, Any]) -> dict[str, Any]:
    """What the form says of the settings; what is left empty and may be is left to the default."""
    return {name: cleaned[name] for name in spec.settings.model_fields if cleaned.get(name) not in (None, "")}


def _field(info: FieldInfo) -> forms.Field:
    kind, is_optional = _kind(info.annotation)
    default = info.get_default(call_default_factory=True)
    shared: dict[str, Any] = {
        "label": _(info.title) if info.title else "",
        "help_text": _(info.description) if info.description else "",
        "initial": default,
        "required": not is_optional and default != "",
    }
    if get_origin(kind) is Literal:
        choices = [(word, word) for word in get_args(kind)]
        return forms.ChoiceField(choices=choices, **shared)
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
