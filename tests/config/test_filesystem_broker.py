"""The filesystem transport: messages whole or not at all, and nothing in its folder ends a worker."""

import errno
import threading
from pathlib import Path
from queue import Empty

import pytest
from kombu import Connection
from kombu.exceptions import ChannelError

import config.celery  # registers the transport


@pytest.fixture
def folder(tmp_path):
    for name in ("messages", "processed", "control"):
        (tmp_path / name).mkdir()
    return tmp_path


@pytest.fixture
def connection(folder):
    options = {
        "data_folder_in": str(folder / "messages"),
        "data_folder_out": str(folder / "messages"),
        "processed_folder": str(folder / "processed"),
        "control_folder": str(folder / "control"),
    }
    with Connection("filesystem://", transport_options=options) as connection:
        yield connection


def take(connection):
    with connection.SimpleQueue("io") as queue:
        message = queue.get(block=False)
        message.ack()
        return message.payload


def test_transport_of_the_app_is_ours(connection):
    assert config.celery.app is not None
    assert type(connection.default_channel).__module__ == "config.filesystem_broker"


def test_messages_come_in_the_order_in_which_they_went(connection, folder):
    with connection.SimpleQueue("io") as queue:
        for n in range(12):
            queue.put({"n": n})
        assert queue.qsize() == 12
    assert [take(connection)["n"] for _n in range(12)] == list(range(12))
    assert list((folder / "messages").iterdir()) == list((folder / "processed").iterdir()) == []


def test_message_is_never_seen_half_written(connection, folder, monkeypatch):
    seen = []
    write_bytes = Path.write_bytes

    def look_first(path, data):
        write_bytes(path, data[: len(data) // 2])
        seen.extend(p.name for p in (folder / "messages").glob("*.msg"))
        return write_bytes(path, data)

    monkeypatch.setattr(Path, "write_bytes", look_first)
    with connection.SimpleQueue("io") as queue:
        queue.put({"n": 1})
    assert seen == []
    assert take(connection) == {"n": 1}


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe\x00", b"[]", b"null", b"7", b"{}", b'{"properties": {}}', b'{"body": 1}'],
)
def test_broken_file_is_put_aside_and_the_next_message_comes(connection, folder, content):
    with connection.SimpleQueue("io") as queue:
        queue.put({"n": 1})
    (folder / "messages" / "00_broken.io.msg").write_bytes(content)
    assert take(connection) == {"n": 1}
    assert [path.name for path in (folder / "broken").iterdir()] == ["00_broken.io.msg"]


def test_folder_that_is_gone_holds_no_messages_and_is_made_again(connection, folder):
    with connection.SimpleQueue("io") as queue:
        (folder / "messages").rmdir()
        with pytest.raises(Empty):
            queue.get(block=False)
        queue.put({"n": 1})
    assert take(connection) == {"n": 1}


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"null"])
def test_broken_exchange_file_counts_as_none(connection, folder, content):
    (folder / "control" / "io.exchange").write_bytes(content)
    with connection.SimpleQueue("io") as queue:
        queue.put({"n": 1})
    assert take(connection) == {"n": 1}


def test_full_disk_is_an_error_that_senders_expect(connection, folder, monkeypatch):
    with connection.SimpleQueue("io") as queue:
        monkeypatch.setattr(Path, "write_bytes", full)
        with pytest.raises(ChannelError, match="No space"):
            queue.put({"n": 1})
    assert list((folder / "messages").iterdir()) == []


def test_reader_starts_on_a_full_disk_and_finds_what_comes_when_there_is_room(connection, monkeypatch):
    with monkeypatch.context() as on_full_disk:
        on_full_disk.setattr(Path, "write_bytes", full)
        reader = connection.SimpleQueue("io")
        with pytest.raises(Empty):
            reader.get(block=False)
    with connection.clone() as other, other.SimpleQueue("io") as queue:
        queue.put({"n": 1})
    message = reader.get(block=False)
    message.ack()
    assert message.payload == {"n": 1}
    reader.close()


def full(path, data):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_two_readers_never_get_the_same_message(connection):
    with connection.SimpleQueue("io") as queue:
        for n in range(200):
            queue.put({"n": n})
    got = []

    def read():
        with connection.clone() as own, own.SimpleQueue("io") as queue:
            while True:
                try:
                    message = queue.get(block=False)
                except Empty:
                    return
                message.ack()  # else closing puts it back
                got.append(message.payload["n"])

    threads = [threading.Thread(target=read) for _n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == list(range(200))
