"""Scores of models as text."""

from django import template

register = template.Library()


@register.filter
def score(number: float | None) -> str:
    """0.8149 → ``.81``, 1 → ``1.00``; empty where the model gives none."""
    return "" if number is None else f"{number:.2f}".removeprefix("0")
