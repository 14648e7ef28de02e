"""Writers wait for each other, and the next gets through whatever became of the one before.

On SQLite this is our queue (config.sqlite); on PostgreSQL the rows' locks do the same.
"""

import threading
import time

import pytest
from django.db import IntegrityError, connection, transaction

from annotator.models import Study
from tests.factories import make_study

pytestmark = pytest.mark.django_db(transaction=True)


def in_thread(work):
    """Run something on a connection of its own; the thread, and what it raised."""
    raised = []

    def run():
        try:
            work()
        except Exception as exc:  # noqa: BLE001 - handed to the test
            raised.append(exc)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread, raised


def another_can_write():
    """Whether a transaction of another connection gets through soon."""

    def write():
        with transaction.atomic():
            Study.objects.update(description="written")

    thread, raised = in_thread(write)
    thread.join(5)
    return not thread.is_alive() and not raised


def test_a_transaction_waits_for_the_one_before_it():
    study, order = make_study(), []
    begun = threading.Event()

    def second():
        begun.set()
        with transaction.atomic():
            Study.objects.filter(pk=study.pk).update(name="second")
            order.append("second")

    with transaction.atomic():
        Study.objects.filter(pk=study.pk).update(name="first")
        thread, raised = in_thread(second)
        begun.wait(5)
        time.sleep(0.1)
        order.append("first")
    thread.join(5)
    assert order == ["first", "second"]
    assert not raised
    assert Study.objects.get(pk=study.pk).name == "second"


def test_a_writer_waits_longer_than_the_busy_timeout():
    make_study()
    begun = threading.Event()

    def second():
        connection.ensure_connection()
        if connection.vendor == "sqlite":
            connection.connection.execute("PRAGMA busy_timeout = 50")
        begun.set()
        with transaction.atomic():
            Study.objects.update(name="second")

    with transaction.atomic():
        Study.objects.update(name="first")
        thread, raised = in_thread(second)
        begun.wait(5)
        time.sleep(0.5)
    thread.join(5)
    assert not raised


def test_the_next_may_write_after_a_commit():
    with transaction.atomic():
        make_study()
    assert another_can_write()


def test_the_next_may_write_after_a_roll_back():
    with pytest.raises(RuntimeError), transaction.atomic():  # noqa: PT012 - the block is what is tested
        make_study()
        raise RuntimeError
    assert another_can_write()


def test_the_next_may_write_after_a_failed_statement():
    make_study("same")
    with pytest.raises(IntegrityError), transaction.atomic():
        make_study("same")
    assert another_can_write()


def test_the_next_may_write_after_a_connection_closed_amid_a_transaction():
    def leave():
        with transaction.atomic():
            Study.objects.update(name="lost")
            connection.close()

    thread, _raised = in_thread(leave)
    thread.join(5)
    assert another_can_write()


def test_an_inner_block_keeps_the_place_until_the_outer_ends():
    make_study()
    done = threading.Event()

    def second():
        with transaction.atomic():
            Study.objects.update(name="second")
        done.set()

    with transaction.atomic():
        with transaction.atomic():
            Study.objects.update(name="inner")
        thread, raised = in_thread(second)
        assert not done.wait(0.3)
    thread.join(5)
    assert done.is_set()
    assert not raised
