"""Runs that ask a provider: each answer paid and stored once, whatever the provider or the worker does."""

import threading
import time
import uuid
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import OperationalError, connections, transaction
from django.utils import timezone

from annotator.actions.videos import withdraw_video
from annotator.errors import RefusedError
from annotator.models import Video
from models_app.actions.runs import cancel_run, pause_run, resume_run, retry_failed, start_run
from models_app.clients.base import (
    BlockedError,
    ClientName,
    Clip,
    DeniedError,
    DownError,
    LimitedError,
    Picture,
    RefusedRequestError,
    Request,
    StaleError,
    Text,
    Turn,
    Usage,
)
from models_app.engine import asking as engine_asking
from models_app.engine import budget, crew, desk, exchanges, gate, outage, slices, storing
from models_app.engine.asking import PostponedError
from models_app.engine.breaker import MOST_OPENED
from models_app.engine.pausing import pause_itself, resume_what_is_due
from models_app.engine.slices import work_slice
from models_app.engine.slots import give_back, take_passes
from models_app.models import (
    Exchange,
    ExchangeState,
    ItemState,
    Prediction,
    Prompt,
    ProviderGate,
    ProviderSlot,
    Run,
    RunEvent,
    RunItem,
    RunShot,
    RunState,
    Script,
)
from models_app.pipelines.base import ItemError, LlmAnswer, Question, Step
from models_app.pipelines.base import Prediction as Answer
from models_app.prices import cost_of
from models_app.queries.bills import bill_of
from models_app.queries.runs import failures_of, progress_of
from tests.llm_factories import make_exchange
from tests.models_app.fakes import MODEL, FakeClient, FakeLlm, an_answer, asking, giving, study_with_scripts

pytestmark = pytest.mark.django_db(transaction=True)
COST = Decimal("0.00021")  # of an answer of the fake: 1,000 tokens in and 100 out


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """No wait is long, and no gate is remembered from another test."""
    monkeypatch.setattr(engine_asking, "FIRST_WAIT", 0.001)
    monkeypatch.setattr(engine_asking, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(crew, "WATCH_SECONDS", 0.01)
    monkeypatch.setattr(crew, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(gate, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(gate, "_gates", {})


def start(study, *, budget=None, **settings):
    given = {"client": "openai", "model": MODEL, "in_flight": 4, **settings}
    return start_run(study=study, pipeline="llm-from-script", settings=given, budget=budget)


def work(run, client, pipeline=None, **options):
    return work_slice(
        run.pk,
        pipeline_of=giving(pipeline or FakeLlm()),
        client_of=asking(client),
        worker="test",
        **options,
    )


def different(n=3):
    return study_with_scripts(n, text="Script %d.")


def states(run):
    return sorted(run.items.values_list("state", flat=True))


def paused(run):
    run.refresh_from_db()
    assert run.state == RunState.PAUSED
    return run


# --- Cache and bill ------------------------------------------------------------------------------


def test_each_item_is_asked_once_paid_and_stored_with_what_the_model_said():
    run = start(different(3))
    done = work(run, client := FakeClient())
    run.refresh_from_db()
    assert (done.n_done, len(client.asked), run.state) == (3, 3, RunState.FINISHED)
    assert run.started_at is not None
    row = Exchange.objects.filter(run=run).first()
    assert (row.state, row.answer, row.finish) == (ExchangeState.ANSWERED, "yes", "whole")
    assert (row.n_input, row.n_output, row.cost) == (1000, 100, COST)
    assert (row.client, row.model, row.answered_by) == ("openai", MODEL, "gpt-4o-mini-2024-07-18")
    assert row.message.startswith("Script ")
    assert row.prompt.text == "Judge."
    assert (row.seconds >= 0, row.source, row.turn) == (True, None, 0)
    said = Prediction.objects.filter(run=run).first()
    assert (said.reason, said.evidence_ms) == ("yes", 1000)
    assert run.items.first().facts == {"has_sound": True}
    assert Prompt.objects.filter(text="Judge.").count() == 1


@pytest.mark.parametrize(("n_deaths", "state"), [(9, ItemState.DONE), (10, ItemState.FAILED)])
def test_item_is_not_soon_blamed_for_the_death_of_a_worker_with_many_in_hand(n_deaths, state):
    run = start(different(2))
    left = run.items.order_by("key").first()
    run.items.filter(pk=left.pk).update(
        state=ItemState.WORKING,
        token=uuid.uuid4(),
        lease_until=timezone.now() - timedelta(seconds=1),
        n_attempts=n_deaths,
    )
    work(run, FakeClient())
    assert run.items.get(pk=left.pk).state == state
    assert run.items.exclude(pk=left.pk).get().state == ItemState.DONE


def test_answer_stored_before_the_worker_died_is_not_asked_for_again(monkeypatch):
    run = start(different(1))

    def die(*args, **kwargs):
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr("models_app.engine.desk.store_answer", die)
        with pytest.raises(SystemExit):
            work(run, client := FakeClient())
    assert (len(client.asked), Prediction.objects.count()) == (1, 0)
    assert Exchange.objects.get().cost == COST
    RunItem.objects.update(lease_until=timezone.now() - timedelta(seconds=1))  # it died with it in hand
    assert work(run, again := FakeClient()).n_done == 1
    assert again.asked == []
    assert Exchange.objects.count() == 1


def test_equal_run_finds_the_answers_of_another_and_pays_nothing():
    study = different(2)
    work(first := start(study), FakeClient())
    second = start(study)
    assert work(second, client := FakeClient()).n_done == 2
    assert client.asked == []
    rows = Exchange.objects.filter(run=second)
    assert {row.source.run_id for row in rows} == {first.pk}
    assert {(row.cost, row.key, row.answer) for row in rows} == {(Decimal(0), None, "yes")}
    RunItem.objects.filter(run=second).update(state=ItemState.WAITING)
    Prediction.objects.filter(run=second).delete()
    Run.objects.filter(pk=second.pk).update(state=RunState.RUNNING)
    assert work(second, client).n_done == 2
    assert (client.asked, Exchange.objects.filter(run=second).count()) == ([], 2)


def test_answers_are_not_shared_between_studies():
    for _study in range(2):
        work(start(different(1)), client := FakeClient())
        assert len(client.asked) == 1


def test_answers_of_another_server_are_not_taken_for_this_ones(monkeypatch):
    study = different(1)
    for server, n_asked in (("http://a/v1", 1), ("http://b/v1", 1), ("http://user:word@A/v1/", 0), ("", 1)):
        monkeypatch.setenv("OPENAI_BASE_URL", server)
        work(start(study), client := FakeClient())
        assert len(client.asked) == n_asked


def test_key_of_what_a_provider_itself_is_asked_stays_as_it_was():
    """Else everything that was answered before would be paid again."""
    parts = (Text("A film."), Clip(Path("a"), "ab", "video/mp4"), Picture(b"x", 1.25))
    request = Request("m", "Judge.", parts, (Turn("{", "No."),), {"type": "object"}, 0.0, 7)
    question = Question(Step.VALUES, ClientName.OPENAI, request, "subject")
    key = exchanges.key_of(1, question)
    assert key == "a1b8d29656273b44b863393b5f958f6876a22127a3a5f60ee2322191db8685de"
    assert exchanges.key_of(1, question, server="http://a") != key


@pytest.mark.parametrize(
    "other",
    [
        {"model": "gpt-4o"},
        {"system": "Judge well."},
        {"temperature": 0.5},
        {"max_output_tokens": 9},
        {"seed": 3},
        {"schema": {"type": "object"}},
        {"turns": (Turn("no", "say yes"),)},
    ],
)
def test_question_that_differs_in_anything_is_asked_anew(other):
    study = different(1)
    work(start(study), FakeClient())
    work(start(study), client := FakeClient(), FakeLlm(**other))
    assert len(client.asked) == 1


def test_replicates_are_independent_and_the_same_one_is_not():
    study = different(1)
    for replicate, n_asked in ((0, 1), (1, 1), (1, 0)):
        pipeline = FakeLlm()
        pipeline.replicate = replicate
        work(start(study), client := FakeClient(), pipeline)
        assert len(client.asked) == n_asked


def test_equal_questions_at_once_are_asked_once():
    run = start(study_with_scripts(4))  # the same script four times

    def slowly(request):
        time.sleep(0.2)
        return an_answer()

    assert work(run, client := FakeClient(slowly)).n_done == 4
    assert len(client.asked) == 1
    assert Exchange.objects.filter(run=run).count() == 1


def test_twin_that_lost_the_race_reads_the_winners_answer_and_both_are_on_the_bill():
    study = different(1)
    winner, loser = start(study), start(study)

    def overtaken(request):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(engine_asking, "FLIGHTS", engine_asking.Flights())  # as in another process
            work(winner, FakeClient(lambda request: an_answer("first")))
        return an_answer("second")

    assert work(loser, FakeClient(overtaken)).n_done == 1
    row = Exchange.objects.get(run=loser)
    assert (row.answer, row.cost, row.key) == ("first", COST, None)
    assert row.source == Exchange.objects.get(run=winner)
    assert Prediction.objects.filter(run=loser).first().reason == "first"


def test_answer_stored_when_the_connection_broke_is_on_the_bill_once(monkeypatch):
    monkeypatch.setattr(outage, "PAID_PAUSES", (0.01,))
    stored, store = [], exchanges.Exchanges.store

    def store_and_break(*given):
        stored.append(store(*given))
        if len(stored) == 1:
            raise OperationalError("server closed the connection unexpectedly")
        return stored[-1]

    monkeypatch.setattr(exchanges.Exchanges, "store", store_and_break)
    assert work(run := start(different(1)), client := FakeClient()).n_done == 1
    assert (len(client.asked), len(stored)) == (1, 2)
    assert run.exchanges.get().cost == COST


def test_paid_answer_is_kept_though_the_database_is_away_as_it_comes(monkeypatch):
    away, read = threading.Event(), gate.read_gate

    def read_gate(client):
        if away.is_set():
            away.clear()
            raise OperationalError("server closed the connection unexpectedly")
        return read(client)

    def answer(request):
        away.set()
        return an_answer()

    monkeypatch.setattr(gate, "read_gate", read_gate)
    run = start(different(1))
    assert work(run, client := FakeClient(answer)).n_done == 1
    assert (len(client.asked), run.exchanges.get().cost) == (1, COST)
    assert not away.is_set()  # the database was away


THOUGHTS = Usage(1000, 100)  # that cost as much as an answer


def test_thoughts_that_brought_no_answer_are_on_the_bill():
    said = (DownError("empty", "No text.", usage=THOUGHTS), DownError("cut", "Cut."), an_answer())
    run = start(different(1), budget="1")
    assert work(run, FakeClient(in_turn(*said))).n_done == 1
    rows = Exchange.objects.filter(run=run).order_by("pk")
    assert [(row.answer, row.key is None, row.cost) for row in rows] == [
        ("", True, COST),
        ("yes", False, COST),
    ]
    assert bill_of(run).cost == 2 * COST
    assert run.items.get().reserved is None


def test_thoughts_that_took_as_long_as_others_are_on_the_bill_beside_them():
    empty = DownError("empty", "No text.", usage=THOUGHTS)
    run = start(different(1))
    assert work(run, FakeClient(in_turn(empty, empty, empty, an_answer()))).n_done == 1
    assert bill_of(run).cost == 4 * COST


def test_provider_that_bills_is_not_away_and_the_items_fail():
    run = start(different(3), in_flight=3)
    work(run, client := FakeClient(raising_always(DownError("empty", "No text.", usage=THOUGHTS))))
    run.refresh_from_db()
    assert (run.state, states(run)) == (RunState.FINISHED, ["failed"] * 3)
    assert bill_of(run).cost == len(client.asked) * COST == 15 * COST


def test_thoughts_stored_when_the_connection_broke_are_on_the_bill_once(monkeypatch):
    monkeypatch.setattr(outage, "PAID_PAUSES", (0.01,))
    store, failures = exchanges.Exchanges.store_unanswered, [OperationalError("connection lost")]

    def store_and_break(self, *given, **more):
        store(self, *given, **more)
        if failures:
            raise failures.pop()

    monkeypatch.setattr(exchanges.Exchanges, "store_unanswered", store_and_break)
    run = start(different(1))
    client = FakeClient(in_turn(DownError("empty", "No text.", usage=THOUGHTS), an_answer()))
    assert work(run, client).n_done == 1
    assert (failures, bill_of(run).cost) == ([], 2 * COST)


def test_model_without_a_price_costs_nobody_knows_what():
    run = start(different(1), model="unheard-of")
    work(run, FakeClient(), FakeLlm(model="unheard-of"))
    assert Exchange.objects.get().cost is None


def test_run_whose_client_cannot_be_had_pauses_and_says_why():
    def cannot(name):
        raise DeniedError("no-key", "OPENAI_API_KEY is not set.")

    run = start(different(2))
    work_slice(run.pk, pipeline_of=giving(FakeLlm()), client_of=cannot, worker="test")
    assert paused(run).paused_because == "OPENAI_API_KEY is not set."
    assert states(run) == ["waiting"] * 2


# --- What providers do ---------------------------------------------------------------------------


def raising_once(error):
    left = [error]

    def answer(request):
        if left:
            raise left.pop()
        return an_answer()

    return answer


@pytest.mark.parametrize(
    "error",
    [
        DownError("unavailable", "503"),
        StaleError("expired", "The file has expired."),
        LimitedError("Slow down."),
        LimitedError("Slow down.", after=0.05),
    ],
)
def test_error_that_passes_costs_an_attempt_and_no_item(error):
    run = start(different(1))
    assert work(run, client := FakeClient(raising_once(error))).n_done == 1
    assert len(client.asked) == 2
    assert Exchange.objects.count() == 1
    assert list(ProviderGate.objects.values_list("n_down", flat=True)) in ([], [0])


def test_request_that_keeps_failing_fails_its_item_after_five_attempts_and_the_rest_goes_on():
    run = start(different(3), in_flight=1)

    def answer(request):
        if request.parts[0].text == "Script 1.":
            raise DownError("time-out", "No answer within 180 s.")
        return an_answer()

    done = work(run, client := FakeClient(answer))
    assert (done.n_done, done.n_failed, len(client.asked)) == (2, 1, 2 + 5)
    item = run.items.get(state=ItemState.FAILED)
    assert (item.error_code, item.error) == ("provider-time-out", "No answer within 180 s.")
    assert item.error_detail == ""


def test_refused_request_fails_its_item_at_once():
    run = start(different(1))

    def answer(request):
        raise RefusedRequestError("too-long", "The script is too long for the model.")

    assert work(run, client := FakeClient(answer)).n_failed == 1
    assert len(client.asked) == 1
    assert run.items.get().error_code == "provider-too-long"


def test_refused_key_pauses_the_run_for_good_and_fails_nothing():
    run = start(different(3))

    def answer(request):
        raise DeniedError("bad-key", "The key was refused.")

    work(run, FakeClient(answer))
    assert (paused(run).paused_because, run.resume_at) == ("The key was refused.", None)
    assert set(run.items.values_list("state", "n_attempts")) == {(ItemState.WAITING, 0)}


def test_blocked_item_has_a_state_of_its_own_is_paid_and_not_asked_again():
    run = start(different(2))

    def answer(request):
        if request.parts[0].text == "Script 0.":
            raise BlockedError("PROHIBITED_CONTENT", "The question was refused.", usage=Usage(1000, 0))
        return an_answer()

    done = work(run, FakeClient(answer))
    run.refresh_from_db()
    assert (done.n_done, done.n_failed, run.state) == (1, 1, RunState.FINISHED)
    item = run.items.get(state=ItemState.BLOCKED)
    assert item.error_code == "PROHIBITED_CONTENT"
    assert "The question was refused." in item.error
    row = Exchange.objects.get(state=ExchangeState.BLOCKED)
    assert (row.reason, row.cost) == ("PROHIBITED_CONTENT", Decimal("0.00015"))
    assert run.events.get(what="finished").detail == {"done": 1, "failed": 0, "blocked": 1}
    assert run.events.filter(what="item.blocked").exists()
    progress = progress_of(run)
    assert (progress.done, progress.blocked, progress.n_ended, progress.share) == (1, 1, 2, 1.0)
    (group,) = failures_of(run)
    assert (group.code, group.is_blocked, group.n) == ("PROHIBITED_CONTENT", True, 1)
    twin = start(run.study)
    work(twin, client := FakeClient())
    assert client.asked == []
    assert states(twin) == ["blocked", "done"]


@pytest.mark.parametrize("state", ["blocked", "failed"])
def test_retry_asks_anew_what_the_answer_was_to_blame_for(state):
    def refuse(reply, item):
        raise ItemError("unreadable-answer", "No JSON.")

    def block(request):
        raise BlockedError("SAFETY", "No.")

    run = start(different(2))
    if state == "blocked":
        work(run, FakeClient(block))
    else:
        work(run, FakeClient(), FakeLlm(refuse))
    assert states(run) == [state] * 2
    assert retry_failed(run=run, by=None) == 2
    assert set(Exchange.objects.values_list("key", flat=True)) == {None}
    assert work(run, client := FakeClient()).n_done == 2
    assert len(client.asked) == 2
    assert Exchange.objects.filter(run=run).count() == 4  # the bill keeps the first ones


def test_retry_of_an_answer_from_another_run_asks_anew_too():
    def refuse(reply, item):
        raise ItemError("unreadable-answer", "No JSON.")

    study = different(1)
    work(start(study), FakeClient())
    run = start(study)
    work(run, FakeClient(), FakeLlm(refuse))
    retry_failed(run=run, by=None)
    work(run, client := FakeClient())
    assert len(client.asked) == 1


def test_retry_of_what_failed_without_the_answers_fault_pays_nothing():
    def run_out_of_memory(reply, item):
        raise MemoryError

    run = start(different(1))
    work(run, FakeClient(), FakeLlm(run_out_of_memory))
    retry_failed(run=run, by=None)
    assert work(run, client := FakeClient()).n_done == 1
    assert client.asked == []


def test_retry_of_one_video_leaves_the_others():
    def refuse(reply, item):
        raise ItemError("unreadable-answer", "No JSON.")

    run = start(different(2))
    work(run, FakeClient(), FakeLlm(refuse))
    assert retry_failed(run=run, by=None, video=run.items.first().key) == 1
    assert states(run) == ["failed", "waiting"]


# --- Down, limited -------------------------------------------------------------------------------


def test_provider_that_is_down_pauses_the_run_fails_nothing_and_the_sweep_goes_on():
    run = start(different(6), in_flight=3)

    def answer(request):
        raise DownError("unavailable", "503 from the provider.")

    begun = timezone.now()
    work(run, client := FakeClient(answer))
    paused(run)
    assert "503 from the provider" in run.paused_because
    assert timedelta(seconds=50) < run.resume_at - begun < timedelta(seconds=90)
    assert set(run.items.values_list("state", "n_attempts")) == {(ItemState.WAITING, 0)}
    assert 10 <= len(client.asked) <= 10 + 3
    assert Exchange.objects.count() == 0
    assert resume_what_is_due() == 0
    let_time_pass(run)
    work(run, FakeClient())  # nothing: it is still paused
    assert resume_what_is_due() == 1
    assert work(run, FakeClient()).n_done == 6
    assert [event.what for event in run.events.all()] == ["started", "paused", "resumed.itself", "finished"]
    assert list(ProviderGate.objects.values_list("n_down", "n_opened")) == [(0, 0)]


def test_item_that_fails_as_the_run_pauses_for_its_provider_waits_again(monkeypatch):
    """The last attempt was counted before the run paused, its failure stored after."""
    run = start(different(1))
    away = DownError("unavailable", "503 from the provider.")
    stored = storing.store_failure

    def store_later(claim, failure):
        pause_itself(run.pk, because="Away.", resume_at=timezone.now() + timedelta(minutes=1))
        return stored(claim, failure)

    monkeypatch.setattr(desk, "store_failure", store_later)
    work(run, FakeClient(raising_always(away)))
    assert list(run.items.values_list("state", "n_attempts", "error_code")) == [("waiting", 0, "")]


def test_whoever_resumes_by_hand_does_not_wear_the_provider_out():
    run = start(different(4), in_flight=1)
    for _click in range(MOST_OPENED + 2):
        work(run, FakeClient(raising_always(DownError("unavailable", "503"))))
        paused(run)
        resume_run(run=run, by=None)
    assert states(run) == ["waiting"] * 4


def let_time_pass(run):
    past = timezone.now() - timedelta(seconds=1)
    Run.objects.filter(pk=run.pk, resume_at__isnull=False).update(resume_at=past)
    ProviderGate.objects.update(closed_until=past)


def test_provider_that_stays_down_is_tried_later_each_time():
    run = start(different(4), in_flight=1)

    def answer(request):
        raise DownError("unavailable", "503")

    minutes, asked = [], []
    for _pause in range(7):
        begun = timezone.now()
        work(run, client := FakeClient(answer))
        minutes.append(round((paused(run).resume_at - begun).total_seconds() / 60))
        asked.append(len(client.asked))
        let_time_pass(run)
        resume_what_is_due()
    assert minutes == [1, 2, 4, 8, 16, 30, 30]
    assert asked == [10] + [1] * 6  # once it is known to be down, one request tells that it still is
    assert states(run) == ["waiting"] * 4


def test_run_of_nothing_but_items_that_the_provider_cannot_answer_ends():
    run, n_pauses = start(different(2), in_flight=4), 0
    while n_pauses < 20:
        work(run, FakeClient(raising_always(DownError("internal", "500"))))
        run.refresh_from_db()
        if run.state != RunState.PAUSED:
            break
        n_pauses += 1
        let_time_pass(run)
        resume_what_is_due()
    assert run.state == RunState.FINISHED
    assert MOST_OPENED < n_pauses <= MOST_OPENED + 2  # the last of them together, or one after the other
    assert set(run.items.values_list("state", "error_code")) == {(ItemState.FAILED, "provider-internal")}


def test_those_who_wait_for_their_turn_hear_that_the_provider_asked_to_wait(settings):
    settings.LLM_RPM = {"openai": 300}  # a turn each 0.2 s
    run, begun, asked = start(different(3), in_flight=3), time.monotonic(), []

    def answer(request):
        asked.append(request)
        raise LimitedError("Slow down.", after=30)

    work(run, FakeClient(answer), should_stop=lambda: time.monotonic() - begun > 1.5)
    assert len(asked) == 1
    assert states(run) == ["waiting"] * 3


@pytest.mark.parametrize("after", [1_735_689_600.0, 1e12, float("inf")])
def test_no_provider_is_waited_for_longer_than_a_day_and_whoever_resumes_waits_no_more(after):
    run = start(different(1))
    work(run, client := FakeClient(in_turn(LimitedError("Slow down.", after=after), an_answer())))
    assert paused(run).resume_at <= timezone.now() + timedelta(days=1)
    resume_run(run=run, by=None)
    assert work(run, client).n_done == 1


def test_runs_at_a_provider_that_is_down_pause_without_asking_on():
    first, second = start(different(3)), start(different(2))
    work(first, FakeClient(raising_always(DownError("unavailable", "503"))))
    ProviderGate.objects.update(closed_until=timezone.now() + timedelta(minutes=10))
    work(second, client := FakeClient())
    assert client.asked == []
    assert paused(second).resume_at > timezone.now() + timedelta(minutes=9)


def in_turn(*answers):
    """One after the other: answers, and errors that are raised."""
    left = list(answers)

    def answer(request):
        said = left.pop(0)
        if isinstance(said, Exception):
            raise said
        return said

    return answer


def raising_always(error):
    def answer(request):
        raise error

    return answer


def test_resuming_by_hand_does_not_wait_for_the_sweep():
    run = start(different(3))
    work(run, FakeClient(raising_always(DownError("unavailable", "503"))))
    resume_run(run=paused(run), by=None)
    run.refresh_from_db()
    assert (run.state, run.resume_at, run.paused_because) == (RunState.RUNNING, None, "")


def test_pausing_by_hand_keeps_the_sweep_from_resuming():
    run = start(different(3))
    work(run, FakeClient(raising_always(DownError("unavailable", "503"))))
    pause_run(run=paused(run), by=None)
    let_time_pass(run)
    assert resume_what_is_due() == 0
    cancel_run(run=run, by=None)
    assert resume_what_is_due() == 0


def test_long_wait_asked_for_by_the_provider_pauses_the_run_until_then():
    run = start(different(3), in_flight=1)
    begun = timezone.now()
    work(run, client := FakeClient(raising_always(LimitedError("Come back later.", after=600))))
    assert len(client.asked) == 1
    assert timedelta(seconds=590) < paused(run).resume_at - begun < timedelta(seconds=620)
    assert states(run) == ["waiting"] * 3


def test_limit_closes_the_gate_for_all_threads():
    run = start(different(8), in_flight=4)
    answered, told = [], []

    def answer(request):
        if not told:
            told.append(time.monotonic())
            raise LimitedError("Slow down.", after=0.6)
        answered.append(time.monotonic())
        time.sleep(0.05)
        return an_answer()

    assert work(run, client := FakeClient(answer)).n_done == 8
    assert len(client.asked) == 9
    assert not [at for at in answered if told[0] + 0.1 < at < told[0] + 0.5]
    assert len(told) == 1


def test_requests_a_minute_are_spaced_over_all_threads(settings):
    settings.LLM_RPM = {"openai": 600}  # one in 0.1 s
    run = start(different(8), in_flight=8)
    begun = time.monotonic()
    assert work(run, FakeClient()).n_done == 8
    assert time.monotonic() - begun >= 0.69


def test_tokens_a_minute_are_spaced_by_what_answers_took(settings):
    settings.LLM_TPM = {"openai": 600_000}  # 10,000 in a second: answers of 1,100 tokens, one in 0.11 s
    run = start(different(6), in_flight=1)
    begun = time.monotonic()
    assert work(run, FakeClient()).n_done == 6
    assert time.monotonic() - begun >= 0.5


# --- Slots, threads ------------------------------------------------------------------------------


def test_requests_in_flight_are_bounded_by_the_run():
    run = start(different(10), in_flight=3)
    assert work(run, client := FakeClient(slow_answer())).n_done == 10
    assert client.most_in_flight == 3
    assert not ProviderSlot.objects.filter(token__isnull=False).exists()


def slow_answer(seconds=0.1):
    def answer(request):
        time.sleep(seconds)
        return an_answer()

    return answer


def in_another_thread(work):
    """Whoever works beside us, with a connection of its own."""

    def target():
        try:
            work()
        finally:
            connections.close_all()

    thread = threading.Thread(target=target)
    thread.start()
    return thread


def test_requests_in_flight_are_bounded_over_two_slices_of_two_runs(settings):
    settings.LLM_IN_FLIGHT = {"openai": 3}
    first, second = start(different(8), in_flight=2), start(different(8), in_flight=2)
    client = FakeClient(slow_answer())
    client_of, pipeline_of = asking(client), giving(FakeLlm())

    def work_on(run):
        while not work_slice(run.pk, pipeline_of=pipeline_of, client_of=client_of, worker="test").n_tried:
            time.sleep(0.05)
        work_slice(run.pk, pipeline_of=pipeline_of, client_of=client_of, worker="test")

    others = [in_another_thread(lambda run=run: work_on(run)) for run in (first, second)]
    for thread in others:
        thread.join()
    assert states(first) + states(second) == ["done"] * 16
    assert client.most_in_flight == 3


def test_second_slice_of_a_run_takes_no_more_than_the_run_may():
    run = start(different(10), in_flight=3)
    held = take_passes(["openai"], run_id=run.pk, most=3)
    assert len(held) == 3
    assert take_passes(["openai"], run_id=run.pk, most=3) == []
    give_back([token for slots in held for token in slots])
    assert len(take_passes(["openai"], run_id=run.pk, most=3)) == 3


def test_slots_of_a_killed_worker_are_free_when_their_leases_run_out(settings):
    settings.LLM_IN_FLIGHT = {"openai": 2}
    run = start(different(1))
    assert len(take_passes(["openai"], run_id=run.pk, most=5)) == 2
    assert take_passes(["openai"], run_id=run.pk, most=5) == []
    ProviderSlot.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert len(take_passes(["openai"], run_id=run.pk, most=5)) == 2


def test_thread_of_two_providers_holds_a_slot_of_each(settings):
    settings.LLM_IN_FLIGHT = {"openai": 4, "gemini": 2}
    run = start(different(1))
    passes = take_passes(["gemini", "openai"], run_id=run.pk, most=8)
    assert [len(slots) for slots in passes] == [2, 2]
    assert ProviderSlot.objects.filter(token__isnull=False).count() == 4


def test_what_breaks_in_a_thread_is_raised_by_the_slice(monkeypatch):
    def claim(**_):
        raise ZeroDivisionError("a bug of ours")

    run = start(different(2))
    monkeypatch.setattr(crew, "claim_next", claim)
    with pytest.raises(ZeroDivisionError, match="a bug of ours"):
        work(run, FakeClient())
    assert not ProviderSlot.objects.filter(token__isnull=False).exists()


def test_pipeline_that_breaks_fails_its_item_and_keeps_the_answer():
    def break_down(reply, item):
        raise KeyError("endorsed")

    run = start(different(1))
    assert work(run, FakeClient(), FakeLlm(break_down)).n_failed == 1
    assert run.items.get().error_code == "crashed"
    assert Exchange.objects.get().answer == "yes"


def test_ctrl_c_lets_what_is_in_flight_come_back():
    run, asked, come = start(different(4), in_flight=4), threading.Barrier(4), threading.Event()
    first = threading.Lock()

    def answer(request):
        asked.wait(10)
        if not first.acquire(blocking=False):
            come.wait(10)
        return an_answer()

    def interrupt():
        come.set()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work(run, FakeClient(answer), after_each=interrupt_once(interrupt))
    assert Exchange.objects.filter(run=run).count() == 4


def interrupt_once(interrupt):
    """A second Ctrl-C would end it at once."""
    calls = [interrupt]
    return lambda: calls.pop()() if calls else None


@pytest.mark.parametrize("stop", ["pause", "shutdown"])
def test_answer_that_arrives_after_we_let_go_is_kept_and_found_later(stop, monkeypatch):
    monkeypatch.setattr(crew, "GRACE_SECONDS", 0.1)
    run = start(different(1))
    stopping, answering = threading.Event(), threading.Event()

    def answer(request):
        if stop == "pause":
            in_another_thread(lambda: pause_run(run=run, by=None)).join()
        else:
            stopping.set()
        answering.wait(10)
        return an_answer("late")

    begun = time.monotonic()
    done = work(run, FakeClient(answer), should_stop=stopping.is_set)
    assert (done.n_tried, time.monotonic() - begun < 5) == (0, True)
    assert list(run.items.values_list("state", "n_attempts")) == [(ItemState.WAITING, 0)]
    answering.set()
    until(lambda: Exchange.objects.filter(answer="late").exists())
    until(lambda: not ProviderSlot.objects.filter(token__isnull=False).exists())
    if stop == "pause":
        resume_run(run=run, by=None)
    assert work(run, client := FakeClient()).n_done == 1
    assert client.asked == []


def until(holds):
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_answer_that_arrives_within_the_grace_is_not_asked_for_again():
    run = start(different(4), in_flight=2)

    def answer(request):
        in_another_thread(lambda: pause_run(run=run, by=None)).join()
        time.sleep(0.3)
        return an_answer()

    work(run, client := FakeClient(answer))
    n_asked = len(client.asked)
    assert n_asked == 2
    resume_run(run=run, by=None)
    work(run, again := FakeClient())
    assert (states(run), len(again.asked)) == (["done"] * 4, 2)


def test_cancelling_lets_what_is_with_the_provider_wait_again():
    run = start(different(1))
    run.items.update(state=ItemState.SENT)
    assert progress_of(run).sent == 1
    cancel_run(run=run, by=None)
    assert states(run) == ["waiting"]


def test_slice_goes_on_while_no_other_run_wants_the_worker(monkeypatch):
    run = start(different(8), in_flight=1)
    assert work(run, FakeClient(slow_answer(0.05)), seconds=0.05).n_done == 8


def test_slice_ends_when_another_run_wants_the_worker():
    run, _other = start(different(20), in_flight=1), start(different(1))
    assert 0 < work(run, FakeClient(slow_answer(0.1)), seconds=0.05).n_done < 10
    assert "waiting" in states(run)


# --- Budget --------------------------------------------------------------------------------------


def test_budget_is_never_exceeded_by_many_threads():
    run = start(different(40), budget="0.00500", in_flight=16, max_output_tokens=256)
    work(run, FakeClient(slow_answer(0.02)), FakeLlm(max_output_tokens=256))
    said = "The budget is spent: 0.00483 of 0.005 USD, and one more request may cost 0.00021."
    assert paused(run).paused_because.startswith(said)
    total = sum(Exchange.objects.values_list("cost", flat=True))
    assert total <= Decimal("0.00500")
    assert total == COST * 23  # 23 answers fit
    assert run.resume_at is None
    assert set(run.items.exclude(state=ItemState.DONE).values_list("state", "n_attempts")) == {("waiting", 0)}
    resume_run(run=run, by=None, budget="1")
    assert work(run, FakeClient(), FakeLlm(max_output_tokens=256)).n_done == 40 - 23
    assert run.events.get(what="budget").detail == {"budget": "1", "currency": "USD"}


class CheapThenDear(FakeLlm):
    """A script by a cheap model, judged by a dear one."""

    def work(self, item, *, briefing, ask, beat):
        question = self.question(item)
        ask(replace(question, step=Step.SCRIPT))
        ask(replace(question, request=replace(question.request, model="gpt-4o")))
        return LlmAnswer(predictions=tuple(Answer(item.video_id, v, True, False) for v in briefing.values))


def test_budget_expects_of_each_model_what_that_model_costs():
    run = start(different(8), budget="0.10", in_flight=8, max_output_tokens=8192)
    together = threading.Barrier(8)

    def answer(request):
        if request.model == "gpt-4o":
            time.sleep(0.2)  # the others look at the budget meanwhile
            return an_answer(n_input=1000, n_output=8000)  # 0.0825 each
        together.wait(10)
        return an_answer()

    work(run, FakeClient(answer), CheapThenDear(max_output_tokens=8192))
    assert "The budget is spent" in paused(run).paused_because
    assert bill_of(run).cost <= Decimal("0.10")


def test_budget_takes_no_filters_answer_for_the_length_of_others():
    run = start(different(9), budget="0.01", in_flight=8, max_output_tokens=8192)
    first = threading.Lock()

    def answer(request):
        if first.acquire(blocking=False):
            raise BlockedError("content_filter", "No.", usage=Usage(10, 0))
        return an_answer(n_input=10, n_output=8000)

    work(run, FakeClient(answer), FakeLlm(max_output_tokens=8192))
    assert "The budget is spent" in paused(run).paused_because
    assert bill_of(run).cost <= Decimal("0.01")


def test_filters_answer_that_costs_nobody_knows_what_ends_a_run_with_a_budget():
    run = start(different(3), budget="5", in_flight=1)
    work(run, client := FakeClient(raising_always(BlockedError("SAFETY", "No."))))
    assert "no budget can be kept" in paused(run).paused_because
    assert len(client.asked) == 1


@pytest.mark.parametrize("look", ["reserved", "spent"])
def test_answer_that_is_stored_while_the_budget_is_read_is_not_overlooked(monkeypatch, look):
    """By another worker, on a database where each question sees what has been stored meanwhile."""
    monkeypatch.setattr(engine_asking, "LOOK_SECONDS", 0.01)
    run = start(different(2), budget="0.0006", in_flight=1, max_output_tokens=256)
    other = run.items.first()
    until_then = timezone.now() + timedelta(hours=1)
    run.items.filter(pk=other.pk).update(
        state=ItemState.DONE, reserved=Decimal("0.0005"), reserved_until=until_then
    )
    looked = getattr(budget, look)

    def look_and_store(*given, **more):
        found = looked(*given, **more)
        if run.items.filter(pk=other.pk, reserved__isnull=False).update(reserved=None, reserved_until=None):
            make_exchange(run, Video.objects.get(pk=other.key), cost=Decimal("0.0005"))
        return found

    monkeypatch.setattr(budget, look, look_and_store)
    assert work(run, client := FakeClient(), FakeLlm(max_output_tokens=256)).n_done == 0
    assert client.asked == []
    assert "The budget is spent: 0.0005 of 0.0006 USD" in paused(run).paused_because


def test_budget_below_one_request_is_not_called_spent():
    run = start(different(1), budget="0.004")
    assert work(run, client := FakeClient(), FakeLlm(max_output_tokens=8192)).n_done == 0
    assert client.asked == []
    said = (
        "One request may cost up to 0.00492 USD, which is more than the whole budget of 0.004; spent so far:"
        " 0. Raise it to go on."
    )
    assert paused(run).paused_because == said


def test_request_of_a_killed_worker_counts_until_no_answer_can_come(monkeypatch):
    monkeypatch.setattr(engine_asking, "LOOK_SECONDS", 0.05)
    run = start(different(2), budget="0.0006", in_flight=1, max_output_tokens=256)
    lost = run.items.first()
    until_then = timezone.now() + timedelta(seconds=1)
    RunItem.objects.filter(pk=lost.pk).update(
        state=ItemState.DONE, reserved=Decimal("0.0005"), reserved_until=until_then
    )
    assert work(run, FakeClient(), FakeLlm(max_output_tokens=256)).n_done == 1
    assert timezone.now() >= until_then


def test_budget_given_to_a_running_run_holds_at_once():
    run = start(different(60), in_flight=1)
    asked = []

    def answer(request):
        asked.append(request)
        if len(asked) == 2:
            resume_run(run=Run.objects.get(pk=run.pk), by=None, budget="0.001")
        time.sleep(0.05)
        return an_answer()

    work(run, FakeClient(answer))
    assert "The budget is spent" in paused(run).paused_because
    assert len(asked) < 60


def no_prices(settings, folder, text="currency: USD\nprices: []\n"):
    settings.LLM_PRICES = folder / "prices.yaml"
    settings.LLM_PRICES.write_text(text)


def test_price_that_went_pauses_a_run_with_a_budget_before_it_asks(settings, tmp_path):
    run = start(different(2), budget="1")
    no_prices(settings, tmp_path)
    work(run, client := FakeClient())
    assert "prices.yaml" in paused(run).paused_because
    assert (client.asked, states(run)) == ([], ["waiting"] * 2)


def test_price_table_that_breaks_meanwhile_loses_no_answer_and_no_cost(settings, tmp_path):
    run = start(different(2), in_flight=1)

    def answer(request):
        no_prices(settings, tmp_path, "prices: [oops")
        return an_answer()

    assert cost_of("openai", MODEL, Usage(1000, 100)) == COST  # read, as on every page that shows a cost
    assert work(run, FakeClient(answer)).n_done == 2
    assert list(run.exchanges.values_list("cost", flat=True)) == [COST] * 2


def test_budget_needs_a_price_and_names_the_file():
    with pytest.raises(RefusedError, match=r"prices\.yaml has none for openai “unheard-of”"):
        start(different(1), budget="5", model="unheard-of")
    assert not Run.objects.exists()


@pytest.mark.parametrize("budget", ["0", "-1", "much", "nan", "inf", "1e9"])
def test_budget_that_is_no_sum_is_refused(budget):
    with pytest.raises(RefusedError, match="budget"):
        start(different(1), budget=budget)


def test_budget_of_a_run_that_asks_nobody_is_refused():
    with pytest.raises(RefusedError, match="budget"):
        start_run(study=different(1), pipeline="dictionary", settings={}, budget="5")


def test_provider_that_does_not_say_what_it_used_ends_a_run_with_a_budget():
    run = start(different(3), budget="5", in_flight=1)
    work(run, client := FakeClient(lambda request: an_answer(n_input=None)))
    assert "no budget can be kept" in paused(run).paused_because
    assert len(client.asked) == 1


def test_prompt_that_is_made_in_a_transaction_is_not_taken_for_there_by_others():
    run = start(different(1))
    kept = exchanges.Exchanges(run)
    with transaction.atomic():
        kept.prompt_id("A prompt that nobody has sent.")
        transaction.set_rollback(True)
    assert Prompt.objects.filter(pk=kept.prompt_id("A prompt that nobody has sent.")).exists()


# --- Withdrawal, batches -------------------------------------------------------------------------


def test_withdrawal_empties_exchanges_and_keeps_what_they_cost():
    run = start(different(2))
    work(run, FakeClient())
    gone = run.study.videos.order_by("pk").first()
    withdraw_video(video=gone, because="a parent asked", by=None)
    row = Exchange.objects.get(video=gone)
    assert (row.message, row.answer, row.key, row.cost) == ("", "", None, COST)
    assert Exchange.objects.exclude(video=gone).get().answer == "yes"


def test_withdrawal_forgets_reasons_and_what_was_noted_and_keeps_the_answers():
    run = start(different(2))
    work(run, FakeClient())
    gone = run.study.videos.earliest("pk")
    answers = Prediction.objects.filter(run=run, value=Prediction.objects.earliest("pk").value).order_by(
        "video"
    )
    answers.update(endorsed=True, reason="She cries", evidence_ms=900)
    run.items.update(error="Said: she cries", error_detail="She cries")
    withdraw_video(video=gone, because="a parent asked", by=None)
    assert list(answers.values_list("endorsed", "reason", "evidence_ms")) == [
        (True, "", None),
        (True, "She cries", 900),
    ]
    assert list(run.items.order_by("key").values_list("error", "error_detail")) == [
        ("", ""),
        ("Said: she cries", "She cries"),
    ]


def test_withdrawal_of_an_example_takes_its_script_out_of_the_messages():
    run = start(different(2))
    work(run, FakeClient())
    shown = run.study.videos.order_by("pk").first()
    RunShot.objects.create(run=run, number=1, video=shown, script=Script.objects.get(video=shown), gold={})
    withdraw_video(video=shown, because="a parent asked", by=None)
    assert set(Exchange.objects.values_list("message", flat=True)) == {""}
    assert RunShot.objects.get().script is None


def test_answer_about_a_video_withdrawn_meanwhile_is_not_kept():
    run = start(different(1))
    video = run.study.videos.get()

    def answer(request):
        in_another_thread(lambda: withdraw_video(video=video, because="asked", by=None)).join()
        return an_answer()

    assert work(run, FakeClient(answer)).n_failed == 1
    row = Exchange.objects.get()
    assert (row.message, row.answer, row.key, row.cost) == ("", "", None, COST)
    assert run.items.get().error_code == "withdrawn"


def test_question_of_a_batch_run_is_postponed_and_not_asked(monkeypatch):
    kept = []

    def postpone(claim, question, key, *, exchanges, found):
        kept.append((question.request.parts[0].text, len(key), found))
        claim.rows().update(state=ItemState.SENT, token=None)
        raise PostponedError

    monkeypatch.setattr(slices, "postpone", postpone)
    run = start(different(2), delivery="batch", client="gemini")
    done = work(run, client := FakeClient())
    assert (done.n_sent, done.n_tried, client.asked) == (2, 2, [])
    assert sorted(kept) == [("Script 0.", 64, None), ("Script 1.", 64, None)]
    assert states(run) == ["sent"] * 2
    assert Run.objects.get().state == RunState.RUNNING


def test_paid_answer_waits_longer_than_others_while_the_disk_is_full(monkeypatch):
    failures = [OperationalError("database or disk is full")] * 5
    store = exchanges.Exchanges._insert

    def insert(self, claim, row):
        if failures:
            raise failures.pop()
        return store(self, claim, row)

    monkeypatch.setattr(outage, "STORE_PAUSES", (0, 0))
    monkeypatch.setattr(outage, "PAID_PAUSES", (0,) * 5)
    monkeypatch.setattr(exchanges.Exchanges, "_insert", insert)
    run = start(different(1))
    assert work(run, client := FakeClient()).n_done == 1
    assert (len(client.asked), Exchange.objects.count()) == (1, 1)


def test_run_log_says_what_happened_in_words():
    from models_app.words import SENTENCES

    run = start(different(1), budget="0.5")
    for event in RunEvent.objects.filter(run=run):
        assert event.what in SENTENCES
