"""A run that asks a language model, from the presets on: estimate, prompt, trial, and the whole study."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from annotator.actions.codebook import builtin_codebook, install_codebook
from annotator.models import Purpose, Role, Study
from models_app.models import Run, RunState
from tests.factories import make_member
from tests.models_app.llm_pages import price_file, videos_with_scripts


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch, settings, tmp_path):
    for name in ("GEMINI_API_KEY", "OPENAI_API_KEY", "OPENAI_BASE_URL", "GOOGLE_GENAI_USE_VERTEXAI"):
        monkeypatch.delenv(name, raising=False)
    settings.LLM_PRICES = price_file(tmp_path)


@pytest.fixture
def study():
    study = Study.objects.create(slug="study", name="Study")
    install_codebook(study=study, doc=builtin_codebook())
    study.refresh_from_db()
    videos_with_scripts(study, 30)
    return study


@pytest.fixture
def page(page_as, study):
    return page_as(make_member(study, Role.RESEARCHER))


def test_a_run_is_tried_with_a_changed_prompt_and_then_run_on_the_whole_study(page, study):
    page.goto(reverse("models_app:run_choose", args=["study"]))
    page.get_by_role("link", name=re.compile("^Choose ?: Values from scripts")).click()
    page.get_by_label("Model", exact=False).first.fill("gemini-2.5-flash")
    page.get_by_label("Model", exact=False).first.blur()
    expect(page.locator("#estimate")).to_contain_text("USD")

    page.get_by_role("button", name="See the prompt").click()
    expect(page.locator(".prompt-text")).to_contain_text("universalism-tolerance")
    page.locator("summary", has_text="Change the template").click()
    editor = page.get_by_label("Template", exact=True)
    source = editor.input_value()
    editor.fill(source.replace("trained coder", "careful reader"))
    page.get_by_role("button", name="Preview").click()
    expect(page.locator(".prompt-difference ins").first).to_contain_text("careful")
    page.get_by_role("button", name="Use it for the run").click()
    expect(page.locator("[name=model]")).to_have_value("gemini-2.5-flash")
    expect(page.get_by_text("This run has a prompt of its own")).to_be_visible()

    page.get_by_role("button", name="Try it first").click()
    page.wait_for_url(re.compile(r"/runs/\d+/$"))
    trial = Run.objects.get()
    assert trial.is_trial
    assert trial.scope_rows.count() == study.batches.get(purpose=Purpose.DEVELOPMENT).videos.count() == 15
    assert "careful reader" in trial.prompts.get().prompt.text

    Run.objects.update(state=RunState.FINISHED)
    page.reload()
    page.get_by_role("link", name="Run on the whole study").click()
    expect(page.locator("[name=videos]")).to_have_value("all")
    page.get_by_role("button", name="Start the run").click()
    page.wait_for_url(re.compile(rf"/runs/(?!{trial.pk}/)\d+/$"))
    run = Run.objects.latest("pk")
    assert (run.cloned_from, run.is_trial, run.scope_rows.count()) == (trial, False, 30)
    assert run.prompts.get().prompt == trial.prompts.get().prompt
    expect(page.locator("#changed")).to_contain_text(f"run {trial.pk}")


def test_the_placeholder_names_the_model_of_the_chosen_provider(page, study, settings):
    page.goto(reverse("models_app:run_create", args=["study", "llm-from-script"]))
    model = page.locator("[name=model]")
    expect(model).to_have_attribute("placeholder", settings.LLM_MODELS["gemini"])
    page.locator("[name=client]").select_option("openai")
    expect(model).to_have_attribute("placeholder", settings.LLM_MODELS["openai"])
    expect(page.locator("#estimate")).to_contain_text("OPENAI_BASE_URL")
    expect(page.locator("#estimate")).to_contain_text(settings.LLM_MODELS["openai"])


def test_what_is_typed_stays_while_the_estimate_changes(page, study):
    page.goto(reverse("models_app:run_create", args=["study", "llm-from-script"]))
    budget = page.get_by_label("Budget", exact=False)
    page.locator("[name=delivery]").select_option("batch")
    budget.press_sequentially("12.5")
    expect(page.locator("#estimate")).to_contain_text("within a day")
    expect(budget).to_have_value("12.5")
    expect(budget).to_be_focused()


def test_a_prompt_is_copied(page_as, study):
    page = page_as(make_member(study, Role.RESEARCHER), permissions=["clipboard-read", "clipboard-write"])
    page.goto(reverse("models_app:run_prompt_new", args=["study", "llm-from-script"]))
    page.get_by_role("button", name="Copy").click()
    expect(page.locator(".toast")).to_contain_text("copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.replace("\r", "") == page.locator(".prompt-text").evaluate("element => element.textContent")
