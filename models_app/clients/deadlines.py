"""A time limit for the whole of a request. HTTP clients count theirs anew for each piece that goes or comes.

What trickles would otherwise last for ever: an answer in single bytes, or a video over a slow line.
"""

import math
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import httpcore2
import httpx2

PIECE = 65_536  # bytes that are written at once: the clock is looked at in between

_end: ContextVar[float] = ContextVar("end", default=math.inf)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """What this thread requests in the block ends by then, all together: with a time-out, at the latest."""
    token = _end.set(min(_end.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _end.reset(token)


class PunctualClient(httpx2.Client):
    """An HTTP client whose time limit holds for the whole of a request, its answer's body included.

    It opens as many connections as are asked for: the engine bounds what is in flight.
    """

    def __init__(self) -> None:
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=64)
        super().__init__(limits=limits, follow_redirects=True)
        for transport in (self._transport, *self._mounts.values()):  # the latter are for proxies
            if isinstance(transport, httpx2.HTTPTransport):
                # There is no public way to the sockets that leaves proxies as the environment has them.
                transport._pool._network_backend = _Backend(transport._pool._network_backend)

    def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        """Send, and read the answer; where it is streamed, who reads it keeps the time (see `within`)."""
        seconds = request.extensions.get("timeout", {}).get("read")
        with within(math.inf if seconds is None else seconds):
            return super().send(request, **options)


class _Backend(httpcore2.NetworkBackend):
    """Opens connections that keep to the end of `within`."""

    def __init__(self, inner: httpcore2.NetworkBackend) -> None:
        self._inner = inner

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, *args: Any, **more: Any
    ) -> httpcore2.NetworkStream:
        left = _left(timeout, httpcore2.ConnectTimeout)
        return _Stream(self._inner.connect_tcp(host, port, left, *args, **more))


class _Stream(httpcore2.NetworkStream):
    """A connection; it may serve many requests, one after another, each by its own end."""

    def __init__(self, inner: httpcore2.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(timeout, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), PIECE):
            piece = buffer[start : start + PIECE]
            self._inner.write(piece, _left(timeout, httpcore2.WriteTimeout))

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        left = _left(timeout, httpcore2.ConnectTimeout)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, left))

    def close(self) -> None:
        self._inner.close()

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _left(timeout: float | None, error: type[httpcore2.TimeoutException]) -> float | None:
    """Seconds for the next step; the error if there are none left. None: no limit."""
    left = _end.get() - time.monotonic()
    if left <= 0:
        raise error("the time for the whole request is over")
    return timeout if left == math.inf else left if timeout is None else min(left, timeout)
