"""The exact prompt: before a run, where it can be changed, and frozen with the run."""

import pytest
from django.test import Client

from annotator.models import Role
from models_app.models import Run
from models_app.pipelines.base import Step
from models_app.pipelines.llm.prompts import prompt_hash, template_source
from tests.factories import make_member, make_study
from tests.llm_factories import make_prompt
from tests.loopback.gemini import GeminiServer
from tests.models_app.llm_pages import asking_run, filled, price_file, url, videos_with_scripts
from tests.run_factories import make_run

pytestmark = pytest.mark.django_db
SHIPPED = template_source(Step.VALUES)
OWN = SHIPPED.replace("You work as a trained coder.", "You work as a careful reader.")
KEY = "AIza-this-is-a-secret-of-tests-0123456789"


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch, settings, tmp_path):
    for name in ("GEMINI_API_KEY", "GEMINI_BASE_URL", "GOOGLE_GENAI_USE_VERTEXAI"):
        monkeypatch.delenv(name, raising=False)
    settings.LLM_PRICES = price_file(tmp_path)


@pytest.fixture
def study():
    return make_study("study", slugs=["face", "humility"])


@pytest.fixture
def client(study):
    client = Client()
    client.force_login(make_member(study, Role.RESEARCHER))
    return client


def text_of(response):
    return " ".join(response.content.decode().split())


def shown(client, pipeline="llm-from-script", /, **given):
    """The prompts that the page shows, by step."""
    response = client.post(url("run_prompt_new", pipeline), filled(pipeline, **given))
    assert response.status_code == 200
    return {prompt.step: prompt for _name, prompt, _counts in response.context["prompts"]}, text_of(response)


# --- Before a run -------------------------------------------------------------------------


def test_the_prompt_before_a_run_is_the_one_that_is_frozen(client, study):
    videos_with_scripts(study, 1)
    for given in ({"examples": "none"}, {"examples": "codebook"}, {"template_values": OWN}):
        prompts, page = shown(client, **given)
        client.post(url("run_create", "llm-from-script"), filled("llm-from-script", **given))
        frozen = Run.objects.latest("pk").prompts.get().prompt
        assert prompts[Step.VALUES].text == frozen.text
        assert frozen.hash in page


def test_the_prompt_is_shown_without_any_form(client, study):
    response = client.get(url("run_prompt_new", "llm-two-step"))
    page = text_of(response)
    assert page.index("Prompt for the script") < page.index("Prompt for the values")
    (_name, prompt, counts) = response.context["prompts"][0]
    assert prompt_hash(prompt.text) in page
    assert f"about {prompt.n_tokens:,}" in page
    assert counts is False  # no key: nobody could be asked


def test_settings_of_the_form_are_carried_to_the_prompt_and_back(client, study):
    videos_with_scripts(study, 1)
    _prompts, page = shown(client, temperature="0.7", samples="5", budget="2", approved="on")
    for name, value in (("temperature", "0.7"), ("samples", "5"), ("budget", "2"), ("approved", "True")):
        assert f'name="{name}" value="{value}"' in page
    assert 'name="template_values" value' not in page  # there it is what can be edited


def test_a_changed_template_is_previewed_with_its_difference(client, study):
    prompts, page = shown(client, template_values=OWN)
    assert "You work as a careful reader." in prompts[Step.VALUES].text
    assert "What was changed in the template that ships" in page
    assert "<ins>careful</ins>" in page
    assert len(prompts[Step.VALUES].changes) == 1


def test_a_template_as_it_ships_is_no_change_whatever_its_line_ends(client, study):
    prompts, page = shown(client, template_values=SHIPPED.replace("\n", "\r\n"))
    assert not prompts[Step.VALUES].is_own
    assert "What was changed" not in page


def test_a_template_goes_back_to_what_ships(client, study):
    prompts, _page = shown(client, template_values=OWN, reset="values")
    assert prompts[Step.VALUES].template == SHIPPED


@pytest.mark.parametrize(
    ("template", "line", "why"),
    [
        ("Fine.\n\n{{ nothing }}", 3, "nothing"),
        ("{% if given %}", 1, "end of"),
        ("{{ values.__class__ }}", None, ""),
        ("a\n{% for v in values %}{{ v.nonsense }}{% endfor %}", 2, "nonsense"),
        ("{# nothing but a remark #}", None, "nothing"),
    ],
)
def test_a_wrong_template_is_said_with_its_line_and_kept(client, study, template, line, why):
    prompts, page = shown(client, template_values=template)
    prompt = prompts[Step.VALUES]
    assert prompt.error
    assert why in prompt.error
    assert line is None or prompt.line == line
    assert prompt.template == template
    assert "A run with this template would be refused." in page


@pytest.mark.parametrize("n", [100_001, 300_000])
def test_a_template_that_is_too_long_is_refused_with_the_limit_and_kept(client, study, n):
    videos_with_scripts(study, 1)
    template = "Judge with care. ".ljust(n, "x")
    prompts, page = shown(client, template_values=template)
    assert prompts[Step.VALUES].template == template
    assert "longer than 100,000 characters" in page
    for does in ("back", "start"):
        data = filled("llm-from-script", template_values=template, do=does)
        response = client.post(url("run_create", "llm-from-script"), data)
        assert response.context["form"]["template_values"].value() == template
        assert "longer than 100,000 characters" in text_of(response)


def test_an_emptied_template_says_that_the_one_that_ships_is_taken(client, study):
    videos_with_scripts(study, 1)
    said = "An empty template gives no prompt: the one that ships is taken."
    prompts, page = shown(client, template_values=" \n", do="preview")
    assert prompts[Step.VALUES].template == SHIPPED
    assert said in page
    data = filled("llm-from-script", template_values="", do="back")
    assert said in text_of(client.post(url("run_create", "llm-from-script"), data))


@pytest.mark.parametrize("given", [{}, {"do": "preview", "template_values": SHIPPED}, {"reset": "values"}])
def test_a_template_that_nobody_emptied_is_not_called_empty(client, study, given):
    videos_with_scripts(study, 1)
    assert "An empty template" not in shown(client, **given)[1]


def test_markup_in_a_template_is_shown_as_text(client, study):
    _prompts, page = shown(client, template_values="<script>alert(1)</script></textarea><b>")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "</textarea><b>" not in page


def test_a_pipeline_that_asks_nobody_has_no_prompt(client, study):
    assert client.get(url("run_prompt_new", "dictionary")).status_code == 404
    assert client.post(url("run_prompt_count", "dictionary")).status_code == 404


def test_a_study_without_a_codebook_has_no_prompt_yet(client, study):
    study.codebook = None
    study.save()
    page = text_of(client.get(url("run_prompt_new", "llm-direct")))
    assert "The study has no codebook yet" in page


# --- Counting exactly ---------------------------------------------------------------------


def counted(client, **given):
    data = filled("llm-direct", step="values", **given)
    return text_of(client.post(url("run_prompt_count", "llm-direct"), data))


@pytest.fixture
def gemini(monkeypatch):
    with GeminiServer() as server:
        monkeypatch.setenv("GEMINI_BASE_URL", server.url)
        monkeypatch.setenv("GEMINI_API_KEY", KEY)
        yield server


def test_tokens_are_counted_by_the_provider(client, study, gemini):
    said = counted(client, model="gemini-test")
    assert said.endswith("tokens, as gemini-test counts")
    page = client.get(url("run_prompt_new", "llm-direct"))
    assert "Count exactly" in text_of(page)


def test_a_provider_that_refuses_to_count_is_a_sentence_without_the_key(client, study, gemini):
    gemini.key = "another"
    said = counted(client)
    assert "tokens" not in said
    assert said
    assert KEY not in said


def test_nobody_is_asked_to_count_without_a_key(client, study):
    assert "GEMINI_API_KEY is not set" in counted(client)


def test_other_providers_do_not_count_beforehand(client, study):
    assert "Only Gemini counts" in text_of(
        client.post(
            url("run_prompt_count", "llm-direct"), filled("llm-direct", step="values", client="openai")
        )
    )


def test_a_strange_step_counts_nothing(client, study):
    for step in ("", "script", "\x00", "x" * 500):
        data = filled("llm-direct", step=step)
        assert "no such prompt" in text_of(client.post(url("run_prompt_count", "llm-direct"), data))


# --- Of a run -----------------------------------------------------------------------------


def test_the_prompt_of_a_run_is_shown_with_what_was_changed(client, study):
    run = asking_run(study, text="Judge this.")
    run.prompts.update(template="Judge this.", base="Judge that.")
    page = text_of(client.get(url("run_prompt", run.pk)))
    assert prompt_hash("Judge this.") in page
    assert "<del>that</del><ins>this</ins>" in page
    assert url("run_prompt", run.pk) in text_of(client.get(url("run_detail", run.pk)))


def test_the_prompt_of_a_repeated_run_is_set_against_its_parent_s(client, study):
    parent = asking_run(study, text="Judge that.")
    run = asking_run(study, text="Judge this.", cloned_from=parent)
    page = text_of(client.get(url("run_prompt", run.pk)))
    assert f"What differs from the prompt of run {parent.pk}" in page
    same = asking_run(study, text="Judge that.", cloned_from=parent)
    assert "What differs" not in text_of(client.get(url("run_prompt", same.pk)))


def test_prompts_of_two_steps_stand_in_the_order_of_the_steps(client, study):
    run = asking_run(study, text="Judge.")
    make_prompt("Write.", run=run, step="script")
    page = text_of(client.get(url("run_prompt", run.pk)))
    assert page.index("Write.") < page.index("Judge.")


def test_a_run_without_prompts_and_one_of_another_study_have_no_such_page(client, study):
    elsewhere = make_study("elsewhere", slugs=["face"])
    for run in (make_run(study), asking_run(elsewhere)):
        assert client.get(url("run_prompt", run.pk)).status_code == 404
