"""What may go wrong with Gemini is told apart, asked once, and holds no key."""

import logging
import time
import traceback

import pytest

from models_app.clients.base import (
    DeniedError,
    DownError,
    LimitedError,
    RefusedRequestError,
)
from tests.loopback import gemini_answers as answers
from tests.loopback.server import Answer, Fault
from tests.models_app.clients import waits
from tests.models_app.clients.geminis import KEY, a_clip, a_request, refusal


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault.status(500), "down"),
        (Fault.status(503), "down"),
        (Fault.status(504), "down"),
        (Fault.status(408), "down"),
        (Fault.cut(), "cut"),
        (Fault.drop(), "cut"),
        (Fault.garble(), "garbled"),
        (Fault.body(Answer(b"<html>Proxy</html>")), "garbled"),
        (Fault.body(Answer(b"null")), "garbled"),
        (Fault.body(Answer(b"[1]")), "garbled"),
        (Fault.body(Answer(b"")), "garbled"),
        (Fault.body(Answer.json({"candidates": ["?"]})), "garbled"),
        (Fault.body(answers.no_candidates()), "empty"),
        (Fault.body(Answer.json(answers.whole(""))), "empty"),
        (Fault.body(Answer(b"<html>Bad gateway</html>", status=502)), "down"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_provider_that_is_down_is_asked_once_and_said_to_be_down(server, client, fault, code):
    server.queue(fault)
    error = refusal(client)
    assert isinstance(error, DownError)
    assert (error.code, error.is_passing, error.is_down) == (code, True, True)
    assert server.n_questions == 1  # trying again is the engine's
    assert client.ask(a_request(), timeout=5).text


def test_slow_answer_is_not_waited_for(server, client):
    server.queue(Fault.slow(3))
    began = time.monotonic()
    error = refusal(client, timeout=0.3)
    assert isinstance(error, DownError)
    assert error.code == "timeout"
    assert time.monotonic() - began < 2
    assert int(server.calls[0].headers["x-server-timeout"]) == 1


def test_server_that_is_not_there_is_down(client, monkeypatch):
    monkeypatch.setenv("GEMINI_BASE_URL", "http://127.0.0.1:9")
    assert isinstance(refusal(client), DownError)


@pytest.mark.parametrize(
    ("fault", "after"),
    [
        (Fault.limited(after=7), 7),
        (Fault.limited(), None),
        (Fault.body(answers.limited(delay="43s")), 43),
        (Fault.body(answers.limited(delay="1.5s")), 1.5),
        (Fault.body(answers.limited()), None),
        (Fault.body(answers.limited(delay="12s", quota="GenerateRequestsPerDayPerProject-FreeTier")), 3600),
        (Fault.body(answers.limited(delay="7200s", quota="GenerateRequestsPerDayPerProject")), 7200),
        (Fault.body(Answer(b"{}", status=429, headers={"Retry-After": "soon"})), None),
        (Fault.body(Answer(b"[]", status=429, headers={"Retry-After": "nan"})), None),
    ],
)
def test_limit_says_how_long_to_wait(server, client, fault, after):
    server.queue(fault)
    error = refusal(client)
    assert isinstance(error, LimitedError)
    assert error.after == after


def test_limit_until_a_date_is_counted_in_seconds(server, client):
    date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 60))
    server.queue(Fault.body(Answer(b"{}", status=429, headers={"Retry-After": date})))
    assert 50 < refusal(client).after <= 61


@pytest.mark.parametrize(("told", "expected"), waits.SENSELESS)
def test_limit_is_a_wait_that_can_be_kept(server, client, told, expected):
    server.queue(Fault.body(Answer(b"{}", status=429, headers={"Retry-After": told})))
    assert refusal(client).after == expected


@pytest.mark.parametrize(
    ("delay", "expected"),
    [("86401s", 86_400), ("9" * 400 + "s", None), ("-5s", None), ("nans", None), ("0s", 0)],
)
def test_delay_is_a_wait_that_can_be_kept(server, client, delay, expected):
    server.queue(Fault.body(answers.limited(delay=delay)))
    assert refusal(client).after == expected


def test_limit_may_end_at_a_moment(server, client):
    moment = f"{time.time() + 60:.0f}"
    server.queue(Fault.body(Answer(b"{}", status=429, headers={"Retry-After": moment})))
    assert 50 < refusal(client).after <= 61


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "The input token count exceeds the maximum."),
        (404, "models/gemini-0 is no longer available."),
        (413, "Payload too large."),
    ],
)
def test_request_that_is_refused_is_told_with_the_providers_words(server, client, status, message):
    server.queue(Fault.status(status, message))
    error = refusal(client)
    assert isinstance(error, RefusedRequestError)
    assert (error.code, error.is_passing) == (f"refused-{status}", False)
    assert message in str(error)


def test_model_with_a_name_that_cannot_be_is_refused(client):
    assert isinstance(refusal(client, a_request(model="../gemini?key=1")), RefusedRequestError)


@pytest.mark.parametrize(
    "fault",
    [
        Fault.body(answers.invalid_key()),
        Fault.status(401, "Request had invalid authentication credentials."),
        Fault.status(403, "Generative Language API has not been used in this project."),
        Fault.status(400, "User location is not supported for the API use."),
        Fault.status(429, "Your prepayment credits are depleted."),
        Fault.status(429, "Quota exceeded for metric: requests, limit: 0, model: gemini-test"),
    ],
)
def test_refused_key_or_account_is_denied(server, client, fault):
    server.queue(fault)
    assert isinstance(refusal(client), DeniedError)


def test_wrong_key_is_denied(server, client, monkeypatch):
    monkeypatch.setenv("GEMINI_API_KEY", KEY + "x")
    assert isinstance(refusal(client), DeniedError)


def test_file_that_is_missing_here_is_no_fault_of_the_provider(client, tmp_path):
    clip = a_clip(tmp_path)
    clip.path.unlink()
    error = refusal(client, a_request(clip))
    assert (type(error), error.code) == (RefusedRequestError, "no-media")
    assert str(tmp_path) not in str(error)


@pytest.mark.parametrize(
    "fault",
    [
        Fault.status(400, f"Bad key {KEY} in ?key={KEY}."),
        Fault.status(500, f"Bearer {KEY}"),
        Fault.limited(message=f"Too much for {KEY}."),
        Fault.body(Answer(f"<b>{KEY}</b>".encode(), status=403)),
        Fault.body(Answer(f"<b>{KEY}</b>".encode())),
        Fault.body(answers.blocked_question(KEY)),
        Fault.cut(),
    ],
    ids=lambda fault: fault.name,
)
def test_key_is_in_no_error_and_no_log(server, client, caplog, fault):
    caplog.set_level(logging.DEBUG)
    for name in ("httpx2", "httpcore2", "google_genai"):
        caplog.set_level(logging.DEBUG, logger=name)
    server.queue(fault)
    error = refusal(client)
    lines = "".join(traceback.format_exception(error))
    assert KEY not in f"{error} {error!r} {vars(error)} {lines} {client!r}"
    assert any(record.name.startswith("http") for record in caplog.records)  # they did speak
    assert KEY not in caplog.text
    assert all(KEY not in f"{vars(record)}" for record in caplog.records)
