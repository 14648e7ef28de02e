"""Gemini's batch delivery: what is handed in, found again, and comes back by its key."""

import json

import pytest

from models_app.clients.base import (
    BatchState,
    BlockedError,
    DeniedError,
    DownError,
    LimitedError,
    Picture,
    ProviderError,
    RefusedRequestError,
    Reply,
    StaleError,
    Text,
    Turn,
)
from models_app.clients.gemini import GeminiClient
from models_app.clients.gemini_requests import line_of
from tests.loopback import gemini_answers as answers
from tests.loopback.gemini import file_uris_of, told
from tests.loopback.server import Fault
from tests.models_app.clients.geminis import KEY, SCHEMA, a_clip, a_request


def lines_of(server):
    """The requests of the only job, by key."""
    [batch] = server.batches.values()
    content = server._contents[batch["metadata"]["inputConfig"]["fileName"]]
    return {line["key"]: line["request"] for line in map(json.loads, content.splitlines())}


def submit(client, *, n=3, label="axial-1"):
    requests = {f"k{n}": a_request(Text(f"Film {n}."), schema=SCHEMA) for n in range(n)}
    return client.submit(requests, label=label, timeout=5)


def test_line_of_a_batch_is_what_the_sdk_would_send(server, client):
    request = a_request(
        Text("“Quotes”, <b>, שלום 🎈"),
        Picture(b"\xff\xd8\xfe", 2),
        turns=(Turn("a", "b"),),
        schema=SCHEMA,
        temperature=0.5,
        seed=3,
    )
    client.ask(request, timeout=5)
    assert line_of(request, {}) == told(server.calls[0])


def test_job_answers_every_request_under_its_key(server, client):
    name = submit(client)
    assert client.look(name, timeout=5).state is BatchState.PENDING
    server.finish_batches(lines=lambda lines: lines[::-1])
    status = client.look(name, timeout=5)
    assert status.state is BatchState.DONE
    assert sorted(status.replies) == ["k0", "k1", "k2"]
    assert all(isinstance(reply, Reply) for reply in status.replies.values())
    assert status.replies["k0"].text == '{"stance": "absent"}'
    assert status.replies["k0"].usage.output == 9
    assert server.n_questions == 0


def test_job_may_be_looked_at_again_after_it_was_done(server, client):
    name = submit(client)
    server.finish_batches()
    assert client.look(name, timeout=5) == client.look(name, timeout=5)


def test_errors_of_single_requests_come_under_their_keys(server, client):
    name = submit(client, n=6)
    refuse = {
        "k0": (8, "Too many."),
        "k1": (3, f"Bad {KEY}."),
        "k2": (13, "Oh."),
        "k3": (16, "No."),
        "k4": (429, "Hm."),
    }
    server.finish_batches(refuse=refuse)
    replies = client.look(name, timeout=5).replies
    kinds = [type(replies[f"k{n}"]) for n in range(6)]
    assert kinds == [LimitedError, RefusedRequestError, DownError, DeniedError, LimitedError, Reply]
    assert KEY not in str(replies["k1"])


def test_filter_within_a_batch_blocks_one_request(server, client):
    name = submit(client, n=2)
    blocked = json.loads(answers.blocked_answer("SPII").body)

    def with_one_blocked(lines):
        return [json.dumps({"key": "k0", "response": blocked}), lines[1]]

    server.finish_batches(lines=with_one_blocked)
    replies = client.look(name, timeout=5).replies
    assert isinstance(replies["k0"], BlockedError)
    assert replies["k0"].reason == "SPII"
    assert isinstance(replies["k1"], Reply)


@pytest.mark.parametrize(
    "odd",
    [
        '{"key": "k1"}',
        '{"key": "k1", "response": "?"}',
        '{"key": "k1", "response": {"candidates": 3}}',
        '{"key": "k1", "error": "Oh."}',
        '{"response": {}}',
        "[]",
        '{"key": "k',
    ],
)
def test_odd_line_hides_no_other_answer(server, client, odd):
    name = submit(client)
    server.finish_batches(lines=lambda lines: [lines[0], "", odd, lines[2]])
    replies = client.look(name, timeout=5).replies
    assert isinstance(replies["k0"], Reply)
    assert isinstance(replies["k2"], Reply)
    assert isinstance(replies.get("k1", DownError("no-answer", "")), DownError)


def test_answers_that_end_in_the_middle_of_a_line_are_asked_for_again(server, client):
    name = submit(client)
    server.finish_batches(lines=lambda lines: [*lines[:2], lines[2][:-5]])
    with pytest.raises(DownError):
        client.look(name, timeout=5)


def test_clips_of_a_batch_are_uploaded_once_each_never_inline(server, client, tmp_path):
    clip, other = a_clip(tmp_path, b"one", "1.mp4"), a_clip(tmp_path, b"two", "2.mp4")
    requests = {"a": a_request(clip), "b": a_request(clip, Text("Again.")), "c": a_request(other)}
    name = client.submit(requests, label="axial-1", timeout=5)
    uris = {key: file_uris_of(line) for key, line in lines_of(server).items()}
    assert uris["a"] == uris["b"] != uris["c"]
    assert server.uploads == 3  # with the requests themselves
    client.close()
    assert len(server.files) == 3  # the job needs them still
    server.finish_batches()
    assert all(isinstance(reply, Reply) for reply in client.look(name, timeout=5).replies.values())
    assert server.files == {}


def test_files_of_another_job_stay_when_a_job_ends(server, client, tmp_path):
    first = client.submit({"a": a_request(a_clip(tmp_path))}, label="axial-1", timeout=5)
    client.submit({"a": a_request(a_clip(tmp_path))}, label="axial-11", timeout=5)
    server.finish_batches()
    client.look(first, timeout=5)
    assert len(server.files) == 2
    assert all(file["displayName"].startswith("axial-11") for file in server.files.values())


def test_job_that_was_not_taken_finds_its_clips_uploaded(server, client, tmp_path):
    clips = [a_clip(tmp_path, content, f"{content}.mp4") for content in (b"one", b"two")]
    requests = {clip.sha256: a_request(clip) for clip in clips}
    server.queue(Fault.limited(), at=":batchGenerateContent")
    with pytest.raises(LimitedError):
        client.submit(requests, label="axial-1", timeout=5)
    assert client.find("axial-1", timeout=5) is None
    again = GeminiClient()
    again.submit(requests, label="axial-1", timeout=5)
    again.close()
    films = [f for f in server.files.values() if f["mimeType"] == "video/mp4"]
    assert len(films) == 2


def test_clip_that_cannot_be_uploaded_makes_no_job(server, client, tmp_path):
    server.queue(None, Fault.status(503), at="/upload/")
    requests = {str(n): a_request(a_clip(tmp_path, b"%d" % n, f"{n}.mp4")) for n in range(3)}
    with pytest.raises(DownError):
        client.submit(requests, label="axial-1", timeout=5)
    assert server.batches == {}


def test_clip_of_a_batch_that_expired_is_stale(server, client, tmp_path):
    name = client.submit({"a": a_request(a_clip(tmp_path))}, label="axial-1", timeout=5)
    server.expire()
    server.finish_batches()
    assert isinstance(client.look(name, timeout=5).replies["a"], StaleError)


def test_job_is_found_by_its_label(server, client):
    assert client.find("axial-1", timeout=5) is None
    name = submit(client)
    submit(client, label="axial-2")
    assert client.find("axial-1", timeout=5) == name
    client.cancel(name, timeout=5)
    assert client.find("axial-1", timeout=5) == name
    newer = submit(client)
    assert client.find("axial-1", timeout=5) == newer


@pytest.mark.parametrize("state", ["BATCH_STATE_FAILED", "BATCH_STATE_EXPIRED", "BATCH_STATE_CANCELLED"])
def test_job_that_failed_says_how(server, client, state):
    name = submit(client)
    server.finish_batches(state=state)
    status = client.look(name, timeout=5)
    assert status.state is BatchState.FAILED
    assert state.removeprefix("BATCH_") in status.message
    assert server.files == {}


def test_cancelling_is_no_error_if_the_job_has_ended_or_is_not_known(server, client):
    name = submit(client)
    client.cancel(name, timeout=5)
    assert client.look(name, timeout=5).state is BatchState.FAILED
    client.cancel(name, timeout=5)
    client.cancel("batches/unknown", timeout=5)


def test_cancelling_at_a_provider_that_is_down_is_an_error(server, client):
    name = submit(client)
    server.queue(Fault.status(503), at=":cancel")
    with pytest.raises(DownError):
        client.cancel(name, timeout=5)


@pytest.mark.parametrize(
    ("fault", "at", "kind"),
    [
        (Fault.status(500), "/batches", DownError),
        (Fault.garble(), "/batches", DownError),
        (Fault.limited(after=2), "/batches", LimitedError),
        (Fault.cut(), ":download", DownError),
        (Fault.garble(), ":download", DownError),
        (Fault.status(404, "No such job."), "/batches", RefusedRequestError),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_look_that_fails_is_told_and_may_be_repeated(server, client, fault, at, kind):
    name = submit(client)
    server.finish_batches()
    server.queue(fault, at=at)
    with pytest.raises(ProviderError) as error:
        client.look(name, timeout=5)
    assert type(error.value) is kind
    assert len(client.look(name, timeout=5).replies) == 3


def test_tidying_that_fails_keeps_the_replies(server, client):
    name = submit(client)
    server.finish_batches()
    server.queue(None, Fault.status(503), at="/files")  # the download; then the listing of what to delete
    assert len(client.look(name, timeout=5).replies) == 3


def test_batch_of_two_models_or_of_nothing_is_refused(client):
    mixed = {"a": a_request(), "b": a_request(model="gemini-other")}
    for requests in ({}, mixed):
        with pytest.raises(RefusedRequestError):
            client.submit(requests, label="axial-1", timeout=5)
