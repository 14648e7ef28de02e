"""A provider on this machine, with faults at will; a subclass speaks the wire format of one provider.

    class Echo(Loopback):
        def answer(self, call):                       # called by many threads at once
            return Answer.json({"said": call.json})
        def error(self, status, message):             # the provider's own form of an error's body
            return Answer.json({"error": message}, status=status)
        def is_question(self, call):                  # what faults hit and what is counted in flight
            return call.path.endswith("/chat/completions")

    with Echo(latency=0.2) as server:                 # seconds before each question's answer
        server.url                                    # http://127.0.0.1:PORT, without a slash at the end
        server.queue(Fault.limited(after=3), Fault.status(503), None, Fault.slow(2))
                                                      # for the next questions, in order; None: no fault
        server.queue(Fault.cut(), at="/files")        # for the next call whose path has this in it
        server.storm(0.1, seed=7)                     # from now on every tenth question, by chance
        server.storm(0.1, seed=7, faults=(Fault.status(500), Fault.garble()))
        server.calm()                                 # no more faults
        server.calls                                  # every Call so far: method, path, headers, body, at, …
        server.calls_to("/chat")                      # those whose path has this in it
        server.n_questions, server.n_answered         # questions that came; those answered without a fault
        server.most_in_flight                         # questions at the same time, at most
        server.struck                                 # Counter of the faults that happened, by name
        server.lock                                   # for a subclass's own state

Faults: limited(after=None|seconds), status(code, message=""), slow(seconds) (then answers as ever),
cut() (the connection ends in the middle of the body), drop() (it ends before any answer), garble() (200, but
the JSON ends early), body(answer) (this Answer instead). Those but limited, status and body let ``answer``
work first: the provider has done, and billed, what the client never hears of.
"""

import contextlib
import json
import random
import socket
import threading
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Call:
    """A request that came in; names of headers are lower case."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes
    at: float = field(default_factory=time.monotonic)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """What goes out."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"

    @classmethod
    def json(cls, content: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Self:
        return cls(json.dumps(content).encode(), status, headers or {})


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one call."""

    name: str
    code: int = 0
    seconds: float = 0
    headers: dict[str, str] = field(default_factory=dict)
    message: str = ""
    instead: Answer | None = None

    @classmethod
    def limited(cls, after: float | None = None, message: str = "Too many requests.") -> Self:
        headers = {} if after is None else {"Retry-After": f"{after:g}"}
        return cls("limited", code=429, headers=headers, message=message)

    @classmethod
    def status(cls, code: int, message: str = "Out of order.") -> Self:
        return cls(f"status {code}", code=code, message=message)

    @classmethod
    def slow(cls, seconds: float) -> Self:
        return cls("slow", seconds=seconds)

    @classmethod
    def cut(cls) -> Self:
        return cls("cut")

    @classmethod
    def drop(cls) -> Self:
        return cls("drop")

    @classmethod
    def garble(cls) -> Self:
        return cls("garble")

    @classmethod
    def body(cls, answer: Answer) -> Self:
        return cls("body", instead=answer)


EVERY_FAULT = (
    Fault.limited(after=0),
    Fault.limited(),
    Fault.status(500),
    Fault.status(503),
    Fault.slow(0.2),
    Fault.cut(),
    Fault.drop(),
    Fault.garble(),
)


class Loopback:
    """The server; a context manager, or start() and stop()."""

    def __init__(self, *, latency: float = 0) -> None:
        self.latency = latency
        self.lock = threading.RLock()
        self.calls: list[Call] = []
        self.struck: Counter[str] = Counter()
        self.n_questions = self.n_answered = self.most_in_flight = 0
        self._in_flight = 0
        self._queues: dict[str | None, deque[Fault | None]] = {}
        self._chance: tuple[float, random.Random, Sequence[Fault]] | None = None
        self._ending = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.loopback = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, call: Call) -> Answer:
        raise NotImplementedError

    def error(self, status: int, message: str) -> Answer:
        return Answer.json({"error": {"code": status, "message": message}}, status=status)

    def is_question(self, call: Call) -> bool:
        return call.method == "POST"

    def queue(self, *faults: Fault | None, at: str | None = None) -> None:
        with self.lock:
            self._queues.setdefault(at, deque()).extend(faults)

    def storm(self, rate: float, *, seed: int = 0, faults: Sequence[Fault] = EVERY_FAULT) -> None:
        with self.lock:
            self._chance = rate, random.Random(seed), faults

    def calm(self) -> None:
        with self.lock:
            self._queues.clear()
            self._chance = None

    def calls_to(self, part: str) -> list[Call]:
        with self.lock:
            return [call for call in self.calls if part in call.path]

    def start(self) -> Self:
        self._thread.start()
        return self

    def stop(self) -> None:
        self._ending.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._server.hang_up()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def respond(self, call: Call) -> tuple[Answer, Fault | None]:
        """The answer, and what is to go wrong on its way."""
        is_question = self.is_question(call)
        with self.lock:
            self.calls.append(call)
            fault = self._next_fault(call, is_question=is_question)
            if fault is not None:
                self.struck[fault.name] += 1
            if is_question:
                self.n_questions += 1
                self.n_answered += fault is None
                self._in_flight += 1
                self.most_in_flight = max(self.most_in_flight, self._in_flight)
        try:
            pause = (self.latency if is_question else 0) + (fault.seconds if fault else 0)
            if pause:
                self._ending.wait(pause)
            if fault is not None and fault.instead is not None:
                return fault.instead, fault
            if fault is not None and fault.code:
                wrong = self.error(fault.code, fault.message)
                return Answer(wrong.body, wrong.status, wrong.headers | fault.headers), fault
            return self.answer(call), fault
        finally:
            with self.lock:
                self._in_flight -= is_question

    def _next_fault(self, call: Call, *, is_question: bool) -> Fault | None:
        for at, waiting in self._queues.items():
            if waiting and (is_question if at is None else at in call.path):
                return waiting.popleft()
        if self._chance is not None and is_question:
            rate, chance, faults = self._chance
            if chance.random() < rate:
                return chance.choice(faults)
        return None


class _Server(ThreadingHTTPServer):
    """Threads that may still be in the middle of a call when the test is over."""

    daemon_threads = True
    request_queue_size = 128
    loopback: Loopback

    def __init__(self, *args: Any) -> None:
        self._open: set[socket.socket] = set()
        super().__init__(*args)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End the connections that clients keep open."""
        for connection in list(self._open):
            _hang_up(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has gone is no news: tests make clients go."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections are kept, as the real ones are
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def handle_call(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        call = Call(self.command, parts.path, parse_qs(parts.query), headers, body)
        answer, fault = self.server.loopback.respond(call)
        if fault is not None and fault.name == "drop":
            self.close_connection = True
            _hang_up(self.connection)
            return
        content = answer.body
        if fault is not None and fault.name == "garble":
            content = content[: len(content) // 2]
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if fault is not None and fault.name == "cut":
            content = content[: len(content) // 2]
            self.close_connection = True
        self.wfile.write(content)
        self.wfile.flush()
        if self.close_connection:
            _hang_up(self.connection)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_call

    def log_message(self, format: str, *args: Any) -> None:
        """The calls are kept; nothing is printed."""


def _hang_up(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it has gone already
        connection.shutdown(socket.SHUT_RDWR)
