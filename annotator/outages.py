"""When the disk or the database fails, not our code: nothing was stored, and trying again makes sense."""

import errno

from django.db import InterfaceError, OperationalError
from django.http import JsonResponse
from django.utils.translation import gettext as _

# What a full disk, a lost connection, a deadlock and a database that is busy for too long raise.
ERRORS = (OperationalError, InterfaceError, OSError)
RETRY_SECONDS = 15


def is_outage(error: BaseException | None) -> bool:
    """Whether it is such a failure; of the operating system's errors, only a disk without room."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return isinstance(error, ERRORS)


def unavailable() -> JsonResponse:
    """For scripts: an outbox keeps what it has and sends it again."""
    message = _(
        "The server cannot store anything just now: its disk may be full, or its database busy."
        " Your changes are not saved yet; this browser keeps them and sends them again."
    )
    answer = JsonResponse({"error": "unavailable", "message": message}, status=503)
    answer["Retry-After"] = str(RETRY_SECONDS)
    return answer
