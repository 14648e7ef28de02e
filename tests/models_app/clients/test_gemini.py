"""Gemini's real SDK against its wire format: what is sent, what comes back, what may go wrong."""

import base64
import logging
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

import pytest

from models_app.clients.base import (
    BatchClient,
    BlockedError,
    DeniedError,
    DownError,
    Finish,
    LimitedError,
    Picture,
    ProviderError,
    RefusedRequestError,
    Text,
    Turn,
    Usage,
)
from models_app.clients.gemini import GeminiClient
from tests.loopback import gemini_answers as answers
from tests.loopback.gemini import GeminiServer, texts_of, told
from tests.loopback.server import Answer, Fault
from tests.models_app.clients.geminis import KEY, SCHEMA, a_clip, a_request


@pytest.fixture
def server(monkeypatch):
    with GeminiServer(key=KEY) as server:
        monkeypatch.setenv("GEMINI_BASE_URL", server.url)
        monkeypatch.setenv("GEMINI_API_KEY", KEY)
        yield server


@pytest.fixture
def client(server):
    client = GeminiClient(poll_seconds=0.01)
    yield client
    client.close()


def refusal(client, request=None, *, timeout=5):
    """The error that asking ends in."""
    with pytest.raises(ProviderError) as caught:
        client.ask(request or a_request(), timeout=timeout)
    return caught.value


def test_client_is_made_without_key_and_request(server, monkeypatch):
    monkeypatch.delenv("GEMINI_API_KEY")
    client = GeminiClient()
    assert isinstance(client, BatchClient)
    client.close()
    assert server.calls == []
    error = refusal(client)
    assert isinstance(error, DeniedError)
    assert "GEMINI_API_KEY" in str(error)


def test_request_is_sent_as_a_whole(server, client):
    request = a_request(
        Text("Before."),
        Picture(b"\xff\xd8jpeg", 1.5),
        turns=(Turn("{bad", "That is no JSON."),),
        schema=SCHEMA,
        temperature=0.0,
        seed=2**31 + 5,
        max_output_tokens=77,
    )
    reply = client.ask(request, timeout=5)
    assert (reply.text, reply.finish, reply.model) == (
        '{"stance": "absent"}',
        Finish.WHOLE,
        "gemini-test-001",
    )
    [call] = server.calls
    body = told(call)
    assert call.path.endswith("/models/gemini-test:generateContent")
    assert body["systemInstruction"]["parts"] == [{"text": "Judge what you are given."}]
    first, answer, again = body["contents"]
    assert (first["role"], answer["role"], again["role"]) == ("user", "model", "user")
    assert first["parts"][0] == {"text": "Before."}
    assert base64.urlsafe_b64decode(first["parts"][1]["inlineData"]["data"]) == b"\xff\xd8jpeg"
    assert (answer["parts"], again["parts"]) == ([{"text": "{bad"}], [{"text": "That is no JSON."}])
    assert body["generationConfig"] == {
        "temperature": 0.0,
        "seed": 5,
        "maxOutputTokens": 77,
        "responseMimeType": "application/json",
        "responseJsonSchema": SCHEMA,
    }
    assert {setting["threshold"] for setting in body["safetySettings"]} == {"OFF"}
    assert len(body["safetySettings"]) == 4


def test_free_text_is_asked_without_schema_and_the_providers_own_temperature(server, client):
    assert client.ask(a_request(), timeout=5).text == "A quiet room."
    config = told(server.calls[0])["generationConfig"]
    assert config == {"maxOutputTokens": 8192, "responseMimeType": "text/plain"}


def test_tokens_are_counted_with_thoughts_and_cache(server, client):
    body = answers.whole("one two")
    body["usageMetadata"] = {
        "promptTokenCount": 90,
        "candidatesTokenCount": 2,
        "thoughtsTokenCount": 40,
        "cachedContentTokenCount": 50,
    }
    body["candidates"][0]["content"]["parts"].insert(0, {"text": "Hm.", "thought": True})
    server.queue(Fault.body(Answer.json(body)), Fault.body(Answer.json({**body, "usageMetadata": {}})))
    reply = client.ask(a_request(), timeout=5)
    assert (reply.text, reply.usage) == ("one two", Usage(90, 42, 50))
    assert client.ask(a_request(), timeout=5).usage == Usage(None, None, None)


def test_small_clip_goes_with_the_request(server, client, tmp_path):
    client.ask(a_request(a_clip(tmp_path, b"frames")), timeout=5)
    [part] = told(server.calls[0])["contents"][0]["parts"]
    assert part["inlineData"]["mimeType"] == "video/mp4"
    assert base64.urlsafe_b64decode(part["inlineData"]["data"]) == b"frames"
    assert server.uploads == 0


def test_answer_that_was_cut_says_so(server, client):
    server.queue(Fault.body(answers.cut_answer("half")), Fault.body(answers.cut_answer("")))
    assert [client.ask(a_request(), timeout=5).finish for _ in range(2)] == [Finish.CUT, Finish.CUT]


def test_answer_with_a_reason_that_nobody_knows_is_handed_on(server, client):
    server.queue(Fault.body(Answer.json(answers.whole("Well.", reason="TIRED"))))
    assert client.ask(a_request(), timeout=5).finish is Finish.OTHER


def test_answer_of_another_shape_is_handed_on_to_whoever_reads_it(server, client):
    server.queue(Fault.body(answers.wrong_schema()))
    assert client.ask(a_request(schema=SCHEMA), timeout=5).text == '{"stances": [1, 0, 2]}'


@pytest.mark.parametrize("reason", ["SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "RECITATION", "SPII"])
def test_blocked_answer_has_the_providers_reason_and_usage(server, client, reason):
    server.queue(Fault.body(answers.blocked_answer(reason)))
    error = refusal(client)
    assert isinstance(error, BlockedError)
    assert (error.reason, error.usage.input, error.is_passing) == (reason, 11, False)


def test_blocked_question_has_the_providers_reason(server, client):
    server.queue(Fault.body(answers.blocked_question("OTHER")))
    error = refusal(client)
    assert isinstance(error, BlockedError)
    assert error.reason == "OTHER"


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


def test_tokens_of_a_prompt_are_counted_by_the_provider(server, client):
    assert client.count_tokens(a_request(Text("one two three")), timeout=5) == 8
    assert server.calls[0].path.endswith("gemini-test:countTokens")
    assert server.n_questions == 0


def test_many_threads_share_a_client_through_faults(server, client):
    def ask_until_answered(n):
        while True:
            try:
                return client.ask(a_request(Text(f"film {n}")), timeout=5).text
            except ProviderError as error:
                if not error.is_passing:
                    raise

    server.say = lambda call: texts_of(told(call))[-1]
    server.latency = 0.05
    server.storm(0.1, seed=3)
    with ThreadPoolExecutor(16) as threads:
        said = list(threads.map(ask_until_answered, range(100)))
    assert said == [f"film {n}" for n in range(100)]
    assert server.most_in_flight == 16
    assert sum(server.struck.values()) >= 5


def test_client_that_was_closed_connects_anew(server, client):
    client.ask(a_request(), timeout=5)
    client.close()
    assert client.ask(a_request(), timeout=5).text


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
