"""Django's SQLite backend, in which transactions wait for each other in a queue.

SQLite's own waiting is a poll with growing pauses: under eight writers the database stands idle while all of
them sleep, and an unlucky one is overtaken for a second. Here a transaction first takes the lock of a file
beside the database (the kernel wakes who waited longest), then begins. The lock only orders: what keeps data
safe is SQLite's own locking, which single statements and other programs wait for as ever.
"""

import os
from typing import Any

from django.db.backends.sqlite3 import base

try:
    import fcntl
except ImportError:  # not on Windows, where SQLite's own waiting has to do
    fcntl = None  # type: ignore[assignment]


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection whose transactions queue up."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._queue: int | None = None  # open file, kept for as long as the connection
        self._holds_queue = False

    def _start_transaction_under_autocommit(self) -> None:
        self._enter_queue()
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
        except BaseException:
            self._leave_queue()
            raise

    def _commit(self) -> None:
        super()._commit()  # type: ignore[misc]
        self._leave_queue()  # where committing failed, rolling back follows

    def _rollback(self) -> None:
        try:
            super()._rollback()  # type: ignore[misc]
        finally:
            self._leave_queue()

    def _close(self) -> None:
        try:
            super()._close()  # type: ignore[misc]
        finally:
            self._leave_queue()
            if self._queue is not None:
                os.close(self._queue)
                self._queue = None

    def _enter_queue(self) -> None:
        if fcntl is None or self.is_in_memory_db() or self._holds_queue:
            return
        if self._queue is None:
            path = f"{self.settings_dict['NAME']}-queue"
            self._queue = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._queue, fcntl.LOCK_EX)
        self._holds_queue = True

    def _leave_queue(self) -> None:
        if self._holds_queue and self._queue is not None:
            fcntl.flock(self._queue, fcntl.LOCK_UN)
            self._holds_queue = False
