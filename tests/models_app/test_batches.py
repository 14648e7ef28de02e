"""Delivery by batch: each request handed in once, each answer stored once, wherever a worker is killed."""

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from annotator.actions.codebook import builtin_codebook
from annotator.actions.videos import withdraw_video
from models_app.actions.runs import cancel_run, pause_run, resume_run, start_run
from models_app.clients.base import (
    BatchState,
    BatchStatus,
    BlockedError,
    ClientName,
    DeniedError,
    DownError,
    RefusedRequestError,
    Reply,
    Turn,
    Usage,
)
from models_app.engine import asking as engine_asking
from models_app.engine import batch_answers, batch_jobs, crew, desk, gate
from models_app.engine.batch_jobs import look_after, runs_to_look_after
from models_app.engine.desk import settings_of
from models_app.engine.slices import work_slice
from models_app.models import (
    BatchJob,
    BatchJobState,
    Exchange,
    ExchangeState,
    ItemState,
    Prediction,
    RunEvent,
    RunState,
)
from models_app.pipelines.base import ItemError, Step
from models_app.pipelines.llm.judges import LlmFromScript
from models_app.queries.bills import bill_of
from models_app.queries.runs import progress_of
from models_app.tasks import look_after_batches
from tests.factories import make_study
from tests.models_app.batch_fakes import FakeBatchClient
from tests.models_app.fakes import FakeLlm, an_answer, asking, giving, study_with_scripts
from tests.run_factories import make_run

pytestmark = pytest.mark.django_db(transaction=True)
MODEL = "gemini-2.5-flash"
SLUGS = [value.slug for value in builtin_codebook().values]


class Killed(BaseException):
    """What a killed worker looks like from inside: nothing of ours is run any more."""


@pytest.fixture(autouse=True)
def quick(monkeypatch, settings):
    """Jobs are looked at whenever we look, and nobody waits."""
    settings.BATCH_LOOK_SECONDS = 0
    monkeypatch.setattr(engine_asking, "FIRST_WAIT", 0.001)
    monkeypatch.setattr(engine_asking, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(crew, "WATCH_SECONDS", 0.01)
    monkeypatch.setattr(gate, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(gate, "_gates", {})


class GeminiLlm(FakeLlm):
    """The fake pipeline, asking Gemini."""

    def question(self, item):
        asked = super().question(item)
        return replace(asked, client=ClientName.GEMINI, request=replace(asked.request, model=MODEL))


def start(n=3, **fields):
    """A run by batch over n videos with a script each."""
    study = study_with_scripts(n, text="Script %d.")
    settings = {"client": "gemini", "model": MODEL, "delivery": "batch", "in_flight": 4}
    return start_run(study=study, pipeline="llm-from-script", settings=settings, **fields)


def work(run, client, pipeline=None):
    return work_slice(
        run.pk, pipeline_of=giving(pipeline or GeminiLlm()), client_of=asking(client), worker="test"
    )


def look(run, client, pipeline=None):
    look_after(run.pk, pipeline_of=giving(pipeline or GeminiLlm()), client_of=asking(client))


def to_the_end(run, client, pipeline=None, *, rounds=5):
    """Work, hand in, let the provider finish, look, work again."""
    for _round in range(rounds):
        work(run, client, pipeline)
        look(run, client, pipeline)
        client.finish()
        look(run, client, pipeline)
        run.refresh_from_db()
        if run.state != RunState.RUNNING:
            return


def states(run):
    return sorted(run.items.values_list("state", flat=True))


def down():
    raise DownError("down", "Not now.")


class InTwoSteps(GeminiLlm):
    """Asks one model for a script, then another for its values."""

    def work(self, item, *, briefing, ask, beat):
        question = self.question(item)
        ask(replace(question, step=Step.SCRIPT, request=replace(question.request, model="gemini-2.5-pro")))
        return super().work(item, briefing=briefing, ask=ask, beat=beat)


def start_samples(n, *, of=1):
    """A run by batch that takes n samples of each video, with its pipeline."""
    settings = {"client": "gemini", "model": MODEL, "delivery": "batch", "samples": n, "temperature": 1}
    study = study_with_scripts(of, text="Script %d.")
    run = start_run(study=study, pipeline="llm-from-script", settings=settings)
    return run, LlmFromScript(settings_of(run))


def samples_client():
    """A client whose answers say nothing of any value."""
    said = {slug: {"label": "none"} for slug in SLUGS}
    return FakeBatchClient(lambda request: an_answer(json.dumps({"values": said, "has_sound": True})))


def test_items_wait_with_the_provider_and_are_done_when_their_answers_come():
    run, client = start(3), FakeBatchClient()
    done = work(run, client)
    assert (done.n_sent, done.n_done, client.asked) == (3, 0, [])
    assert states(run) == ["sent"] * 3
    assert set(run.exchanges.values_list("state", flat=True)) == {ExchangeState.PENDING}
    assert runs_to_look_after() == [run.pk]

    look(run, client)
    job = BatchJob.objects.get()
    assert (job.state, job.n_requests, job.name) == (BatchJobState.SENT, 3, "batches/1")
    assert progress_of(run).sent == 3
    look(run, client)
    assert (client.n_requests, states(run)) == (3, ["sent"] * 3)  # not done yet, and not handed in twice

    client.finish()
    look(run, client)
    assert states(run) == ["waiting"] * 3
    work(run, client)
    run.refresh_from_db()
    assert (run.state, states(run), client.asked) == (RunState.FINISHED, ["done"] * 3, [])
    assert Prediction.objects.filter(run=run).count() == 3 * 19
    costs = set(run.exchanges.values_list("cost", flat=True))
    assert costs == {Decimal("0.000275")}  # 1,000 in at 0.30 and 100 out at 2.50 a million, at half the price
    assert [event.what for event in RunEvent.objects.filter(run=run)][1:3] == ["batch.sent", "batch.done"]
    assert runs_to_look_after() == []


def test_nothing_is_handed_in_while_items_still_come_unless_there_are_enough(monkeypatch):
    run, client = start(3), FakeBatchClient()
    work(run, client)
    run.items.filter(pk=run.items.first().pk).update(state=ItemState.WAITING)
    look(run, client)
    assert client.n_requests == 0
    monkeypatch.setattr(batch_jobs, "MOST_IN_JOB", 2)
    look(run, client)
    assert [len(requests) for _label, requests in client.jobs.values()] == [2]


def test_requests_for_a_server_in_the_providers_place_are_found_again(monkeypatch):
    monkeypatch.setenv("GEMINI_BASE_URL", "http://proxy.lab")
    to_the_end(run := start(2), client := FakeBatchClient())
    assert (run.state, states(run), client.n_requests) == (RunState.FINISHED, ["done"] * 2, 2)


def test_many_requests_are_handed_in_as_several_jobs(monkeypatch):
    monkeypatch.setattr(batch_jobs, "MOST_IN_JOB", 2)
    run, client = start(5), FakeBatchClient()
    to_the_end(run, client)
    assert [len(requests) for _label, requests in client.jobs.values()] == [2, 2, 1]
    assert states(run) == ["done"] * 5


@pytest.mark.parametrize("line", ["before submit", "after submit", "before sent", "before store", "in store"])
def test_worker_killed_at_any_line_repeats_nothing(line, monkeypatch):
    run, client = start(3), FakeBatchClient()
    work(run, client)

    def die(*args, **kwargs):
        raise Killed

    with monkeypatch.context() as patched:
        if line == "before submit":
            client.before["submit"] = die
        elif line == "after submit":
            client.after_submit = die
        elif line == "before sent":
            patched.setattr(batch_jobs, "_note_sent", die)
        else:
            look(run, client)
            client.finish()
            n = iter([False, True, True])
            real = batch_answers._store
            in_store = lambda *args: die() if next(n) else real(*args)  # noqa: E731
            patched.setattr(batch_answers, "_store", die if line == "before store" else in_store)
        with pytest.raises(Killed):
            look(run, client)
        client.before, client.after_submit = {}, lambda: None
    BatchJob.objects.update(token=None, lease_until=None)  # as when its lease has run out
    to_the_end(run, client)
    assert (states(run), client.n_requests) == (["done"] * 3, 3)
    assert run.exchanges.count() == 3
    assert BatchJob.objects.get().state == BatchJobState.DONE


def test_worker_killed_between_keeping_a_question_and_letting_its_item_go(monkeypatch):
    run, client = start(1), FakeBatchClient()
    work(run, client)
    run.items.update(state=ItemState.WAITING)  # its question is there, the item was never let go
    work(run, client)
    assert (states(run), run.exchanges.count()) == (["sent"], 1)


def test_two_workers_do_not_look_after_one_job():
    run, client = start(1), FakeBatchClient()
    work(run, client)
    look(run, client)
    job = BatchJob.objects.get()
    with batch_jobs._held(job) as is_ours, batch_jobs._held(job) as is_others:
        assert (is_ours, is_others) == (True, False)
        client.finish()
        look(run, client)
        assert states(run) == ["sent"]
    look(run, client)
    assert states(run) == ["waiting"]


def test_blocked_answer_blocks_its_item_alone():
    def answer(request):
        if "1" in request.parts[0].text:
            raise BlockedError("SAFETY", "A filter held it back.")
        return an_answer()

    run, client = start(3), FakeBatchClient(answer)
    to_the_end(run, client)
    assert states(run) == ["blocked", "done", "done"]
    assert run.items.get(state="blocked").error_code == "SAFETY"
    assert run.exchanges.get(state="blocked").reason == "SAFETY"


def test_request_that_fails_for_now_goes_into_the_next_jobs_then_fails_its_item():
    def answer(request):
        if "1" in request.parts[0].text:
            raise DownError("server-error", "The provider broke.")
        return an_answer()

    run, client = start(2), FakeBatchClient(answer)
    to_the_end(run, client)
    assert states(run) == ["done", "failed"]
    assert client.n_requests == 2 + (batch_answers.MOST_TIMES - 1)
    failed = run.items.get(state="failed")
    assert (failed.error_code, failed.error) == ("provider-server-error", "The provider broke.")
    assert not run.exchanges.filter(state="pending").exists()


def test_request_refused_for_good_fails_its_item_at_once():
    def answer(request):
        raise RefusedRequestError("too-long", "The script is too long.")

    run, client = start(1), FakeBatchClient(answer)
    to_the_end(run, client)
    assert (states(run), client.n_requests) == (["failed"], 1)


def test_request_without_a_reply_is_handed_in_again():
    run, client = start(2), FakeBatchClient()
    work(run, client)
    look(run, client)
    name, (_label, requests) = next(iter(client.jobs.items()))
    client.finish()
    lost = sorted(requests)[0]
    client.ended[name].replies.pop(lost)
    look(run, client)
    to_the_end(run, client)
    assert (states(run), client.n_requests) == (["done"] * 2, 3)


def test_job_that_fails_as_a_whole_is_handed_in_again_and_then_fails_its_items():
    run, client = start(2), FakeBatchClient()
    work(run, client)
    for _time in range(batch_answers.MOST_TIMES):
        look(run, client)
        client.fail("It expired.")
        look(run, client)
    assert states(run) == ["failed"] * 2
    assert client.n_requests == 2 * batch_answers.MOST_TIMES
    assert run.items.first().error == "It expired."
    assert set(BatchJob.objects.values_list("state", flat=True)) == {BatchJobState.FAILED}


def test_job_that_never_ends_is_taken_to_be_lost():
    run, client = start(1), FakeBatchClient()
    work(run, client)
    look(run, client)
    BatchJob.objects.update(sent_at=timezone.now() - batch_answers.LONGEST_SENT)
    look(run, client)
    assert BatchJob.objects.filter(state=BatchJobState.FAILED).count() == 1
    to_the_end(run, client)
    assert states(run) == ["done"]


def test_denied_key_pauses_the_run_and_loses_no_request():
    def deny():
        raise DeniedError("denied", "The key is wrong.")

    run, client = start(2), FakeBatchClient()
    work(run, client)
    client.before["submit"] = deny
    look(run, client)
    run.refresh_from_db()
    assert (run.state, run.paused_because, states(run)) == (
        RunState.PAUSED,
        "The key is wrong.",
        ["sent"] * 2,
    )
    client.before = {}
    resume_run(run=run, by=None)
    to_the_end(run, client)
    assert (states(run), client.n_requests) == (["done"] * 2, 2)


def test_provider_that_is_down_is_asked_again_later():
    run, client = start(1), FakeBatchClient()
    work(run, client)
    client.before["submit"] = down
    look(run, client)
    assert (states(run), BatchJob.objects.get().state) == (["sent"], BatchJobState.NEW)
    client.before = {}
    to_the_end(run, client)
    assert (states(run), client.n_requests) == (["done"], 1)


def test_cancelled_run_cancels_its_job_and_can_be_resumed():
    run, client = start(2), FakeBatchClient()
    work(run, client)
    look(run, client)
    cancel_run(run=run, by=None)
    look(run, client)
    assert client.cancelled == ["batches/1"]
    assert (states(run), run.exchanges.count()) == (["waiting"] * 2, 0)
    resume_run(run=run, by=None)
    to_the_end(run, client)
    assert states(run) == ["done"] * 2


def test_job_that_was_done_when_its_run_was_cancelled_is_on_the_bill():
    run, client = start(2), FakeBatchClient()
    work(run, client)
    look(run, client)
    client.finish()
    cancel_run(run=run, by=None)
    look(run, client)
    assert run.exchanges.filter(cost__gt=0, state=ExchangeState.ANSWERED).count() == 2
    run.refresh_from_db()
    assert (run.state, states(run), client.cancelled) == (RunState.CANCELLED, ["waiting"] * 2, [])
    resume_run(run=run, by=None)
    to_the_end(run, client)
    assert (states(run), client.n_requests) == (["done"] * 2, 2)


def test_paused_run_keeps_its_job_and_takes_its_answers():
    run, client = start(2), FakeBatchClient()
    work(run, client)
    look(run, client)
    pause_run(run=run, by=None)
    client.finish()
    look(run, client)
    assert run.exchanges.filter(state=ExchangeState.ANSWERED).count() == 2
    resume_run(run=run, by=None)
    to_the_end(run, client)
    assert (states(run), client.n_requests) == (["done"] * 2, 2)


def test_budget_holds_back_what_it_has_no_room_for_and_pauses_the_run_in_the_end():
    run, client = start(3, budget=Decimal("0.03")), FakeBatchClient()  # the longest answer: 0.01 a request
    work(run, client)
    look(run, client)
    assert client.n_requests == 2
    assert run.exchanges.filter(job=None).count() == 1
    client.finish()
    look(run, client)
    work(run, client)
    look(run, client)
    assert client.n_requests == 3  # the answers were cheaper than they might have been
    to_the_end(run, client)
    assert states(run) == ["done"] * 3


def test_budget_without_room_for_one_request_pauses_the_run():
    run, client = start(1, budget=Decimal("0.001")), FakeBatchClient()
    work(run, client)
    look(run, client)
    run.refresh_from_db()
    assert (run.state, client.n_requests, states(run)) == (RunState.PAUSED, 0, ["sent"])
    resume_run(run=run, by=None, budget=Decimal(1))
    to_the_end(run, client)
    assert states(run) == ["done"]


def test_second_run_waits_for_the_same_answer_instead_of_paying_for_it_again():
    run, client = start(2), FakeBatchClient()
    work(run, client)
    look(run, client)
    other = start_run(study=run.study, pipeline="llm-from-script", settings=run.settings)
    work(other, client)
    look(other, client)
    assert (states(other), client.n_requests) == (["sent"] * 2, 2)
    client.finish()
    look(run, client)
    look(other, client)
    work(other, client)
    assert (states(other), client.n_requests) == (["done"] * 2, 2)
    assert sum(other.exchanges.values_list("cost", flat=True)) == 0


@pytest.mark.parametrize("stop", [cancel_run, pause_run])
@pytest.mark.parametrize("is_stopped_first", [True, False])
def test_run_asks_itself_what_a_stopped_run_had_kept_and_not_handed_in(stop, is_stopped_first):
    first, client = start(2), FakeBatchClient()
    work(first, client)
    if is_stopped_first:
        stop(run=first, by=None)
    second = start_run(study=first.study, pipeline="llm-from-script", settings=first.settings)
    work(second, client)
    if not is_stopped_first:
        stop(run=first, by=None)
    to_the_end(second, client)
    assert (states(second), client.n_requests) == (["done"] * 2, 2)
    assert second.exchanges.filter(source=None, cost__gt=0).count() == 2
    resume_run(run=first, by=None)
    to_the_end(first, client)
    assert (states(first), client.n_requests) == (["done"] * 2, 2)
    assert sum(first.exchanges.values_list("cost", flat=True)) == 0


def test_video_withdrawn_while_its_request_is_away_keeps_the_cost_alone():
    run, client = start(2), FakeBatchClient()
    work(run, client)
    look(run, client)
    video = run.scope_rows.first().video
    withdraw_video(video=video, by=None, because="asked for")
    look(run, client)  # the job is not done yet
    client.finish()
    look(run, client)
    row = run.exchanges.get(video=video)
    assert (row.answer, row.message, row.key, row.cost > 0) == ("", "", None, True)
    to_the_end(run, client)
    assert states(run) == ["done", "failed"]


def test_question_asked_again_after_an_unreadable_answer_goes_into_the_next_job():
    class Doubting(GeminiLlm):
        def work(self, item, *, briefing, ask, beat):
            question = self.question(item)
            first = ask(question)
            again = replace(question.request, turns=(Turn(first.text, "Once more."),))
            ask(replace(question, request=again))
            return super().work(item, briefing=briefing, ask=ask, beat=beat)

    run, client = start(1), FakeBatchClient()
    to_the_end(run, client, Doubting())
    assert (states(run), client.n_requests, client.asked) == (["done"], 2, [])


@pytest.mark.parametrize("look_seconds", [60, 0], ids=["quick", "slow"])
def test_samples_of_a_video_go_to_the_provider_together(monkeypatch, look_seconds):
    monkeypatch.setattr(desk, "LOOK_SECONDS", look_seconds)
    client = samples_client()
    run, pipeline = start_samples(3, of=2)
    work(run, client, pipeline)
    assert (states(run), run.exchanges.count()) == (["sent"] * 2, 6)
    to_the_end(run, client, pipeline)
    assert (states(run), client.n_requests, len(client.jobs)) == (["done"] * 2, 6, 1)
    assert set(Prediction.objects.filter(run=run).values_list("p_endorsed", flat=True)) == {0.0}


def test_pipeline_that_cannot_make_the_request_again_lets_the_item_say_why():
    class Forgetful(GeminiLlm):
        n = 0

        def work(self, item, *, briefing, ask, beat):
            self.n += 1
            if self.n > 1:
                raise ItemError("gone", "The file has gone.")
            return super().work(item, briefing=briefing, ask=ask, beat=beat)

    run, client = start(1), FakeBatchClient()
    pipeline = Forgetful()
    work(run, client, pipeline)
    look(run, client, pipeline)
    work(run, client, pipeline)
    assert (states(run), client.n_requests) == (["failed"], 0)
    assert run.items.get().error == "The file has gone."


def test_study_without_batches_has_nothing_to_look_after():
    make_run(make_study())
    assert runs_to_look_after() == []
    assert Exchange.objects.count() == 0


def test_run_that_cannot_be_looked_after_does_not_keep_others_waiting(monkeypatch):
    broken, whole, client = start(1), start(1), FakeBatchClient()
    work(broken, client)
    work(whole, client)

    def look_after_but_one(run_id, **given):
        if run_id == broken.pk:
            raise RuntimeError
        look_after(run_id, pipeline_of=giving(GeminiLlm()), client_of=asking(client))

    monkeypatch.setattr("models_app.tasks.look_after", look_after_but_one)
    look_after_batches()
    assert [job.run_id for job in BatchJob.objects.all()] == [whole.pk]


def test_run_whose_client_cannot_be_had_for_a_batch_pauses_and_says_why():
    run = start(1)
    work(run, FakeBatchClient())

    def nobody(name):
        raise ItemError("missing-package", "google-genai is not installed.")

    look_after(run.pk, pipeline_of=giving(GeminiLlm()), client_of=nobody)
    run.refresh_from_db()
    assert (run.state, run.paused_because) == (RunState.PAUSED, "google-genai is not installed.")


def test_price_that_went_pauses_a_run_with_a_budget_before_it_is_handed_in(settings, tmp_path):
    run, client = start(1, budget=Decimal(1)), FakeBatchClient()
    work(run, client)
    settings.LLM_PRICES = tmp_path / "prices.yaml"
    settings.LLM_PRICES.write_text("currency: USD\nprices: []\n")
    look(run, client)
    run.refresh_from_db()
    assert (run.state, client.n_requests, BatchJob.objects.count()) == (RunState.PAUSED, 0, 0)
    assert "prices.yaml" in run.paused_because


# --- Nothing paid is lost or paid again --------------------------------------------------------------------


def test_sample_that_is_refused_leaves_the_others_of_its_video_on_the_bill():
    client = samples_client()
    run, pipeline = start_samples(5)
    work(run, client, pipeline)
    look(run, client, pipeline)
    first = run.exchanges.order_by("pk").first().pk
    client.finish(**{f"k{first}": RefusedRequestError("refused-400", "No.")})
    look(run, client, pipeline)
    assert (states(run), bill_of(run).n_asked, bill_of(run).n_pending) == (["failed"], 4, 0)


def test_job_that_fails_leaves_the_requests_of_its_videos_that_other_jobs_have(monkeypatch):
    monkeypatch.setattr(batch_jobs, "MOST_IN_JOB", 2)
    client = samples_client()
    run, pipeline = start_samples(4)
    work(run, client, pipeline)
    look(run, client, pipeline)
    run.exchanges.update(n_sent=batch_answers.MOST_TIMES)
    client.ended["batches/1"] = BatchStatus(BatchState.FAILED, "It expired.")
    look(run, client, pipeline)
    assert (states(run), bill_of(run).n_pending) == (["failed"], 2)
    client.finish()
    look(run, client, pipeline)
    assert (bill_of(run).n_asked, bill_of(run).n_pending) == (2, 0)


def refuse_all(client, name):
    """The job is done, and has refused every request."""
    replies = {key: RefusedRequestError("refused-400", "No.") for key in client.jobs[name][1]}
    client.ended[name] = BatchStatus(BatchState.DONE, replies=replies)


def test_request_of_a_failed_item_is_not_handed_in(monkeypatch):
    monkeypatch.setattr(batch_jobs, "MOST_IN_JOB", 2)
    client = samples_client()
    run, pipeline = start_samples(4)
    work(run, client, pipeline)
    client.after_submit = lambda: client.before.update(submit=down)  # takes the first job alone
    look(run, client, pipeline)
    assert BatchJob.objects.count() == 2
    refuse_all(client, "batches/1")
    client.before = {}
    look(run, client, pipeline)
    assert (states(run), client.n_requests, run.exchanges.count()) == (["failed"], 2, 0)


def test_job_that_fails_when_its_items_have_failed_leaves_nothing_pending(monkeypatch):
    monkeypatch.setattr(batch_jobs, "MOST_IN_JOB", 2)
    client = samples_client()
    run, pipeline = start_samples(4)
    work(run, client, pipeline)
    look(run, client, pipeline)
    refuse_all(client, "batches/1")
    look(run, client, pipeline)
    work(run, client, pipeline)
    run.refresh_from_db()
    assert (run.state, bill_of(run).n_pending) == (RunState.FINISHED, 2)
    client.fail()
    look(run, client, pipeline)
    assert (run.exchanges.count(), runs_to_look_after()) == (0, [])


def test_each_job_is_for_one_model():
    run, client, pipeline = start(3), FakeBatchClient(), InTwoSteps()
    work(run, client, pipeline)
    look(run, client, pipeline)
    one = run.exchanges.order_by("pk").first().pk
    client.finish(**{f"k{one}": DownError("down", "Not this one.")})
    look(run, client, pipeline)  # one script is asked for again, beside the values of the two others
    to_the_end(run, client, pipeline)
    assert (states(run), len(client.jobs), client.n_requests) == (["done"] * 3, 4, 3 + 1 + 2 + 1)


def test_model_with_enough_requests_does_not_wait_for_another_models(monkeypatch):
    run, client = start(3), FakeBatchClient()
    work(run, client)
    other = run.exchanges.first()
    run.exchanges.filter(pk=other.pk).update(model="gemini-other")
    run.items.filter(pk=run.items.first().pk).update(state=ItemState.WAITING)
    monkeypatch.setattr(batch_jobs, "MOST_IN_JOB", 2)
    look(run, client)
    assert client.n_requests == 2
    assert [row.pk for row in run.exchanges.filter(job=None)] == [other.pk]


@pytest.mark.parametrize("is_taken", [True, False])
def test_run_does_not_wait_for_a_paused_run_that_was_handing_in(is_taken):
    first, client = start(2), FakeBatchClient()
    second = start_run(study=first.study, pipeline="llm-from-script", settings=first.settings)
    work(first, client)
    if is_taken:
        client.after_submit = down  # taken, but the answer that says so is lost
    else:
        client.before["submit"] = down
    look(first, client)
    client.before, client.after_submit = {}, lambda: None
    pause_run(run=first, by=None)
    work(second, client)
    for _round in range(3):
        for run in (first, second):
            look(run, client)
        client.finish()
        work(second, client)
    assert (states(second), client.n_requests) == (["done"] * 2, 2)
    payer = first if is_taken else second
    assert Exchange.objects.filter(cost__gt=0).values_list("run", flat=True).distinct().get() == payer.pk


def test_look_that_fails_does_not_throw_away_an_old_job_that_is_done():
    run, client = start(2), FakeBatchClient()
    work(run, client)
    look(run, client)
    client.finish()
    BatchJob.objects.update(sent_at=timezone.now() - batch_answers.LONGEST_SENT)
    client.before["look"] = down
    look(run, client)
    client.before = {}
    to_the_end(run, client)
    assert (states(run), client.n_requests) == (["done"] * 2, 2)


def test_job_without_an_end_is_cancelled_before_it_is_taken_to_be_lost():
    run, client = start(1), FakeBatchClient()
    work(run, client)
    look(run, client)
    BatchJob.objects.update(sent_at=timezone.now() - batch_answers.LONGEST_SENT)
    client.before["cancel"] = down
    look(run, client)
    assert (BatchJob.objects.get().state, client.cancelled) == (BatchJobState.SENT, [])
    client.before["cancel"] = client.finish  # it is done at this very moment
    to_the_end(run, client)
    assert (states(run), client.n_requests, client.cancelled) == (["done"], 1, ["batches/1"])


def test_job_that_stays_open_though_it_was_cancelled_is_lost():
    run, client = start(1), FakeBatchClient()
    work(run, client)
    look(run, client)
    BatchJob.objects.update(sent_at=timezone.now() - batch_answers.LONGEST_SENT)
    client.cancel = lambda name, *, timeout: client.cancelled.append(name)
    look(run, client)
    assert (client.cancelled, client.n_requests) == (["batches/1"], 2)


@pytest.mark.parametrize(
    ("error", "age"),
    [
        (RefusedRequestError("refused-404", "No such job."), batch_answers.LONGEST_SENT),
        (DownError("garbled", "This is no answer."), batch_answers.LONGEST_SILENT),
        (DeniedError("denied", "Another account's."), batch_answers.LONGEST_SILENT),
    ],
    ids=["unknown", "garbled", "denied"],
)
def test_job_of_which_the_provider_says_nothing_for_very_long_is_lost(error, age):
    def refuse():
        raise error

    run, client = start(1), FakeBatchClient()
    work(run, client)
    look(run, client)
    client.before["look"] = refuse
    BatchJob.objects.update(sent_at=timezone.now() - age + timedelta(hours=1))
    look(run, client)
    assert BatchJob.objects.get().state == BatchJobState.SENT
    BatchJob.objects.update(sent_at=timezone.now() - age)
    look(run, client)
    assert BatchJob.objects.get(name="batches/1").state == BatchJobState.FAILED


def test_cancelling_is_asked_for_until_the_provider_has_heard_it():
    run, client = start(2), FakeBatchClient()
    work(run, client)
    look(run, client)
    cancel_run(run=run, by=None)
    client.before["cancel"] = down
    look(run, client)
    assert runs_to_look_after() == [run.pk]
    client.before = {}
    look(run, client)
    assert (client.cancelled, run.exchanges.count(), runs_to_look_after()) == (["batches/1"], 0, [])


def test_cancelled_job_that_was_done_before_it_was_cancelled_is_on_the_bill():
    run, client = start(2), FakeBatchClient()
    work(run, client)
    look(run, client)
    cancel_run(run=run, by=None)
    client.before["cancel"] = client.finish
    look(run, client)
    assert (bill_of(run).n_asked, bill_of(run).n_pending) == (2, 0)


@pytest.mark.parametrize("is_done", [True, False])
def test_job_that_was_handed_in_but_not_noted_is_looked_for_when_its_run_was_cancelled(is_done):
    run, client = start(2), FakeBatchClient()
    work(run, client)
    client.after_submit = down
    look(run, client)
    cancel_run(run=run, by=None)
    if is_done:
        client.finish()
    client.before["find"] = down
    look(run, client)
    client.before = {}
    for _time in range(2):
        look(run, client)
    assert client.cancelled == ([] if is_done else ["batches/1"])
    assert (bill_of(run).n_asked, bill_of(run).n_pending) == (2 if is_done else 0, 0)


def test_job_that_was_never_handed_in_ends_with_its_cancelled_run():
    run, client = start(2), FakeBatchClient()
    work(run, client)
    client.before["submit"] = down
    look(run, client)
    cancel_run(run=run, by=None)
    look(run, client)
    assert (BatchJob.objects.get().state, run.exchanges.count()) == (BatchJobState.FAILED, 0)


def test_old_job_is_looked_for_before_its_requests_go_into_another():
    run, client = start(2), FakeBatchClient()
    work(run, client)
    client.before["submit"] = down
    look(run, client)
    BatchJob.objects.update(created_at=timezone.now() - batch_jobs.LONGEST_NEW)
    client.before, client.after_submit = {}, down
    BatchJob.objects.update(error="")  # as if it had not been tried yet
    look(run, client)
    client.after_submit = lambda: None
    to_the_end(run, client)
    assert (states(run), client.n_requests) == (["done"] * 2, 2)


def test_requests_that_cannot_be_handed_in_for_hours_fail_their_items_in_the_end():
    run, client = start(1), FakeBatchClient()
    work(run, client)
    client.before["submit"] = down
    for _time in range(batch_answers.MOST_TIMES):
        look(run, client)
        BatchJob.objects.update(created_at=timezone.now() - batch_jobs.LONGEST_NEW)
        look(run, client)
    assert (states(run), run.items.get().error, run.exchanges.count()) == (["failed"], "Not now.", 0)


@pytest.mark.parametrize(
    ("error", "longest"),
    [
        (RefusedRequestError("refused", "No such page."), batch_answers.LONGEST_SENT),
        (DownError("down", "Not now."), batch_answers.LONGEST_SILENT),
    ],
)
def test_job_of_a_cancelled_run_that_nobody_tells_of_ends_at_last(error, longest):
    def refuse():
        raise error

    run, client = start(2), FakeBatchClient()
    client.before["submit"] = down
    work(run, client)
    look(run, client)
    cancel_run(run=run, by=None)
    client.before["find"] = refuse
    look(run, client)
    assert BatchJob.objects.get().state == BatchJobState.NEW
    BatchJob.objects.update(created_at=timezone.now() - longest)
    look(run, client)
    assert BatchJob.objects.get().state == BatchJobState.FAILED
    assert not run.exchanges.exists()


def test_job_that_was_undone_while_it_was_handed_in_is_cancelled():
    run, client = start(2), FakeBatchClient()
    work(run, client)

    def undo():  # whoever has the lease by now
        batch_jobs._undo(BatchJob.objects.get())
        client.after_submit = lambda: None

    client.after_submit = undo
    look(run, client)
    assert client.cancelled == ["batches/1"]
    to_the_end(run, client)
    assert states(run) == ["done"] * 2


def test_answers_without_usage_pause_a_run_with_a_budget():
    client = FakeBatchClient(lambda request: Reply("yes", usage=Usage(100, None)))
    run = start(2, budget=Decimal(1))
    to_the_end(run, client)
    assert (run.state, bill_of(run).n_uncounted) == (RunState.PAUSED, 2)
    assert "no budget can be kept" in run.paused_because


def test_answers_without_usage_do_not_hold_up_a_run_without_a_budget():
    run, client = start(2), FakeBatchClient(lambda request: Reply("yes", usage=Usage(100, None)))
    to_the_end(run, client)
    assert states(run) == ["done"] * 2


def test_request_that_got_no_answer_but_has_to_be_paid_is_on_the_bill_each_time():
    run = start(1)
    client = FakeBatchClient(lambda request: down_at_a_cost())
    to_the_end(run, client)
    assert (states(run), client.n_requests) == (["failed"], batch_answers.MOST_TIMES)
    rows = run.exchanges.all()
    assert {(row.key, row.state, row.answer, row.finish) for row in rows} == {(None, "answered", "", "other")}
    assert [row.cost for row in rows] == [Decimal("0.000275")] * batch_answers.MOST_TIMES  # at half the price
    assert {row.message for row in rows} == {"Script 0."}


def down_at_a_cost():
    raise DownError("empty", "Thoughts alone.", usage=Usage(1000, 100))


def test_worker_killed_while_it_notes_what_has_to_be_paid_notes_it_once(monkeypatch):
    def die(*args):
        raise Killed

    run = start(1)
    client = FakeBatchClient(lambda request: down_at_a_cost())
    work(run, client)
    look(run, client)
    client.finish()
    with monkeypatch.context() as patched:
        patched.setattr(batch_answers, "take_out", die)
        with pytest.raises(Killed):
            look(run, client)
    BatchJob.objects.update(token=None, lease_until=None)
    client.answer = None
    to_the_end(run, client)
    assert (states(run), bill_of(run).n_asked, client.n_requests) == (["done"], 2, 2)


def test_paid_request_of_a_video_that_was_withdrawn_meanwhile_keeps_the_cost_alone():
    run = start(1)
    client = FakeBatchClient(lambda request: down_at_a_cost())
    work(run, client)
    look(run, client)
    withdraw_video(video=run.scope_rows.first().video, by=None, because="asked for")
    client.finish()
    look(run, client)
    row = run.exchanges.get()
    assert (row.message, row.cost) == ("", Decimal("0.000275"))
