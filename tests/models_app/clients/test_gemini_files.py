"""Clips that are too large to go with a request: the Files API, and what may go wrong with it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from models_app.clients import gemini_files
from models_app.clients.base import (
    DownError,
    LimitedError,
    ProviderError,
    RefusedRequestError,
    StaleError,
    Text,
    Turn,
)
from models_app.clients.gemini import GeminiClient
from tests.loopback.gemini import file_uris_of, told
from tests.loopback.server import Fault
from tests.models_app.clients.geminis import a_clip, a_request


@pytest.fixture
def client(server):
    """For which every clip is too large."""
    client = GeminiClient(inline_bytes=0, poll_seconds=0.01)
    yield client
    client.close()


@pytest.fixture
def clip(tmp_path):
    return a_clip(tmp_path, name="@account של מישהי.mp4")


def test_large_clip_is_uploaded_without_its_name_and_named_in_the_request(server, client, clip):
    client.ask(a_request(Text("What is this?"), clip), timeout=5)
    [name] = server.files
    call = server.calls_to(":generateContent")[0]
    assert file_uris_of(told(call)) == [f"{server.url}/v1beta/{name}"]
    assert server._contents[name] == b"film"
    assert not any(b"account" in call.body or "account" in f"{call.headers}" for call in server.calls)


def test_clip_of_many_chunks_arrives_whole(server, client, tmp_path, monkeypatch):
    monkeypatch.setattr("google.genai._api_client.CHUNK_SIZE", 1000)
    content = bytes(range(256)) * 17
    client.ask(a_request(a_clip(tmp_path, content)), timeout=5)
    assert list(server._contents.values()) == [content]
    assert len(server.calls_to("/arriving/")) == 5


def test_clip_is_uploaded_once_for_all_questions_about_it(server, client, clip):
    for turns in ((), (Turn("{", "No JSON."),)):
        client.ask(a_request(clip, turns=turns), timeout=5)
    assert (server.uploads, server.n_questions) == (1, 2)


def test_threads_wait_for_one_upload(server, client, clip):
    server.queue(Fault.slow(0.2), at="/arriving/")
    with ThreadPoolExecutor(6) as threads:
        replies = list(threads.map(lambda _: client.ask(a_request(clip), timeout=5), range(6)))
    assert len(replies) == 6
    assert server.uploads == 1


def test_thread_does_not_wait_for_an_upload_longer_than_its_time(server, client, clip):
    server.queue(Fault.slow(1), at="/arriving/")
    first = threading.Thread(target=client.ask, args=(a_request(clip),), kwargs={"timeout": 5})
    first.start()
    while not server.calls_to("/arriving/"):
        threading.Event().wait(0.01)
    with pytest.raises(DownError) as error:
        client.ask(a_request(clip), timeout=0.2)
    assert error.value.code == "timeout"
    first.join()
    assert server.uploads == 1


def test_clip_of_many_chunks_has_no_more_time_than_a_small_one(server, client, tmp_path, monkeypatch):
    monkeypatch.setattr("google.genai._api_client.CHUNK_SIZE", 1000)
    server.queue(*[Fault.slow(0.15)] * 10, at="/arriving/")
    with pytest.raises(DownError) as error:
        client.ask(a_request(a_clip(tmp_path, bytes(10_000))), timeout=0.5)
    assert error.value.code == "timeout"
    assert server.uploads == 0


def test_file_that_is_still_processing_is_waited_for(server, client, clip):
    server.processing = 3
    assert client.ask(a_request(clip), timeout=5).text
    assert len([call for call in server.calls_to("/files/") if call.method == "GET"]) == 3


def test_file_that_processes_too_long_is_waited_for_again_not_sent_again(server, client, clip):
    server.processing = 10**6
    with pytest.raises(DownError) as error:
        client.ask(a_request(clip), timeout=1)
    assert error.value.code == "timeout"
    [file] = server.files.values()
    file["_left"] = 1
    assert client.ask(a_request(clip), timeout=5).text
    assert server.uploads == 1


def test_file_that_cannot_be_read_is_refused_with_the_reason(server, client, clip):
    server.broken = True
    with pytest.raises(RefusedRequestError, match="The video has no frames"):
        client.ask(a_request(clip), timeout=5)
    assert server.n_questions == 0
    assert server.files == {}


def test_file_that_expired_is_stale_and_sent_anew(server, client, clip):
    client.ask(a_request(clip), timeout=5)
    server.expire()
    with pytest.raises(StaleError) as error:
        client.ask(a_request(clip), timeout=5)
    assert error.value.is_passing
    assert client.ask(a_request(clip), timeout=5).text
    assert server.uploads == 2


def test_file_that_is_forgotten_while_it_is_processed_is_stale(server, client, clip):
    server.processing = 5
    server.queue(Fault.status(404, "Requested entity was not found."), at="/files/f")
    with pytest.raises(StaleError):
        client.ask(a_request(clip), timeout=5)
    assert client.ask(a_request(clip), timeout=5).text


def test_file_that_is_about_to_expire_is_sent_anew_before_it_does(server, client, clip):
    client.ask(a_request(clip), timeout=5)
    [kept] = client._connection.uploads._kept.values()
    kept.file.expiration_time = datetime.now(UTC)
    client.ask(a_request(clip), timeout=5)
    assert server.uploads == 2


@pytest.mark.parametrize(
    ("fault", "at", "kind"),
    [
        (Fault.limited(after=3), "/upload/", LimitedError),
        (Fault.status(500), "/upload/", DownError),
        (Fault.drop(), "/upload/", DownError),
        (Fault.cut(), "/arriving/", DownError),
        (Fault.garble(), "/arriving/", DownError),
        (Fault.slow(3), "/arriving/", DownError),
        (Fault.status(413, "Too large."), "/upload/", RefusedRequestError),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_upload_that_fails_is_told_and_may_be_tried_again(server, client, clip, fault, at, kind):
    server.queue(fault, at=at)
    with pytest.raises(ProviderError) as error:
        client.ask(a_request(clip), timeout=1 if fault.name == "slow" else 5)
    assert type(error.value) is kind
    assert client.ask(a_request(clip), timeout=5).text


def test_part_of_a_file_that_failed_is_sent_again_by_the_sdk(server, client, clip):
    server.queue(Fault.status(500), at="/arriving/")
    assert client.ask(a_request(clip), timeout=10).text
    assert (server.uploads, len(server.calls_to("/arriving/"))) == (1, 2)


def test_limit_while_waiting_for_a_file_leaves_the_file(server, client, clip):
    server.processing = 2
    server.queue(Fault.limited(after=1), at="/files/f")
    with pytest.raises(LimitedError):
        client.ask(a_request(clip), timeout=5)
    assert client.ask(a_request(clip), timeout=5).text
    assert server.uploads == 1


def test_files_are_deleted_when_the_client_closes(server, client, tmp_path):
    for content in (b"one", b"two"):
        client.ask(a_request(a_clip(tmp_path, content)), timeout=5)
    assert len(server.files) == 2
    client.close()
    assert server.files == {}


def test_close_does_not_mind_what_is_gone_or_down(server, client, clip):
    client.ask(a_request(clip), timeout=5)
    server.queue(Fault.status(503), at="/files/f")
    client.close()
    assert len(server.files) == 1  # expires by itself
    client.ask(a_request(clip), timeout=5)
    server.expire()
    client.close()


def test_oldest_file_goes_when_there_are_too_many(server, client, tmp_path, monkeypatch):
    client.ask(a_request(), timeout=5)
    client._connection.uploads._most_kept = 2
    clips = [a_clip(tmp_path, content, f"{content}.mp4") for content in (b"one", b"two", b"three")]
    for clip in (*clips[:2], clips[0], clips[2]):
        client.ask(a_request(clip), timeout=5)
    assert [server._contents[name] for name in server.files] == [b"one", b"three"]
    assert server.uploads == 3


def test_clock_that_has_run_out_is_a_timeout():
    with pytest.raises(DownError):
        gemini_files.Clock(0).left()
