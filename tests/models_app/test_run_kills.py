"""Workers killed in the middle of runs: real processes, a database and a broker of their own.

benchmarks/kills.py does the same twenty times on both databases and both brokers.
"""

import os
import signal
import subprocess
import sys
import time

import pytest
from django.conf import settings

from tests.kills.lab import N_VALUES, ROOT, Lab, a_moment, kill, until
from tests.kills.redis_server import OwnRedis

pytestmark = [pytest.mark.slow, pytest.mark.enable_socket]


@pytest.fixture
def database():
    """The server that the suite runs on; the lab makes a database of its own there."""
    if "sqlite" in settings.DATABASES["default"]["ENGINE"]:
        return ""
    return os.environ["DATABASE_URL"]


@pytest.fixture
def broker():
    """The broker that the suite runs on, unless that is the folder."""
    url = settings.CELERY_BROKER_URL
    return "" if url.startswith("filesystem") else url


@pytest.fixture
def lab(tmp_path, database, broker):
    with Lab(tmp_path / f"lab{os.getpid()}", database=database, broker=broker) as lab:
        yield lab


def assert_each_stored_once(end, n_items):
    assert end["items"] == {"done": n_items}
    assert end["n_predictions"] == n_items * N_VALUES
    assert end["odd"] == []
    assert end["finished"] == 1


def test_killed_worker_loses_nothing_and_what_was_stored_is_not_done_again(lab):
    run = lab.start_run(120)
    for n in (10, 40):
        worker = lab.start_worker()
        lab.wait_for_items(n)
        a_moment(0.2)
        kill(worker)
    lab.start_worker()
    assert_each_stored_once(lab.wait_for_end(run), 120)
    assert lab.stored_when_begun(run) == []


def test_broker_that_loses_all_messages_stops_no_run(lab):
    run = lab.start_run(40)
    lab.empty_broker()
    lab.start_worker()
    lab.wait_for_items(5)
    for _i in range(3):
        lab.empty_broker()
        a_moment()
    assert_each_stored_once(lab.wait_for_end(run), 40)


def test_several_workers_share_the_items_without_overlap(lab):
    run = lab.start_run(150)
    for _i in range(4 if lab.database else 2):
        lab.start_worker()
    end = lab.wait_for_end(run)
    assert_each_stored_once(end, 150)
    assert end["attempts"] == 150
    begun = [line.split() for line in lab.lines() if line.startswith("begin")]
    assert len(begun) == 150
    assert len({pid for _what, _video, pid, _at in begun}) > 1


def test_sigterm_ends_a_worker_within_a_long_item_which_waits_again(lab):
    lab.env["JOURNAL_SECONDS"] = "60"
    run = lab.start_run(3)
    worker = lab.start_worker()
    until(lambda: any(line.startswith("begin") for line in lab.lines()), seconds=60)
    asked = time.monotonic()
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=30) == 0
    assert time.monotonic() - asked < 15
    stands = lab.look(run)
    assert stands["items"] == {"waiting": 3}
    assert stands["attempts"] == 0


def test_empty_and_broken_message_files_end_no_worker(tmp_path, database):
    with Lab(tmp_path / f"files{os.getpid()}", database=database) as lab:
        run = lab.start_run(10)
        messages = lab.folder / "data/broker/messages"
        for n, content in enumerate([b"", b"{", b"\xff\xfe", b"[]", b"{}", b'{"properties": 3}', b"null"]):
            (messages / f"00_{n}.io.msg").write_bytes(content)
        worker = lab.start_worker()
        assert_each_stored_once(lab.wait_for_end(run), 10)
        assert worker.poll() is None
        assert len(list((lab.folder / "data/broker/broken").iterdir())) == 7


@pytest.mark.services
def test_broker_that_stops_and_comes_back_ends_no_worker(tmp_path, database):
    folder = tmp_path / f"stop{os.getpid()}"
    with (
        OwnRedis(tmp_path) as redis,
        Lab(folder, database=database, broker=redis.url, seconds=0.05) as lab,
    ):
        run = lab.start_run(60)
        worker = lab.start_worker()
        lab.wait_for_items(5)
        redis.kill()
        lab.wait_for_items(30)  # goes on without
        second = lab.start_run(5)
        redis.start()
        assert_each_stored_once(lab.wait_for_end(run), 60)
        assert_each_stored_once(lab.wait_for_end(second), 5)
        assert worker.poll() is None


def test_broker_that_is_away_keeps_nobody_from_starting_a_run(tmp_path, database):
    with Lab(tmp_path / f"away{os.getpid()}", database=database) as lab:
        lab.env["CELERY_BROKER_URL"] = "redis://127.0.0.1:1/0"
        begun = time.monotonic()
        run = lab.start_run(4)
        assert time.monotonic() - begun < 30
        lab.env.pop("CELERY_BROKER_URL")
        lab.start_worker()
        assert_each_stored_once(lab.wait_for_end(run), 4)


def test_killed_process_that_started_the_run_loses_nothing(lab):
    """As the web process would be: killed while several start runs."""
    code = (
        "import django; django.setup()\nfrom tests.kills.inside import start\n"
        "for _i in range(50): print(start(20), flush=True)"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", code], env=lab.env, cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    first = int(starter.stdout.readline())
    a_moment(0.3)
    kill(starter)
    lab.start_worker()
    runs = lab.ask("runs")
    assert first in runs
    for run in runs:
        assert_each_stored_once(lab.wait_for_end(run), 20)
