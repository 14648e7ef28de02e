"""Scores of models, and what is left of a run, as text."""

from django import template

from annotator.templatetags.times import duration

register = template.Library()


@register.filter
def score(number: float | None) -> str:
    """0.8149 → ``.81``, 1 → ``1.00``; empty where the model gives none."""
    return "" if number is None else f"{number:.2f}".removeprefix("0")


@register.filter
def time_left(seconds: float | None) -> str:
    """Seconds as "48 s", "2 min 05 s" or "1 h 12 min"; a dash if nobody can tell."""
    return duration(None if seconds is None else seconds * 1000)
