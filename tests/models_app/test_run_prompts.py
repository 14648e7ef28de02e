"""Prompts frozen with a run, and what a run that asks language models is told."""

import pytest

from annotator.actions.studies import create_study
from annotator.errors import RefusedError
from models_app.actions.runs import start_run
from models_app.models import Prompt, Run, RunPrompt
from models_app.pipelines.base import Step
from models_app.pipelines.llm.prompts import prompt_hash, prompts_hash, template_source
from tests.factories import make_study, make_user, make_video
from tests.models_app.fakes import study_with_scripts
from tests.run_factories import make_script

pytestmark = pytest.mark.django_db
OWN = "Judge it: {% for value in values %}{{ value.slug }} {% endfor %}"


def study_with_media(n=1, **fields):
    study = make_study(**fields)
    for _i in range(n):
        make_video(study, slots=False, media="a.mp4")
    return study


def start(study, pipeline="llm-from-script", settings=None, **options):
    return start_run(study=study, pipeline=pipeline, settings=settings or {}, **options)


def texts(run):
    return {Step(row.step): row.prompt.text for row in run.prompts.select_related("prompt")}


@pytest.mark.parametrize(
    ("pipeline", "steps"),
    [
        ("llm-direct", {Step.VALUES}),
        ("llm-script", {Step.SCRIPT}),
        ("llm-two-step", {Step.SCRIPT, Step.VALUES}),
    ],
)
def test_run_keeps_a_prompt_for_each_step(pipeline, steps):
    run = start(study_with_media(), pipeline)
    kept = texts(run)
    assert set(kept) == steps
    assert run.prompt_hash == prompts_hash(kept)
    for row in run.prompts.select_related("prompt"):
        assert row.prompt.hash == prompt_hash(row.prompt.text)
        assert (row.template, row.base, row.is_overridden) == (template_source(Step(row.step)), "", False)


def test_prompt_says_what_the_model_is_given():
    study = study_with_media()
    make_script(study.videos.get())
    direct, two_step, read = (
        texts(start(study, pipeline))[Step.VALUES]
        for pipeline in ("llm-direct", "llm-two-step", "llm-from-script")
    )
    assert direct.startswith("You are given a short video")
    assert two_step.startswith("You are given the script")
    assert read == two_step


def test_equal_prompts_are_one_row():
    study = study_with_scripts(1)
    first, second = start(study), start(study)
    assert first.pk != second.pk
    assert first.prompt_hash == second.prompt_hash
    assert Prompt.objects.count() == 1
    assert RunPrompt.objects.count() == 2


def test_examples_of_the_codebook_are_a_preset():
    study = create_study(slug="s", name="S", by=None)
    make_script(make_video(study, slots=False))
    with_examples, without = (
        texts(start(study, settings={"examples": examples}))[Step.VALUES] for examples in ("codebook", "none")
    )
    assert "broken hairdryer" in with_examples
    assert "broken hairdryer" not in without


@pytest.mark.parametrize("dominant", [True, False])
def test_prompt_offers_what_the_version_offers_whatever_its_file_says(dominant):
    study = make_study(dominant=not dominant)
    study.codebook.allow_dominant = dominant
    study.codebook.save()
    make_script(make_video(study, slots=False))
    assert ('"dominant"' in texts(start(study))[Step.VALUES]) is dominant


def test_own_template_is_kept_with_the_one_that_it_replaced():
    run = start(study_with_scripts(1), templates={Step.VALUES: OWN.replace(": ", ":\r\n")})
    row = run.prompts.get()
    assert row.is_overridden
    assert row.template == OWN.replace(": ", ":\n")
    assert row.base == template_source(Step.VALUES)
    assert texts(run)[Step.VALUES].startswith("Judge it:\nself-direction-thought")


@pytest.mark.parametrize("own", ["", " \n", template_source(Step.VALUES).replace("\n", "\r\n") + "\r\n"])
def test_template_that_changes_nothing_is_no_override(own):
    row = start(study_with_scripts(1), templates={Step.VALUES: own}).prompts.get()
    assert not row.is_overridden
    assert row.template == template_source(Step.VALUES)


def test_other_template_is_another_run_though_started_twice():
    study, user = study_with_scripts(1), make_user()
    first = start(study, by=user)
    assert start(study, by=user) == first
    assert start(study, by=user, templates={Step.VALUES: OWN}) != first


@pytest.mark.parametrize(
    ("pipeline", "templates", "said"),
    [
        ("llm-from-script", {Step.VALUES: "one\n{{ nobody }}"}, "line 2: “nobody” is not known"),
        ("llm-from-script", {Step.VALUES: "{# nothing #}"}, "renders to nothing"),
        ("llm-from-script", {Step.SCRIPT: OWN}, "llm-from-script has no prompt for “script”"),
        ("dictionary", {Step.VALUES: OWN}, "dictionary has no prompt for “values”"),
    ],
)
def test_bad_template_starts_no_run(pipeline, templates, said):
    study = study_with_scripts(1)
    with pytest.raises(RefusedError, match=said):
        start(study, pipeline, templates=templates)
    assert not Run.objects.exists()
    assert not Prompt.objects.exists()


def test_codebook_without_texts_makes_no_prompt():
    study = study_with_scripts(1)
    study.codebook.document = {}
    study.codebook.save()
    with pytest.raises(RefusedError, match="no prompt can be made of the codebook"):
        start(study)
    assert start(study, "dictionary").prompt_hash == ""


def test_models_left_open_are_frozen_by_name(settings):
    settings.LLM_MODELS = {"gemini": "g-1", "openai": "o-1", "transformers": "t-1"}
    study = study_with_media()
    run = start(study, "llm-two-step", {"script_client": "openai"})
    frozen = {name: run.settings[name] for name in ("client", "model", "script_client", "script_model")}
    expected = {"client": "gemini", "model": "g-1", "script_client": "openai", "script_model": "o-1"}
    assert frozen == expected
    assert (run.model, run.client, run.queue) == ("g-1", "gemini", "io")
    run = start(study, "llm-two-step", {"model": "mine"})
    assert (run.settings["script_client"], run.settings["script_model"]) == ("gemini", "mine")


def test_model_of_ones_own_goes_to_the_gpu():
    study = study_with_scripts(1)
    assert start(study, settings={"client": "transformers", "model": "m"}).queue == "gpu"
    run = start(study, settings={"client": "openai", "model": "m"})
    assert (run.queue, run.client, run.model) == ("io", "openai", "m")


def test_run_that_asks_nobody_has_no_client():
    run = start(study_with_scripts(1), "dictionary")
    assert (run.client, run.prompt_hash, run.queue) == ("", "", "io")


@pytest.mark.parametrize(
    ("pipeline", "given", "said"),
    [
        ("llm-direct", {"samples": 3}, "temperature above 0"),
        ("llm-direct", {"client": "openai", "delivery": "batch"}, "“openai” takes no batches"),
        ("llm-two-step", {"script_client": "openai", "delivery": "batch"}, "“openai” takes no batches"),
        ("llm-direct", {"client": "transformers"}, "can be shown no video"),
        ("llm-script", {"client": "transformers"}, "can be shown no video"),
        ("llm-two-step", {"client": "transformers"}, "can be shown no video"),
        ("llm-direct", {"model": "m" * 201}, "longer than 200 characters"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(pipeline, given, said):
    with pytest.raises(RefusedError, match=said):
        start(study_with_media(), pipeline, given)
    assert not Run.objects.exists()


@pytest.mark.parametrize(
    ("pipeline", "given"),
    [
        ("llm-direct", {"samples": 3, "temperature": 0.7}),
        ("llm-direct", {"samples": 3, "temperature": None}),
        ("llm-direct", {"delivery": "batch"}),
        ("llm-two-step", {"client": "transformers", "script_client": "gemini"}),
    ],
)
def test_settings_that_go_together_are_taken(pipeline, given):
    assert start(study_with_media(), pipeline, given).pipeline == pipeline
