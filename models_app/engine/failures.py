"""What went wrong with an item, in words for a researcher and in lines for whoever mends it."""

import errno
import traceback
from dataclasses import dataclass, replace

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from annotator.media.errors import MediaError, StorageError
from models_app.clients.keys import redact
from models_app.pipelines.base import ItemError

LAST_LINES = 12
LONGEST_DETAIL = 4000
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


class BlockedItemError(ItemError):
    """A filter of the provider refused the question or its answer: a state of its own, not a failure."""


class AwayItemError(ItemError):
    """The provider did not answer, and may be away as a whole: then it is not the item's failure."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an item failed."""

    code: str  # at most 40 characters: what failures are grouped by
    message: str
    detail: str = ""
    is_blocked: bool = False  # by a provider's filter: a state of its own
    is_away: bool = False  # none, if the run turns out to have paused because its provider is away


def failure_of(error: BaseException) -> Failure:
    """The failure that an exception stands for, without any key: libraries put what they send into theirs."""
    failure = _failure(error)
    return replace(failure, message=redact(failure.message))


def _failure(error: BaseException) -> Failure:
    if isinstance(error, BlockedItemError):
        return Failure(error.code[:40], str(error), is_blocked=True)
    if isinstance(error, AwayItemError):
        return Failure(error.code[:40], str(error), is_away=True)
    if isinstance(error, ItemError):
        return Failure(error.code[:40], str(error), _lines(error) if error.__cause__ else "")
    if isinstance(error, StorageError):
        return Failure("storage", capfirst(str(error)), _lines(error))
    if isinstance(error, MediaError):
        return Failure("media", capfirst(str(error)), _lines(error) if error.__cause__ else "")
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":  # torch's
        message = _("There was not enough memory for this item. Try smaller settings, or another machine.")
        return Failure("out-of-memory", message, _lines(error))
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        message = _("The disk was full. Make room, then retry the failed items.")
        return Failure("disk-full", message, _lines(error))
    message = _(
        "The pipeline broke on this item (%(kind)s). That is a fault of the pipeline or its model, not of"
        " the video; the details help whoever mends it."
    )
    return Failure("crashed", message % {"kind": type(error).__name__}, _lines(error))


def _lines(error: BaseException) -> str:
    """The last lines of the traceback: the exception and where it was raised. Cut, half a key would stay."""
    lines = redact("".join(traceback.format_exception(error))).splitlines()
    return "\n".join(lines[-LAST_LINES:])[-LONGEST_DETAIL:].replace("\0", "")
