"""What happened in a run, in words: its log for people."""

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from models_app.models import ItemKind, RunEvent

SENTENCES: Mapping[str, Promise] = {
    "started": gettext_lazy("Started"),
    "paused": gettext_lazy("Paused"),
    "resumed": gettext_lazy("Resumed"),
    "cancelled": gettext_lazy("Cancelled"),
    "retried": gettext_lazy("What had failed is tried again"),
    "finished": pgettext_lazy("run", "Finished"),
    "imported": gettext_lazy("Imported"),
    "recorded": gettext_lazy("Taken from a recording of the pipeline, to save waiting"),
    "resumed.itself": gettext_lazy("Resumed by itself"),
    "budget": gettext_lazy("The budget was changed"),
    "item.failed": gettext_lazy("Failed"),
    "batch.sent": gettext_lazy("Handed in to the provider as a batch"),
    "batch.done": gettext_lazy("A batch has come back"),
    "batch.failed": gettext_lazy("A batch came to nothing"),
    "item.blocked": gettext_lazy("Blocked by the provider"),
    "fold.trained": gettext_lazy("A fold was learned and predicted"),
}


def sentence_of(event: RunEvent, names: Mapping[int, str]) -> str:
    """The event in a sentence; names are the ids of the videos that it may be about."""
    detail: dict[str, Any] = event.detail or {}
    said = str(SENTENCES.get(event.what, event.what))
    more = [text for text in (_item(detail, names), _numbers(detail), _reason(detail)) if text]
    return f"{said}: {', '.join(more)}" if more else said


def _item(detail: Mapping[str, Any], names: Mapping[int, str]) -> str:
    key = detail.get("key")
    if not isinstance(key, int):
        return ""
    if detail.get("kind") == ItemKind.FOLD:
        return _("fold %(n)d") % {"n": key + 1}
    return _("video %(id)s") % {"id": names.get(key, key)}


def _numbers(detail: Mapping[str, Any]) -> str:
    parts = []
    if isinstance(n := detail.get("items"), int):
        parts.append(ngettext("%(n)d item", "%(n)d items", n) % {"n": n})
    if isinstance(n := detail.get("done"), int):
        parts.append(ngettext("%(n)d done", "%(n)d done", n) % {"n": n})
    if isinstance(n := detail.get("failed"), int):
        parts.append(ngettext("%(n)d failed", "%(n)d failed", n) % {"n": n})
    if isinstance(n := detail.get("blocked"), int):
        parts.append(ngettext("%(n)d blocked", "%(n)d blocked", n) % {"n": n})
    if budget := detail.get("budget"):
        parts.append(
            _("budget %(currency)s %(sum)s") % {"sum": budget, "currency": detail.get("currency", "")}
        )
    return ", ".join(parts)


def _reason(detail: Mapping[str, Any]) -> str:
    return ", ".join(str(detail[name]) for name in ("code", "because") if detail.get(name))
