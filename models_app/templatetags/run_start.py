"""Sums, numbers and times of an estimate; what a run was made from, and what to do next with it."""

from decimal import Decimal
from typing import Any

from django import template
from django.template import Context
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from models_app.models import Run, RunOrigin, RunState
from models_app.queries.run_parent import changes_since, trial_before

register = template.Library()


@register.filter
def money(sum_of: Decimal) -> str:
    """0.0031 → "< 0.01", 4.2 → "4.20", 1234.5 → "1,235": no more digits than an estimate is worth."""
    if 0 < sum_of < Decimal("0.01"):
        return "< " + number_format(Decimal("0.01"), 2)
    return number_format(sum_of, 2 if sum_of < 100 else 0, use_l10n=True, force_grouping=True)


@register.filter
def about_number(number: float) -> str:
    """1234567 → "1.23 million", 61234 → "61,200": three digits."""
    if number >= 1_000_000:
        millions = number / 1_000_000
        places = 2 if millions < 10 else 1 if millions < 100 else 0
        return _("%(n)s million") % {"n": number_format(millions, places, force_grouping=True)}
    whole = round(number)
    digits = max(len(str(whole)) - 3, 0)
    return number_format(round(whole, -digits), 0, force_grouping=True)


@register.filter
def about_time(seconds: float) -> str:
    """40 → "1 min", 4000 → "1.1 h": as a guess is told."""
    if seconds < 3600:
        minutes = max(1, round(seconds / 60))
        return ngettext("%(n)d min", "%(n)d min", minutes) % {"n": minutes}
    return _("%(n)s h") % {"n": number_format(seconds / 3600, 1)}


@register.inclusion_tag("models_app/partials/run_next.html", takes_context=True)
def run_next(context: Context, run: Run) -> dict[str, Any]:
    """What to do next with a run: again with changes, on the whole study, beside the trial before."""
    before = trial_before(run)
    return {
        "study": context["study"],
        "run": run,
        "can_repeat": run.origin == RunOrigin.PIPELINE,
        "is_tried": run.is_trial and run.state == RunState.FINISHED,
        "before": before if before and before.pk != run.cloned_from_id else None,
    }


@register.inclusion_tag("models_app/partials/run_parent.html", takes_context=True)
def run_parent(context: Context, run: Run) -> dict[str, Any]:
    """The run that this one repeats, and what was changed."""
    parent = run.cloned_from
    return {
        "study": context["study"],
        "run": run,
        "parent": parent,
        "changes": changes_since(parent, run) if parent else [],
    }
