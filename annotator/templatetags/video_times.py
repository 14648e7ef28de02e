"""Lengths and sizes of media as text."""

from django import template
from django.utils.translation import gettext as _

register = template.Library()


@register.filter
def clock(milliseconds: int | None) -> str:
    """83456 → ``1:23.4``; a dash where the length is not known."""
    if milliseconds is None:
        return "–"
    minutes, rest = divmod(max(0, milliseconds), 60_000)
    hours, minutes = divmod(minutes, 60)
    head = f"{hours}:{minutes:02}" if hours else f"{minutes}"
    return f"{head}:{rest // 1000:02}.{rest % 1000 // 100}"


@register.filter
def megabytes(size: int | None) -> str:
    """Bytes → ``7.5 MB``."""
    if size is None:
        return "–"
    return _("%(n)s MB") % {"n": f"{size / 1024**2:.1f}"}
