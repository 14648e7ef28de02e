"""Workers killed in the middle of runs that ask a provider which fails at will: paid once, stored once.

Real processes, the real client, a server of OpenAI's protocol. benchmarks/kills.py --llm does it fifty times.
"""

import os
from decimal import Decimal

import pytest
from django.conf import settings

from tests.kills.lab import Lab, a_moment, kill, until
from tests.loopback.openai import OpenAiServer
from tests.loopback.server import Fault
from tests.models_app.test_run_kills import assert_each_stored_once

pytestmark = [pytest.mark.slow, pytest.mark.enable_socket]
# No "limited" without a time: everybody would wait, and the test with them.
FAULTS = (
    Fault.limited(after=0),
    Fault.status(500),
    Fault.slow(0.2),
    Fault.cut(),
    Fault.drop(),
    Fault.garble(),
)


@pytest.fixture
def server():
    with OpenAiServer(latency=0.05) as server:
        server.usage = {"prompt_tokens": 900, "completion_tokens": 100, "total_tokens": 1000}
        yield server


@pytest.fixture
def lab(tmp_path, server):
    database = settings.DATABASES["default"]["ENGINE"]
    broker = settings.CELERY_BROKER_URL
    given = {
        "database": "" if "sqlite" in database else os.environ["DATABASE_URL"],
        "broker": "" if broker.startswith("filesystem") else broker,
        "provider": server.base_url,
    }
    with Lab(tmp_path / f"llm{os.getpid()}", **given) as lab:
        yield lab


def assert_paid_once(lab, run, server, n_items):
    bill = lab.bill(run)
    assert (bill["answers"], bill["videos"], bill["repeated"]) == (n_items, n_items, [])
    assert (bill["unpriced"], bill["pending"]) == (0, 0)
    # Every answer of the server's costs the same: what was paid is what was stored, once.
    assert Decimal(bill["cost"]) == Decimal("0.001") * n_items


def test_killed_workers_pay_for_each_item_once_while_the_provider_fails_at_will(lab, server):
    server.storm(0.1, seed=3, faults=FAULTS)
    run = lab.start_llm_run(120)
    for n in (15, 60):
        worker = lab.start_worker()
        until(lambda n=n: server.n_answered >= n, seconds=90)
        a_moment(0.3)
        kill(worker)
    n_before = server.n_answered
    lab.start_worker()
    assert_each_stored_once(lab.wait_for_end(run), 120)
    assert_paid_once(lab, run, server, 120)
    assert server.struck  # the storm was there
    # What had been answered and stored was not asked again: at most what two workers had in flight, and
    # what a fault kept from us.
    assert n_before < 120 + 2 * 8
    assert server.n_questions <= 120 + 2 * 8 + sum(server.struck.values())


def test_broker_that_loses_its_messages_and_a_killed_starter_cost_nothing_twice(lab, server):
    run = lab.start_llm_run(40)
    lab.empty_broker()
    lab.start_worker()
    until(lambda: server.n_answered >= 10, seconds=90)
    for _i in range(3):
        lab.empty_broker()
        a_moment()
    assert_each_stored_once(lab.wait_for_end(run), 40)
    assert_paid_once(lab, run, server, 40)
    assert server.n_questions == 40
