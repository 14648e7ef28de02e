"""Scores of models, and what is left of a run, as text."""

from decimal import Decimal

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


@register.filter
def money(amount: Decimal | None) -> str:
    """12.3456 → ``12.35``, 0.012345 → ``0.0123``, a trace → ``<0.0001``; a dash where it is not known."""
    if amount is None:
        return "–"
    if amount >= 1 or amount == 0:
        return f"{amount:,.2f}"
    return f"{amount:.4f}" if amount >= Decimal("0.0001") else "<0.0001"


@register.filter
def tokens(n: int) -> str:
    """1234567 → ``1.23 M``, 45678 → ``45.7 k``: how many, at a glance."""
    if n >= 999_500:
        return f"{n / 1e6:.2f} M"
    return f"{n / 1e3:.1f} k" if n >= 10_000 else f"{n:,}"


@register.filter
def plain(number: Decimal) -> str:
    """12.500000 → ``12.5``: a number as a form's field takes it."""
    return f"{number.normalize():f}"


@register.filter
def percent(share: float | None) -> str:
    """0.9834 → ``98.3``; 100 only where it is all; a dash where it is not known."""
    if share is None:
        return "–"
    return f"{share * 100:.0f}" if share in (0, 1) else f"{min(max(share * 100, 0.1), 99.9):.1f}"
