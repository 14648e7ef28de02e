"""The time limit of a question holds for all of it, in both SDKs, however slowly the provider goes on."""

import contextlib
import socket
import threading
import time
from contextlib import contextmanager

import httpcore2
import pytest

from models_app.clients import deadlines
from models_app.clients.base import DownError, Text
from models_app.clients.deadlines import within
from models_app.clients.gemini import GeminiClient
from models_app.clients.openai_compatible import OpenAiCompatible
from tests.models_app.clients.geminis import KEY, a_request

PAUSE = 0.05  # seconds between two steps of a provider
N_STEPS = 100  # after which it hangs up, so that a client that waits for it fails otherwise


@pytest.fixture(params=[GeminiClient, OpenAiCompatible], ids=["gemini", "openai"])
def client(request):
    client = request.param()
    yield client
    client.close()


@contextmanager
def provider(monkeypatch, step):
    """One that takes ``step(connection, number)`` after step."""

    def serve():
        connection, _address = listener.accept()
        with connection, contextlib.suppress(OSError):  # the client has gone
            for number in range(N_STEPS):
                step(connection, number)
                time.sleep(PAUSE)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        monkeypatch.setenv("GEMINI_BASE_URL", address)
        monkeypatch.setenv("GEMINI_API_KEY", KEY)
        monkeypatch.setenv("OPENAI_BASE_URL", f"{address}/v1")
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield
        thread.join(10)
        assert not thread.is_alive()


def asked_in_vain(client, request) -> str:
    """The code of the error."""
    with pytest.raises(DownError) as caught:
        client.ask(request, timeout=0.4)
    return caught.value.code


def test_answer_that_trickles_ends_at_the_time_out(monkeypatch, client):
    def step(connection, number):
        if number == 0:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        connection.sendall(b"1\r\n \r\n")

    with provider(monkeypatch, step):
        assert asked_in_vain(client, a_request()) == "timeout"


def test_head_that_trickles_ends_at_the_time_out(monkeypatch, client):
    def step(connection, number):
        connection.sendall(b"a" if number else b"HTTP/1.1 200 OK\r\nX-Why: ")

    with provider(monkeypatch, step):
        assert asked_in_vain(client, a_request()) == "timeout"


def test_question_that_is_taken_slowly_ends_at_the_time_out(monkeypatch, client):
    film, taken = "film " * 3_000_000, []

    def step(connection, number):
        taken.append(len(connection.recv(250_000)))
        while number > 20 and sum(taken) < len(film):
            taken.append(len(connection.recv(250_000)) or len(film))
        if sum(taken) > len(film):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    with provider(monkeypatch, step):
        assert asked_in_vain(client, a_request(Text(film))) == "timeout"


class Clock:
    """Stands still until it is set."""

    now = 100.0

    def monotonic(self):
        return self.now


class Inner:
    """A connection that notes the time it is given."""

    def __init__(self):
        self.given = []

    def read(self, max_bytes, timeout):
        self.given.append(timeout)

    def write(self, buffer, timeout):
        self.given.append(timeout)


def test_each_step_has_what_is_left_of_the_whole_time(monkeypatch):
    clock, inner = Clock(), Inner()
    monkeypatch.setattr(deadlines, "time", clock)
    stream = deadlines._Stream(inner)
    stream.read(1, None)
    with within(10), within(99):
        stream.read(1, 60)
        stream.read(1, 3)
        clock.now += 6
        stream.write(bytes(2 * deadlines.PIECE + 1), None)
        clock.now += 4
        with pytest.raises(httpcore2.ReadTimeout):
            stream.read(1, 60)
        with pytest.raises(httpcore2.WriteTimeout):
            stream.write(b"x", 60)
    stream.read(1, 60)
    assert inner.given == [None, 10, 3, 4, 4, 4, 60]
