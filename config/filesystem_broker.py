"""Kombu's filesystem transport, in which a message is there whole or not at all.

Kombu opens a file under its final name, then writes: a reader meets empty files, and one that cannot be read
ends the worker. Here a message is written under a temporary name and renamed, a reader takes it by renaming
it, and what cannot be read is put aside. A full disk loses messages, which cost a sweep and nothing else.
"""

import errno
import json
import logging
import os
import time
import uuid
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.exceptions import ChannelError
from kombu.transport import filesystem
from kombu.utils.encoding import bytes_to_str, str_to_bytes
from kombu.utils.json import dumps, loads

log = logging.getLogger(__name__)
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
BROKEN = "broken"  # beside the folder of messages


class Channel(filesystem.Channel):  # type: ignore[misc]
    """A channel whose files are written and taken by renaming."""

    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:
        name = f"{time.time_ns():020d}_{uuid.uuid4()}.{queue}.msg"
        self._write(Path(self.data_folder_out) / name, payload)

    def _get(self, queue: str) -> Any:
        for name in self._names(queue):
            taken = Path(self.processed_folder) / name
            try:
                (Path(self.data_folder_in) / name).rename(taken)
            except OSError:
                continue  # somebody else was quicker
            payload = self._read(taken)
            if payload is not None:
                return payload
        raise Empty

    def _read(self, taken: Path) -> Any:
        """The message of a file that is ours; None if it is none, which is put aside."""
        try:
            payload = loads(bytes_to_str(taken.read_bytes()))
            self.Message(payload, channel=self)  # what it makes of it shows whether it is a message
            if not isinstance(payload.get("headers"), dict):
                raise ValueError("no headers")
        except (OSError, ValueError, TypeError, LookupError, AttributeError) as error:
            log.warning("Put aside the message %s, which cannot be read: %r", taken.name, error)
            self._put_aside(taken)
            return None
        if not self.store_processed:
            try:
                taken.unlink(missing_ok=True)
            except OSError as error:
                log.warning("Could not delete the message %s: %s", taken.name, error)
        return payload

    def _put_aside(self, taken: Path) -> None:
        folder = Path(self.data_folder_in).parent / BROKEN
        try:
            folder.mkdir(parents=True, exist_ok=True)
            taken.replace(folder / taken.name)
        except OSError as error:
            log.warning("Could not put %s aside: %s", taken.name, error)

    def _names(self, queue: str) -> list[str]:
        """The queue's messages, oldest first; none where the folder is gone."""
        try:
            names = os.listdir(self.data_folder_in)  # noqa: PTH208 - thousands of names, no paths needed
        except OSError as error:
            log.warning("Could not look for messages: %s", error)
            return []
        return sorted(name for name in names if name.partition(".")[2] == f"{queue}.msg")

    def _size(self, queue: str) -> int:
        return len(self._names(queue))

    def _purge(self, queue: str) -> int:
        n = 0
        for name in self._names(queue):
            try:
                (Path(self.data_folder_in) / name).unlink()
                n += 1
            except OSError:
                continue
        return n

    def get_table(self, exchange: str) -> list[filesystem.exchange_queue_t]:
        """The exchange's queues; an unreadable file counts as none."""
        file = self._exchange_file(exchange)
        try:
            return [filesystem.exchange_queue_t(*row) for row in json.loads(file.read_bytes())]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, TypeError) as error:
            log.warning("The exchange file %s cannot be read: %r", file.name, error)
            return []

    def _lookup(self, exchange: str, routing_key: str, default: str | None = None) -> list[str]:
        """The queues that a message goes to; Celery's own are named alike, so no file need say it."""
        found: list[str] = super()._lookup(exchange, routing_key, default)
        return found or ([routing_key] if routing_key and routing_key == exchange else [])

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:
        """Note the queue; on a full disk a worker starts without, and finds its work by the sweep."""
        row = filesystem.exchange_queue_t(routing_key or "", pattern or "", queue or "")
        with self._changing():
            rows = self.get_table(exchange)
            if row in rows:
                return
            try:
                self._write(self._exchange_file(exchange), [row, *rows])
            except ChannelError as error:
                if not (isinstance(error.__cause__, OSError) and error.__cause__.errno in NO_ROOM):
                    raise
                log.warning("%s; messages of %s may get lost", error, exchange)

    def _delete(
        self, queue: str, exchange: str, routing_key: str, pattern: str, *args: Any, **kwargs: Any
    ) -> None:
        super(filesystem.Channel, self)._delete(queue, exchange, routing_key, pattern, *args, **kwargs)
        row = filesystem.exchange_queue_t(routing_key or "", pattern or "", queue or "")
        with self._changing():
            rows = self.get_table(exchange)
            if row in rows:
                self._write(self._exchange_file(exchange), [other for other in rows if other != row])

    def _changing(self) -> "_Lock":
        return _Lock(self.control_folder)

    def _write(self, path: Path, content: Any) -> None:
        part = path.with_name(f".{uuid.uuid4().hex}.part")
        try:
            try:
                part.write_bytes(str_to_bytes(dumps(content)))
            except FileNotFoundError:
                path.parent.mkdir(parents=True, exist_ok=True)
                part.write_bytes(str_to_bytes(dumps(content)))
            part.replace(path)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise ChannelError(f"cannot write {path.name}: {error.strerror}") from error


class _Lock:
    """One process at a time changes exchange files; without a lock file to lock, they take their chances."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "lock"
        self._file: Any = None

    def __enter__(self) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("ab")
            filesystem.lock(self._file, filesystem.LOCK_EX)
        except OSError as error:
            log.warning("Could not lock the exchange files: %s", error)

    def __exit__(self, *_exception: object) -> None:
        if self._file is not None:
            self._file.close()  # which unlocks it


class Transport(filesystem.Transport):  # type: ignore[misc]
    """The transport behind `filesystem://`."""

    Channel = Channel
    polling_interval = 0.5  # seconds
