"""What a run will take: from earlier answers, or from what there is to read."""

from decimal import Decimal

import pytest

from annotator.models import Video
from models_app.actions.llm_settings import whole_settings
from models_app.clients.base import ClientName, Request
from models_app.engine.budget import expected_cost
from models_app.pipelines.base import Question, Step
from models_app.pipelines.llm.messages import script_message
from models_app.queries.llm_estimate import estimate_llm
from models_app.specs import SPECS
from tests.factories import make_study
from tests.models_app.llm_pages import (
    answer,
    asking_run,
    price_file,
    videos_with_media,
    videos_with_scripts,
)
from tests.run_factories import make_script

pytestmark = pytest.mark.django_db
PROMPTS = {Step.SCRIPT: "s" * 4000, Step.VALUES: "v" * 8000}  # 1,000 and 2,000 tokens


@pytest.fixture(autouse=True)
def _prices(settings, tmp_path):
    settings.LLM_PRICES = price_file(tmp_path)


@pytest.fixture
def study():
    return make_study("study", slugs=["face", "humility"])


def told(study, pipeline="llm-direct", *, parent=None, prompts=PROMPTS, scripts="", **given):
    spec = SPECS[pipeline]
    settings = whole_settings(spec, spec.read_settings({"model": "gemini-2.5-flash", **given}))
    return estimate_llm(
        study=study,
        spec=spec,
        settings=settings,
        videos=Video.objects.filter(study=study),
        prompts=prompts,
        scripts=scripts,
        n_values=2,
        parent=parent,
    )


def test_without_earlier_answers_prompt_and_seconds_are_counted(study):
    videos_with_media(study, 10, seconds=20)
    (step,) = told(study).steps
    assert (step.n_requests, step.n_earlier) == (10, 0)
    assert step.n_input == 2000 + 20 * 300
    assert step.n_output == 2 * 45
    assert step.cost == Decimal("0.0418")  # 80,000 at 0.50 and 900 at 2.00 a million


def test_a_batch_costs_its_share_and_tells_no_time(study):
    videos_with_media(study, 10, seconds=20)
    batch = told(study, delivery="batch")
    assert batch.cost == Decimal("0.0209")
    assert batch.seconds is None


def test_earlier_answers_of_the_same_model_and_step_are_the_measure(study):
    videos = videos_with_scripts(study, 4)
    run = asking_run(study, videos, text=PROMPTS[Step.VALUES])
    for video, n in zip(videos, (2500, 3000, 5000, 5500), strict=True):
        answer(run, video, n_input=n, n_output=500, seconds=8.0)
    answer(run, videos[0], n_input=90_000, turn=1, key="again")  # asked again: longer, and rare
    (step,) = told(study, "llm-from-script", in_flight=2).steps
    assert (step.n_earlier, step.n_input, step.n_output) == (4, 4000, 500)
    assert told(study, "llm-from-script", in_flight=2).seconds == 4 * 8.0 / 2


def test_another_prompt_is_counted_and_only_the_rest_taken_from_earlier_answers(study):
    videos = videos_with_scripts(study, 3)
    for text, n_input in (("x" * 4000, 1500), ("x" * 40_000, 10_600)):
        run = asking_run(study, videos, text=text)
        for video in videos:
            answer(run, video, n_input=n_input)
    short, long = (
        told(study, "llm-from-script", prompts={Step.VALUES: "v" * n}).steps[0] for n in (4000, 8000)
    )
    assert (short.n_input, long.n_input) == (1000 + 550, 2000 + 550)
    assert long.cost > short.cost
    assert short.n_output == long.n_output == 400


def test_gold_examples_come_on_top_of_what_questions_without_them_took_and_off_again(study):
    videos = videos_with_scripts(study, 2, text="x" * 4000)
    run = asking_run(study, videos, text=PROMPTS[Step.VALUES])
    answer(run, videos[0], n_input=3200)
    gold = {"examples": "gold", "shots": 3}
    assert told(study, "llm-from-script", **gold).steps[0].n_input == 3200 + 3 * 1000
    run.settings |= gold
    run.save()
    assert told(study, "llm-from-script", **gold).steps[0].n_input == 3200
    assert told(study, "llm-from-script").steps[0].n_input == 2000  # never less than the prompt


def test_fewer_frames_than_at_earlier_answers_take_their_share(study):
    videos = videos_with_media(study, 1)
    settings = {"model": "m", "frames": 16, "transcript": "none"}
    run = asking_run(
        study, videos, pipeline="llm-direct", client="openai", text=PROMPTS[Step.VALUES], settings=settings
    )
    answer(run, videos[0], client="openai", model="m", n_input=2000 + 16 * 250)
    (step,) = told(study, client="openai", model="m", frames=4, transcript="none").steps
    assert step.n_input == 2000 + 4 * 250


def test_answers_about_videos_tell_nothing_of_answers_about_scripts(study):
    videos = videos_with_scripts(study, 2)
    answer(asking_run(study, videos, pipeline="llm-direct"), videos[0])
    assert told(study, "llm-from-script").n_earlier == 0
    assert told(study, "llm-direct").n_earlier == 1


def test_a_model_without_a_price_has_no_cost_and_is_named(study):
    videos_with_media(study, 2)
    estimate = told(study, model="gemini-unheard-of")
    assert estimate.cost is None
    assert estimate.unpriced == ("gemini-unheard-of",)
    assert estimate.n_input > 0


def test_a_price_table_that_cannot_be_read_is_said(study, settings, tmp_path):
    settings.LLM_PRICES = price_file(tmp_path, "currency: [")
    videos_with_media(study, 2)
    estimate = told(study)
    assert estimate.cost is None
    assert "prices.yaml" in estimate.price_error


def test_a_model_of_one_s_own_costs_nothing(study):
    videos_with_scripts(study, 3)
    assert told(study, "llm-from-script", client="transformers", model="m").cost == 0


def test_two_steps_are_told_each_and_summed(study):
    videos_with_media(study, 3)
    estimate = told(study, "llm-two-step", script_model="gemini-unheard-of")
    assert [(step.step, step.model) for step in estimate.steps] == [
        (Step.SCRIPT, "gemini-unheard-of"),
        (Step.VALUES, "gemini-2.5-flash"),
    ]
    assert [step.n_output for step in estimate.steps] == [900, 90]
    assert estimate.steps[1].n_input == 2000 + 900  # the script that the first step has yet to write
    assert estimate.n_requests == 6
    assert estimate.cost is None
    assert estimate.steps[1].cost is not None


def test_samples_multiply_the_questions_about_values(study):
    videos_with_scripts(study, 3)
    assert told(study, "llm-from-script", samples=5, temperature=0.7).n_requests == 15


def test_the_chosen_model_s_scripts_are_measured(study):
    videos_with_scripts(study, 2, text="x" * 8000)
    (step,) = told(study, "llm-from-script", scripts="transcriber").steps
    assert step.n_input == 2000 + 2000


def test_frames_count_where_a_client_takes_no_clips(study):
    videos_with_media(study, 1, seconds=10)
    (few,) = told(study, client="openai", model="m", frames=2, transcript="none").steps
    (many,) = told(study, client="openai", model="m", frames=4, transcript="none").steps
    assert many.n_input - few.n_input == 2 * 1100


def test_a_limit_a_minute_makes_a_run_longer(study, settings):
    videos_with_scripts(study, 30)
    quick = told(study, "llm-from-script").seconds
    settings.LLM_RPM = {**settings.LLM_RPM, "gemini": 1}
    assert quick < told(study, "llm-from-script").seconds == 30 * 60


# --- The least budget ---------------------------------------------------------------------


@pytest.mark.parametrize("delivery", ["now", "batch"])
def test_the_least_budget_has_room_for_a_first_question_about_the_longest_script(study, delivery):
    videos = videos_with_scripts(study, 2, text="x" * 400)
    script = make_script(videos[0], "קול " * 5000)
    estimate = told(study, "llm-from-script", delivery=delivery)
    request = Request(
        model="gemini-2.5-flash",
        system=PROMPTS[Step.VALUES],
        parts=script_message(script.text, post="A caption. " * 50),
    )
    run = asking_run(study, videos)
    question = Question(Step.VALUES, ClientName.GEMINI, request, subject="a script")
    need = expected_cost(run, question, is_batch=delivery == "batch")
    assert need <= estimate.least_budget < 2 * need


def test_the_least_budget_has_room_for_a_video_whose_length_nobody_knows(study):
    videos_with_media(study, 2, seconds=20)
    known = told(study).least_budget
    Video.objects.update(duration_ms=None)
    unknown = told(study).least_budget
    of_160_more_seconds = Decimal("0.024")  # at 300 tokens a second
    assert known + of_160_more_seconds <= unknown + Decimal("0.001")


def test_the_least_budget_of_two_steps_has_room_for_both(study):
    videos_with_media(study, 2, seconds=20)
    both = told(study, "llm-two-step").least_budget
    assert both > told(study, "llm-script").least_budget


def test_there_is_no_least_budget_where_nothing_is_paid_or_no_price_is_known(study):
    videos_with_scripts(study, 1)
    assert told(study, "llm-from-script", client="transformers", model="m").least_budget is None
    assert told(study, "llm-from-script", model="gemini-unheard-of").least_budget is None


# --- What a repeated run has already ------------------------------------------------------


@pytest.fixture
def parent(study):
    videos = videos_with_scripts(study, 4)
    settings = {"temperature": 0.0, "max_output_tokens": 8192, "replicate": 0}
    run = asking_run(study, videos, text=PROMPTS[Step.VALUES], settings=settings)
    for video in videos[:3]:
        answer(run, video)
    return run


def test_answers_of_the_repeated_run_are_kept_and_free(study, parent):
    estimate = told(study, "llm-from-script", parent=parent)
    assert (estimate.n_kept, estimate.n_requests) == (3, 1)
    assert estimate.steps[0].cost == Decimal("0.0018")  # one of 2,000 and 400 tokens


def test_answers_that_were_let_go_are_not_kept(study, parent):
    parent.exchanges.update(key=None)
    assert told(study, "llm-from-script", parent=parent).n_kept == 0


@pytest.mark.parametrize(
    "changed", [{"temperature": 0.5}, {"replicate": 1}, {"model": "gemini-other"}, {"examples": "gold"}]
)
def test_a_change_that_asks_other_questions_keeps_no_answers(study, parent, changed):
    assert told(study, "llm-from-script", parent=parent, **changed).n_kept == 0


def test_another_prompt_keeps_no_answers(study, parent):
    prompts = {Step.VALUES: "Another."}
    assert told(study, "llm-from-script", parent=parent, prompts=prompts).n_kept == 0
