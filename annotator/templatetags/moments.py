"""Times in a video, as the player shows them."""

from django import template

register = template.Library()


@register.filter
def clock(ms: int | None) -> str:
    """83456 → "1:23.4": tenths, because evidence is stamped more finely than seconds."""
    tenths = max(0, ms or 0) // 100
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    head = f"{hours}:{minutes:02d}" if hours else f"{minutes}"
    return f"{head}:{rest // 10:02d}.{rest % 10}"
