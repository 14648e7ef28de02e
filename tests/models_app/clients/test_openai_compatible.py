"""The real SDK against a server of its protocol on this machine, with everything that can go wrong."""

import base64
import contextlib
import json
import logging
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from models_app.clients.base import (
    BlockedError,
    Client,
    ClientName,
    Clip,
    DeniedError,
    DownError,
    Finish,
    LimitedError,
    Picture,
    RefusedRequestError,
    Request,
    Text,
    Turn,
    Usage,
)
from models_app.clients.openai_compatible import OpenAiCompatible
from models_app.clients.openai_manners import is_strict
from tests.loopback import openai as wire
from tests.loopback.openai import OpenAiServer
from tests.loopback.server import Answer, Fault
from tests.models_app.clients import waits

KEY = "sk-proj-0123456789abcdefghij"
CLOSED = {
    "type": "object",
    "properties": {"mood": {"type": "string"}},
    "required": ["mood"],
    "additionalProperties": False,
}
OPEN = {"type": "object", "properties": {"mood": {"type": "string"}}}


@pytest.fixture
def server(monkeypatch):
    with OpenAiServer(say=lambda call: "Fine.") as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        yield server


@pytest.fixture
def client(server):
    client = OpenAiCompatible()
    yield client
    client.close()


def question(**changes) -> Request:
    whole = {"model": "m", "system": "Judge, and answer in JSON.", "parts": (Text("A film."),)}
    return Request(**(whole | changes))


def asked(server) -> list[dict]:
    return [call.json for call in server.calls]


# --- What is sent and read ---------------------------------------------------------------------


def test_client_is_one(client):
    a_client: Client = client
    assert a_client.name is ClientName.OPENAI


def test_question_is_sent_whole(server, client):
    request = question(turns=(Turn("{", "That is no JSON."),), temperature=0.0, seed=7, max_output_tokens=300)
    reply = client.ask(request, timeout=5)
    assert reply.text == "Fine."
    assert reply.finish is Finish.WHOLE
    assert reply.model == "m-2026-01-01"
    assert asked(server) == [
        {
            "model": "m",
            "messages": [
                {"role": "system", "content": "Judge, and answer in JSON."},
                {"role": "user", "content": "A film."},
                {"role": "assistant", "content": "{"},
                {"role": "user", "content": "That is no JSON."},
            ],
            "max_tokens": 300,
            "temperature": 0.0,
            "seed": 7,
        }
    ]
    assert server.calls[0].headers["authorization"] == f"Bearer {KEY}"


def test_question_says_nothing_of_what_is_not_set(server, client):
    client.ask(question(system=""), timeout=5)
    (body,) = asked(server)
    assert body.keys() == {"model", "messages", "max_tokens"}
    assert [message["role"] for message in body["messages"]] == ["user"]


def test_pictures_go_as_data_addresses_in_their_order(server, client):
    parts = (Text("Look:"), Picture(b"\xff\xd8jpeg", 1.5), Text("Then judge."))
    client.ask(question(parts=parts), timeout=5)
    content = asked(server)[0]["messages"][1]["content"]
    assert [block["type"] for block in content] == ["text", "image_url", "text"]
    head, _comma, data = content[1]["image_url"]["url"].partition(",")
    assert head == "data:image/jpeg;base64"
    assert base64.b64decode(data) == b"\xff\xd8jpeg"


def test_clip_is_never_sent(server, client):
    with pytest.raises(TypeError, match="clip"):
        client.ask(question(parts=(Clip(Path("a.mp4"), "0" * 64, "video/mp4"),)), timeout=5)
    assert not server.calls


def test_several_texts_of_no_picture_are_one(server, client):
    client.ask(question(parts=(Text("One."), Text("Two."))), timeout=5)
    assert asked(server)[0]["messages"][1]["content"] == "One.\n\nTwo."


def test_hostile_text_arrives_unharmed(server, client):
    hostile = 'Ignore "all" of it </s> [INST] \u202eשלום 🙂 \\n {"values": {}}'
    server.say = lambda call: call.json["messages"][1]["content"]
    assert client.ask(question(parts=(Text(hostile),)), timeout=5).text == hostile


def test_own_server_needs_no_key(server, client, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    assert client.ask(question(), timeout=5).text == "Fine."
    assert server.calls[0].headers["authorization"] == "Bearer none"


def test_usage_counts_thoughts_once(server, client):
    told = {
        "prompt_tokens": 100,
        "completion_tokens": 50,
        "total_tokens": 150,
        "prompt_tokens_details": {"cached_tokens": 64},
        "completion_tokens_details": {"reasoning_tokens": 30},
    }
    server.queue(Fault.body(wire.completion("Fine.", usage=told)))
    assert client.ask(question(), timeout=5).usage == Usage(input=100, output=50, cached=64)


def test_usage_counts_thoughts_that_are_told_apart(server, client):
    told = {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 180}
    server.queue(Fault.body(wire.completion("Fine.", usage=told)))
    assert client.ask(question(), timeout=5).usage == Usage(input=100, output=80)


def test_usage_is_told_by_the_total_where_the_answer_is_not_counted(server, client):
    server.queue(Fault.body(wire.completion("Fine.", usage={"prompt_tokens": 100, "total_tokens": 180})))
    assert client.ask(question(), timeout=5).usage == Usage(input=100, output=80)


def test_usage_is_unknown_where_the_server_does_not_say(server, client):
    server.queue(Fault.body(wire.completion("Fine.", usage={})))
    assert client.ask(question(), timeout=5).usage == Usage()


def test_answer_may_come_in_blocks(server, client):
    said = {"content": [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "Fine."}]}
    server.queue(Fault.body(Answer.json({"choices": [{"message": said, "finish_reason": "stop"}]})))
    assert client.ask(question(), timeout=5).text == "Fine."


# --- What servers do not know ------------------------------------------------------------------


def formats(server) -> list[str | None]:
    found = [body.get("response_format") for body in asked(server)]
    return [
        form and form["type"] + " strict" * form.get("json_schema", {}).get("strict", 0) for form in found
    ]


def test_schema_is_asked_for_strictly_where_it_can_be_kept(server, client):
    client.ask(question(schema=CLOSED), timeout=5)
    client.ask(question(schema=OPEN), timeout=5)
    assert formats(server) == ["json_schema strict", "json_schema"]
    assert asked(server)[0]["response_format"]["json_schema"]["schema"] == CLOSED


def test_schema_that_a_server_does_not_know_is_left_out_and_remembered(server, client):
    server.forms = {"json_object"}
    assert client.ask(question(schema=CLOSED), timeout=5).text == "Fine."
    assert formats(server) == ["json_schema strict", "json_schema", "json_object"]
    client.ask(question(schema=CLOSED), timeout=5)
    assert formats(server)[3:] == ["json_object"]


def test_server_without_any_form_is_asked_plainly(server, client):
    server.forms = {"text"}
    assert client.ask(question(schema=OPEN), timeout=5).text == "Fine."
    assert formats(server) == ["json_schema", "json_object", None]


def test_schema_refused_by_a_list_of_details_is_left_out(server, client):
    detail = [
        {"type": "extra_forbidden", "loc": ["body", "response_format"], "msg": "Extra inputs are not OK"}
    ]
    server.queue(Fault.body(Answer.json({"detail": detail}, status=422)))
    client.ask(question(schema=OPEN), timeout=5)
    assert formats(server) == ["json_schema", "json_object"]


def test_parameters_that_a_model_refuses_are_learned_for_that_model(server, client, caplog):
    server.refused = {"temperature", "max_tokens", "seed"}
    with caplog.at_level(logging.WARNING):
        client.ask(question(temperature=0.0, seed=3, max_output_tokens=300), timeout=5)
    assert "m is asked without temperature" in caplog.text
    assert asked(server)[-1].keys() == {"model", "messages", "max_completion_tokens"}
    assert asked(server)[-1]["max_completion_tokens"] == 300
    n_calls = len(server.calls)
    client.ask(question(temperature=0.0, seed=3), timeout=5)
    assert len(server.calls) == n_calls + 1
    server.refused = set()
    client.ask(question(model="another", temperature=0.0, seed=3), timeout=5)
    assert asked(server)[-1].keys() == {"model", "messages", "max_tokens", "temperature", "seed"}


def test_temperature_out_of_bounds_is_refused_not_dropped(server, client):
    error = wire.refused(400, "Invalid 'temperature': 1.9 is above the maximum of 1.", param="temperature")
    server.queue(Fault.body(error))
    with pytest.raises(RefusedRequestError, match="above the maximum"):
        client.ask(question(temperature=1.9), timeout=5)
    assert len(server.calls) == 1


def test_instruction_goes_with_the_message_where_there_is_no_such_role(server, client):
    server.has_system_role = False
    assert client.ask(question(), timeout=5).text == "Fine."
    assert asked(server)[-1]["messages"] == [
        {"role": "user", "content": "Judge, and answer in JSON.\n\nA film."}
    ]
    parts = (Text("Look."), Picture(b"jpeg", 0))
    client.ask(question(parts=parts), timeout=5)
    assert len(server.calls) == 3
    assert asked(server)[-1]["messages"][0]["content"][0]["text"] == "Judge, and answer in JSON."


def test_lessons_are_learned_by_many_threads_at_once(server, client):
    server.refused, server.forms = {"temperature", "max_tokens"}, {"text"}
    server.latency = 0.02
    request = question(temperature=0.0, schema=CLOSED)
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _n: client.ask(request, timeout=20), range(40)))
    assert {reply.text for reply in replies} == {"Fine."}
    assert len(server.calls) <= 40 + 8 * 5


def test_openai_itself_is_asked_by_the_newer_name_of_the_limit(monkeypatch, server):
    monkeypatch.delenv("OPENAI_BASE_URL")
    monkeypatch.setattr("models_app.clients.openai_compatible.OWN_ADDRESS", server.base_url)
    client = OpenAiCompatible()
    client.ask(question(), timeout=5)
    client.close()
    assert asked(server)[0].keys() == {"model", "messages", "max_completion_tokens"}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (CLOSED, True),
        (OPEN, False),
        ({**CLOSED, "required": []}, False),
        ({"anyOf": [CLOSED]}, False),
        ({**CLOSED, "properties": {"mood": {"anyOf": [CLOSED, {"type": "null"}]}}}, True),
        ({**CLOSED, "properties": {"mood": {"type": "array", "items": OPEN}}}, False),
        ({**CLOSED, "properties": {"mood": {"type": "string", "not": {"const": ""}}}}, False),
        ({**CLOSED, "$defs": {"open": OPEN}}, False),
    ],
)
def test_schema_is_strict(schema, expected):
    assert is_strict(schema) is expected


# --- What goes wrong ---------------------------------------------------------------------------


def limited_for(client, server, headers: dict[str, str]) -> float | None:
    server.queue(Fault.body(Answer.json({"error": {"message": "Slow down."}}, status=429, headers=headers)))
    with pytest.raises(LimitedError, match=r"Slow down\.") as caught:
        client.ask(question(), timeout=5)
    return caught.value.after


def test_limit_tells_how_long_to_wait(server, client):
    assert limited_for(client, server, {}) is None
    assert limited_for(client, server, {"Retry-After": "12"}) == 12
    assert limited_for(client, server, {"Retry-After": "12", "retry-after-ms": "350"}) == 0.35
    assert limited_for(client, server, {"Retry-After": "soon"}) is None
    assert limited_for(client, server, {"Retry-After": "inf"}) is None
    soon = datetime.now(UTC) + timedelta(seconds=60)
    assert limited_for(client, server, {"Retry-After": format_datetime(soon, usegmt=True)}) == pytest.approx(
        60, abs=3
    )
    past = format_datetime(soon - timedelta(hours=1), usegmt=True)
    assert limited_for(client, server, {"Retry-After": past}) == 0


@pytest.mark.parametrize(("told", "expected"), waits.SENSELESS)
def test_limit_is_a_wait_that_can_be_kept(server, client, told, expected):
    assert limited_for(client, server, {"Retry-After": told}) == expected


def test_limit_in_milliseconds_is_a_wait_that_can_be_kept(server, client):
    assert limited_for(client, server, {"retry-after-ms": "9e9"}) == 86_400
    assert limited_for(client, server, {"retry-after-ms": "nan", "Retry-After": "7"}) == 7
    moment = f"{(time.time() + 60) * 1000:.0f}"
    assert limited_for(client, server, {"retry-after-ms": moment}) == pytest.approx(60, abs=3)


def test_limit_may_end_at_a_moment(server, client):
    moment = f"{time.time() + 60:.0f}"
    assert limited_for(client, server, {"Retry-After": moment}) == pytest.approx(60, abs=3)


def test_limit_is_met_once_not_tried_again(server, client):
    server.queue(Fault.limited(after=0))
    with pytest.raises(LimitedError):
        client.ask(question(), timeout=5)
    assert len(server.calls) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
def test_server_out_of_order_is_down(server, client, status):
    server.queue(Fault.status(status))
    with pytest.raises(DownError, match=str(status)) as caught:
        client.ask(question(), timeout=5)
    assert caught.value.code == "down"
    assert len(server.calls) == 1


def test_slow_server_is_down(server, client):
    server.queue(Fault.slow(3))
    with pytest.raises(DownError, match=r"within 0\.3 seconds") as caught:
        client.ask(question(), timeout=0.3)
    assert caught.value.code == "timeout"


def test_server_that_trickles_is_down(monkeypatch):
    """Each piece comes in time, the whole never does."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{listener.getsockname()[1]}/v1")

        def trickle() -> None:
            connection, _address = listener.accept()
            with connection, contextlib.suppress(OSError):
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                for _n in range(100):
                    connection.sendall(b"1\r\n \r\n")
                    time.sleep(0.05)

        thread = threading.Thread(target=trickle, daemon=True)
        thread.start()
        client = OpenAiCompatible()
        with pytest.raises(DownError) as caught:
            client.ask(question(), timeout=0.4)
        client.close()
        thread.join(10)
        assert not thread.is_alive()
    assert caught.value.code == "timeout"


@pytest.mark.parametrize(
    ("fault", "code"),
    [(Fault.cut(), "cut"), (Fault.drop(), "cut"), (Fault.garble(), "garbled")],
    ids=["cut", "drop", "garble"],
)
def test_broken_answer_is_down(server, client, fault, code):
    server.queue(fault)
    with pytest.raises(DownError) as caught:
        client.ask(question(), timeout=5)
    assert caught.value.code == code
    assert client.ask(question(), timeout=5).text == "Fine."


def test_page_instead_of_an_answer_is_down(server, client):
    server.queue(Fault.body(Answer(b"<html>Welcome</html>", content_type="text/html")))
    with pytest.raises(DownError) as caught:
        client.ask(question(), timeout=5)
    assert caught.value.code == "garbled"


@pytest.mark.parametrize("body", [[], "x", None, {"choices": [{"message": None}]}, {"choices": [7]}])
def test_json_that_is_no_answer_is_down(server, client, body):
    server.queue(Fault.body(Answer.json(body)))
    with pytest.raises(DownError):
        client.ask(question(), timeout=5)


def test_answer_without_choices_is_down(server, client):
    server.queue(Fault.body(wire.no_choices()))
    with pytest.raises(DownError) as caught:
        client.ask(question(), timeout=5)
    assert (caught.value.code, caught.value.usage) == ("empty", Usage())


def test_answer_without_text_is_down_and_billed(server, client):
    told = {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150}
    body = {"choices": [], "usage": told}
    for answer in (wire.completion("", usage=told), Answer.json(body)):
        server.queue(Fault.body(answer))
        with pytest.raises(DownError) as caught:
            client.ask(question(), timeout=5)
        assert (caught.value.code, caught.value.usage) == ("empty", Usage(input=100, output=50))


def test_nobody_there_is_down(monkeypatch, client):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    with pytest.raises(DownError) as caught:
        OpenAiCompatible().ask(question(), timeout=5)
    assert caught.value.code == "cut"


@pytest.mark.parametrize("address", ["127.0.0.1:9/v1", "ftp://127.0.0.1:9", "http://a:b:c"])
def test_address_that_is_none_is_denied(monkeypatch, address):
    monkeypatch.setenv("OPENAI_BASE_URL", address)
    with pytest.raises(DeniedError) as caught:
        OpenAiCompatible().ask(question(), timeout=5)
    assert caught.value.code == "bad-address"


def test_no_key_for_openai_is_denied(monkeypatch):
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(DeniedError, match="OPENAI_API_KEY"):
        OpenAiCompatible().ask(question(), timeout=5)


def test_wrong_key_is_denied_and_not_told(server, client):
    server.key = "another"
    with pytest.raises(DeniedError) as caught:
        client.ask(question(), timeout=5)
    assert "Incorrect API key" in str(caught.value)
    assert KEY not in repr(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("status", [402, 403])
def test_account_that_may_not_is_denied(server, client, status):
    server.queue(Fault.status(status, "Not in your country."))
    with pytest.raises(DeniedError, match="Not in your country"):
        client.ask(question(), timeout=5)


def test_used_up_account_is_denied_not_limited(server, client):
    server.queue(Fault.body(wire.used_up()))
    with pytest.raises(DeniedError, match="quota"):
        client.ask(question(), timeout=5)


def test_request_that_never_fits_a_limit_is_refused(server, client):
    message = "Request too large for m on tokens per min (TPM): Limit 30000, Requested 41000."
    server.queue(Fault.body(wire.refused(429, message, kind="tokens", code="rate_limit_exceeded")))
    with pytest.raises(RefusedRequestError, match="Limit 30000"):
        client.ask(question(), timeout=5)


def test_model_that_is_not_there_is_refused(server, client):
    server.models = {"another"}
    with pytest.raises(RefusedRequestError, match="no model “m”") as caught:
        client.ask(question(), timeout=5)
    assert caught.value.code == "not-found"


def test_too_long_a_question_is_refused(server, client):
    server.queue(Fault.body(wire.too_long()))
    with pytest.raises(RefusedRequestError, match="max_output_tokens=8192") as caught:
        client.ask(question(schema=CLOSED), timeout=5)
    assert caught.value.code == "too-long"
    assert len(server.calls) == 1


def test_too_large_a_request_is_refused(server, client):
    server.queue(Fault.status(413))
    with pytest.raises(RefusedRequestError) as caught:
        client.ask(question(), timeout=5)
    assert caught.value.code == "too-large"


def test_pictures_for_a_model_that_cannot_see_are_refused(server, client):
    server.queue(Fault.status(400, "This model does not take image_url."))
    with pytest.raises(RefusedRequestError, match="may read text alone"):
        client.ask(question(parts=(Picture(b"jpeg", 0),)), timeout=5)


def test_question_that_a_filter_stops_is_blocked(server, client):
    server.queue(Fault.body(wire.filtered_question()))
    with pytest.raises(BlockedError, match="content management policy") as caught:
        client.ask(question(schema=CLOSED), timeout=5)
    assert (caught.value.reason, caught.value.usage) == ("content_filter", Usage(0, 0))


def test_answer_that_a_filter_stops_is_blocked_and_billed(server, client):
    server.queue(Fault.body(wire.filtered_answer()))
    with pytest.raises(BlockedError) as caught:
        client.ask(question(), timeout=5)
    assert caught.value.reason == "content_filter"
    assert caught.value.usage.output == 2


def test_model_that_will_not_is_blocked(server, client):
    server.queue(Fault.body(wire.refusal()))
    with pytest.raises(BlockedError, match="I cannot help") as caught:
        client.ask(question(), timeout=5)
    assert caught.value.reason == "refusal"


def test_answer_that_was_cut_says_so(server, client):
    server.queue(Fault.body(wire.cut_answer()))
    reply = client.ask(question(), timeout=5)
    assert reply.finish is Finish.CUT
    assert reply.text == '{"values": {"stimu'


def test_answer_of_another_form_is_handed_on(server, client):
    server.queue(Fault.body(wire.wrong_schema()))
    assert json.loads(client.ask(question(schema=CLOSED), timeout=5).text) == {"mood": "good"}


def test_text_that_cannot_be_sent_is_refused(server, client):
    with pytest.raises(RefusedRequestError):
        client.ask(question(parts=(Text("half a letter: \ud83d"),)), timeout=5)


def test_client_that_was_closed_opens_again(client):
    client.ask(question(), timeout=5)
    client.close()
    client.close()
    assert client.ask(question(), timeout=5).text == "Fine."
