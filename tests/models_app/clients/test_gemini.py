"""Gemini's real SDK against its wire format: what is sent, what comes back, what may go wrong."""

import base64
from concurrent.futures import ThreadPoolExecutor

import pytest

from models_app.clients.base import (
    BatchClient,
    BlockedError,
    DeniedError,
    DownError,
    Finish,
    Picture,
    ProviderError,
    Text,
    Turn,
    Usage,
)
from models_app.clients.gemini import GeminiClient
from tests.loopback import gemini_answers as answers
from tests.loopback.gemini import texts_of, told
from tests.loopback.server import Answer, Fault
from tests.models_app.clients.geminis import SCHEMA, a_clip, a_request, refusal


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


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"promptTokenCount": 90, "totalTokenCount": 90}, Usage(90, 0)),  # a count of zero is left out
        ({"promptTokenCount": 90, "thoughtsTokenCount": 30, "totalTokenCount": 120}, Usage(90, 30)),
        ({"promptTokenCount": 90, "candidatesTokenCount": 2, "totalTokenCount": 132}, Usage(90, 42)),
        ({"promptTokenCount": 90, "candidatesTokenCount": 2, "totalTokenCount": 0}, Usage(90, 2)),
        ({"totalTokenCount": 90}, Usage()),
        ({"promptTokenCount": "many", "candidatesTokenCount": -1, "totalTokenCount": True}, Usage()),
        ([], Usage()),
    ],
)
@pytest.mark.parametrize("body", ["answer", "blocked question", "blocked answer", "no text", "no candidates"])
def test_tokens_are_counted_by_the_total_with_or_without_an_answer(server, client, told, expected, body):
    bodies = {
        "answer": answers.whole("Fine."),
        "blocked question": {"promptFeedback": {"blockReason": "OTHER"}},
        "blocked answer": {"candidates": [{"finishReason": "SAFETY"}]},
        "no text": answers.whole(""),
        "no candidates": {},
    }
    server.queue(Fault.body(Answer.json({**bodies[body], "usageMetadata": told})))
    try:
        usage = client.ask(a_request(), timeout=5).usage
    except (BlockedError, DownError) as error:
        usage = error.usage
    assert usage == expected


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
