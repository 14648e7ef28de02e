"""Lengths of time for people."""

from django import template
from django.utils.translation import gettext as _

register = template.Library()


@register.filter
def duration(milliseconds: float | None) -> str:
    """Milliseconds as "48 s", "2 min 05 s" or "1 h 12 min"; a dash if there are none."""
    if milliseconds is None:
        return "–"
    seconds = round(milliseconds / 1000)
    if seconds < 60:
        return _("%(s)d s") % {"s": seconds}
    if seconds < 3600:
        return _("%(min)d min %(s)02d s") % {"min": seconds // 60, "s": seconds % 60}
    return _("%(h)d h %(min)02d min") % {"h": seconds // 3600, "min": seconds % 3600 // 60}
