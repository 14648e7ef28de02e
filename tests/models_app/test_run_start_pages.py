"""Starting a run that asks language models: presets, estimate, trial, and one run made of another."""

import re
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from annotator.models import Purpose, Role
from models_app.actions.runs import start_run
from models_app.models import Run, RunState
from models_app.pipelines.base import Step
from models_app.presets import PRESETS
from models_app.queries.run_parent import trial_before
from tests.factories import make_batch, make_member, make_study, make_user, make_video
from tests.models_app.llm_pages import (
    asking_run,
    filled,
    price_file,
    url,
    videos_with_media,
    videos_with_scripts,
)
from tests.run_factories import make_review, make_run, make_script

pytestmark = pytest.mark.django_db
OWN = "Judge {{ values|length }} values."


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch, settings, tmp_path):
    for name in ("GEMINI_API_KEY", "OPENAI_API_KEY", "OPENAI_BASE_URL", "GOOGLE_GENAI_USE_VERTEXAI"):
        monkeypatch.delenv(name, raising=False)
    settings.LLM_PRICES = price_file(tmp_path)


@pytest.fixture
def study():
    return make_study("study", slugs=["face", "humility"])


@pytest.fixture
def researcher(study):
    return make_member(study, Role.RESEARCHER)


@pytest.fixture
def client(researcher):
    client = Client()
    client.force_login(researcher)
    return client


def text_of(response):
    return " ".join(response.content.decode().split())


def start(client, pipeline="llm-from-script", /, **given):
    """Send the form; the run, or what the page says."""
    response = client.post(url("run_create", pipeline), filled(pipeline, **given))
    return Run.objects.latest("pk") if response.status_code == 302 else text_of(response)


def estimated(client, pipeline="llm-from-script", /, **given):
    return text_of(client.post(url("run_estimate", pipeline), filled(pipeline, **given)))


# --- Choosing -----------------------------------------------------------------------------


def test_presets_come_before_what_runs_here(client, study):
    page = text_of(client.get(url("run_choose")))
    places = [page.index(str(title)) for title in PRESETS.values()]
    assert places == sorted(places)
    assert places[-1] < page.index("On our own machines") < page.index("Dictionary of value words")


def test_a_missing_key_is_named_and_a_present_one_never_shown(client, study, monkeypatch):
    page = text_of(client.get(url("run_choose")))
    for name in ("GEMINI_API_KEY", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        assert f"<code>{name}</code>" in page
    assert page.count("it can be used if the workers have it") == 2
    monkeypatch.setenv("GEMINI_API_KEY", "AIza-secret-secret")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-secret")
    page = text_of(client.get(url("run_choose")))
    assert "<code>" not in page
    assert page.count("key is set") == 2
    assert "secret-secret" not in page


@pytest.mark.parametrize("flag", ["true", "1"])
def test_vertex_needs_a_project_instead_of_a_key(client, study, monkeypatch, flag):
    monkeypatch.setenv("GOOGLE_GENAI_USE_VERTEXAI", flag)
    monkeypatch.delenv("GOOGLE_CLOUD_PROJECT", raising=False)
    assert "<code>GOOGLE_CLOUD_PROJECT</code>" in text_of(client.get(url("run_choose")))


# --- The form -----------------------------------------------------------------------------


def test_what_everybody_is_asked_comes_first_and_the_rest_is_folded_away(client, study):
    videos_with_media(study, 1)
    form = client.get(url("run_create", "llm-direct")).context["form"]
    asked = [field.name for field in form.foremost]
    assert asked == ["videos", "client", "model", "examples", "delivery", "budget"]
    assert {"temperature", "samples", "in_flight"} <= {field.name for field in form.advanced}


def test_a_model_that_reads_text_alone_is_not_offered_for_videos(client, study):
    videos_with_media(study, 1)
    videos_with_scripts(study, 1)
    for pipeline, field, is_there in (
        ("llm-direct", "client", False),
        ("llm-script", "client", False),
        ("llm-two-step", "script_client", False),
        ("llm-two-step", "client", True),
        ("llm-from-script", "client", True),
    ):
        form = client.get(url("run_create", pipeline)).context["form"]
        words = [word for word, _label in form.fields[field].choices]
        assert ("transformers" in words) is is_there, (pipeline, field)


def test_the_provider_that_has_a_key_is_offered_first(client, study, monkeypatch):
    videos_with_scripts(study, 1)

    def offered():
        return client.get(url("run_create", "llm-from-script")).context["form"]["client"].value()

    assert offered() == "gemini"
    monkeypatch.setenv("OPENAI_API_KEY", "sk-a-key-of-tests")
    assert offered() == "openai"
    monkeypatch.setenv("GEMINI_API_KEY", "a-key-of-tests")
    assert offered() == "gemini"


def test_a_run_is_repeated_with_its_provider_whoever_has_a_key(client, study, monkeypatch):
    parent = asking_run(study, videos_with_scripts(study, 1), settings={"client": "gemini"})
    monkeypatch.setenv("OPENAI_API_KEY", "sk-a-key-of-tests")
    page = client.get(url("run_create", "llm-from-script"), {"from": parent.pk})
    assert page.context["form"]["client"].value() == "gemini"


def test_an_empty_temperature_is_the_provider_s_own(client, study):
    videos_with_scripts(study, 1)
    assert start(client, temperature="").settings["temperature"] is None
    assert start(client, temperature="0.5").settings["temperature"] == 0.5


def test_a_run_takes_its_budget_and_templates_from_the_form(client, study):
    videos_with_scripts(study, 1)
    run = start(client, model="gemini-2.5-flash", budget="2.5", template_values=OWN)
    assert (run.budget, run.is_trial, run.cloned_from) == (Decimal("2.5"), False, None)
    prompt = run.prompts.get()
    assert (prompt.template, prompt.prompt.text, prompt.is_overridden) == (OWN, "Judge 2 values.", True)


def test_a_budget_that_is_no_sum_is_said_beside_it(client, study):
    videos_with_scripts(study, 1)
    for wrong in ("much", "-1", "0", "1e99", "\x00"):
        response = client.post(url("run_create", "llm-from-script"), filled("llm-from-script", budget=wrong))
        assert set(response.context["form"].errors) == {"budget"}
    assert not Run.objects.exists()


def test_a_budget_for_a_model_without_a_price_is_refused_by_name(client, study):
    videos_with_scripts(study, 1)
    assert "gemini-unheard-of" in start(client, model="gemini-unheard-of", budget="1")
    assert not Run.objects.exists()


def test_a_budget_that_would_stop_the_run_at_once_is_refused_with_the_least_that_works(client, study):
    videos_with_scripts(study, 50)
    given = {"model": "gemini-2.5-flash"}
    part = estimated(client, **given)
    least = re.search(r"The least budget that lets it begin: ([\d.]+) USD", part)[1]
    less = str(Decimal(least) * Decimal("0.9"))
    warned = estimated(client, budget=less, **given)
    assert f"less than {least} USD" in warned
    assert "callout-title" not in warned  # the page's title is none of it
    for does in ("start", "trial"):
        data = filled("llm-from-script", budget=less, do=does, **given)
        errors = client.post(url("run_create", "llm-from-script"), data).context["form"].errors
        assert f"less than {least} USD" in errors["budget"][0]
    assert not Run.objects.exists()
    assert "less than" not in estimated(client, budget=least, **given)
    assert start(client, budget=least, **given).budget == Decimal(least)


def test_a_template_that_gives_no_prompt_is_refused_with_its_line(client, study):
    videos_with_scripts(study, 1)
    page = start(client, template_values="Fine.\n{{ nothing }}")
    assert "line 2" in page
    assert not Run.objects.exists()


def test_gold_examples_of_a_video_run_are_read_from_the_chosen_scripts(client, study):
    videos_with_media(study, 1)
    videos_with_scripts(study, 1)
    assert "complete gold" in start(client, "llm-direct", examples="gold")  # there is none
    run = start(client, "llm-direct", examples="codebook")  # whose scripts does not matter then
    assert run.scope["scripts"] == ""


def test_gold_examples_with_scripts_by_several_models_ask_for_a_choice_where_it_can_be_made(client, study):
    video = videos_with_media(study, 1)[0]
    make_script(video, model="transcriber")
    page = text_of(client.get(url("run_create", "llm-direct")))
    assert "The only model that has written some" in page
    make_script(video, model="another")
    page = text_of(client.get(url("run_create", "llm-direct")))
    assert "The only model" not in page
    assert '<details class="more">' in page
    data = filled("llm-direct", examples="gold", scripts="")
    response = client.post(url("run_create", "llm-direct"), data)
    assert set(response.context["form"].errors) == {"scripts"}
    assert '<details class="more" open>' in text_of(response)
    assert start(client, "llm-direct", examples="codebook", scripts="").scope["scripts"] == ""


# --- The estimate -------------------------------------------------------------------------


def test_the_estimate_tells_cost_time_and_where_it_comes_from(client, study):
    videos_with_scripts(study, 3)
    part = estimated(client, model="gemini-2.5-flash")
    for words in ("USD", "about 3 videos", "tokens in and", "guessed from the prompt", "cost nothing"):
        assert words in part
    assert "<form" not in part


def test_the_estimate_says_that_a_price_is_not_known(client, study):
    videos_with_scripts(study, 1)
    part = estimated(client, model="gemini-unheard-of")
    assert "no price is known of gemini-unheard-of" in part
    assert "USD" not in part


def test_the_estimate_says_which_key_the_chosen_provider_lacks(client, study, monkeypatch):
    videos_with_scripts(study, 1)
    assert "GEMINI_API_KEY" in estimated(client)
    assert "OPENAI_BASE_URL" in estimated(client, client="openai")
    assert "is not set" not in estimated(client, client="transformers")
    monkeypatch.setenv("GEMINI_API_KEY", "a-key-of-tests")
    assert "GEMINI_API_KEY" not in estimated(client)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"client": "nobody"}, "Provider: "),
        ({"temperature": "hot"}, "Temperature: "),
        ({"max_output_tokens": "100000000"}, "Longest answer, in tokens: "),
        ({"samples": "3"}, "Temperature: Several samples"),
        ({"delivery": "batch", "client": "openai"}, "Delivery: “openai” takes no batches"),
        ({"videos": str(10**30)}, "Videos: "),
        ({"template_values": "{% if %}"}, "line 1"),
    ],
)
def test_settings_that_would_be_refused_are_said_instead_of_an_estimate(client, study, wrong, said):
    videos_with_scripts(study, 1)
    part = estimated(client, **wrong)
    assert said in part
    assert "Cost" not in part


def test_the_estimate_stands_beside_a_wrong_budget(client, study):
    videos_with_scripts(study, 1)
    assert "Cost" in estimated(client, budget="much")


def test_another_provider_than_the_chosen_one_is_never_spoken_of(client, study):
    videos_with_scripts(study, 1)
    for given in ({"delivery": "batch"}, {"samples": "3"}, {"max_output_tokens": "0"}):
        part = estimated(client, client="openai", **given)
        assert "GEMINI_API_KEY" not in part
        assert "OPENAI_API_KEY" in part


def test_settings_that_contradict_are_refused_beside_one_of_them(client, study):
    videos_with_scripts(study, 1)
    response = client.post(url("run_create", "llm-from-script"), filled("llm-from-script", samples="3"))
    assert set(response.context["form"].errors) == {"temperature"}
    assert '<details class="more" open>' in text_of(response)


def test_a_study_without_a_codebook_says_so(client, study):
    videos_with_scripts(study, 1)
    study.codebook = None
    study.save()
    assert "no codebook yet" in estimated(client)
    assert "no codebook yet" in start(client)


# --- Trials -------------------------------------------------------------------------------


def test_a_trial_makes_a_development_batch_and_runs_over_it(client, study):
    videos_with_scripts(study, 50)
    page = text_of(client.get(url("run_create", "llm-from-script")))
    assert "sets 20 videos apart" in page
    run = start(client, do="trial")
    batch = study.batches.get(purpose=Purpose.DEVELOPMENT)
    assert (run.is_trial, run.scope["videos"], run.scope_rows.count()) == (True, batch.name, 20)
    assert "over 20 videos of the development batch" in text_of(
        client.get(url("run_create", "llm-from-script"))
    )
    assert start(client, do="trial", temperature="1").scope["videos"] == batch.name  # no second batch


def test_a_trial_with_too_few_videos_says_what_to_do_and_makes_nothing(client, study):
    videos_with_scripts(study, 3)
    page = text_of(client.get(url("run_create", "llm-from-script")))
    assert "there are 3 videos that nobody has coded" in page
    assert 'value="trial"' not in page
    assert "Import more, or edit a batch" in start(client, do="trial")
    assert not study.batches.filter(purpose=Purpose.DEVELOPMENT).exists()


def test_the_way_out_that_is_named_for_too_few_videos_exists(client, study):
    batch = make_batch(study)
    videos_with_scripts(study, 3, batch=batch)
    page = text_of(client.get(url("run_create", "llm-from-script")))
    assert reverse("annotator:video_import", args=["study"]) in page
    assert reverse("annotator:batch_list", args=["study"]) in page
    edited = {"name": batch.name, "order": 1, "purpose": "development", "is_open": "on"}
    assert client.post(reverse("annotator:batch_edit", args=["study", batch.pk]), edited).status_code == 302
    assert start(client, do="trial").scope_rows.count() == 3


def test_what_only_approved_scripts_leave_out_is_said_and_no_trial_is_offered(client, study):
    videos_with_scripts(study, 3)
    batch = make_batch(study, purpose=Purpose.DEVELOPMENT)
    in_batch = videos_with_scripts(study, 6, batch=batch)
    assert "left out" not in estimated(client)
    assert 'value="trial"' in estimated(client)
    part = estimated(client, approved="on")
    assert "9 videos are left out, as two people have not approved" in part
    assert 'value="trial"' not in part
    assert "There is nothing to try it on with approved scripts alone." in part
    assert "nobody has coded" not in start(client, do="trial", approved="on")
    for _n in range(2):
        make_review(in_batch[0].scripts.get(), make_user())
    part = estimated(client, approved="on")
    assert "8 videos are left out" in part
    assert "A trial runs over 1 video" in part


def test_a_trial_that_is_refused_leaves_no_batch_behind(client, study):
    videos_with_scripts(study, 50)
    assert "line 1" in start(client, do="trial", template_values="{{ nothing }}")
    assert not study.batches.filter(purpose=Purpose.DEVELOPMENT).exists()


def test_a_run_over_a_development_batch_is_a_trial_whatever_is_pressed(client, study):
    batch = make_batch(study, purpose=Purpose.DEVELOPMENT)
    videos_with_scripts(study, 2, batch=batch)
    assert start(client, videos=str(batch.pk)).is_trial
    assert not start(client).is_trial


def test_a_trial_over_videos_that_are_scored_is_refused(study):
    videos_with_scripts(study, 2)
    with pytest.raises(Exception, match="a trial works on a batch with the purpose"):
        start_run(study=study, pipeline="dictionary", settings={}, is_trial=True)
    assert not Run.objects.exists()


def test_a_finished_trial_leads_to_the_whole_study(client, study):
    batch = make_batch(study, purpose=Purpose.DEVELOPMENT)
    videos = videos_with_scripts(study, 2, batch=batch)
    videos_with_scripts(study, 3)
    trial = asking_run(study, videos, is_trial=True, scope={"videos": batch.name})
    page = text_of(client.get(url("run_detail", trial.pk)))
    address = f"{url('run_create', 'llm-from-script')}?from={trial.pk}&videos=all"
    assert address.replace("&", "&amp;") in page
    form = client.get(address).context["form"]
    assert form["videos"].value() == "all"
    run = start(client, cloned_from=str(trial.pk), videos="all")
    assert (run.is_trial, run.cloned_from, run.scope_rows.count()) == (False, trial, 5)


def test_a_trial_at_work_does_not_lead_to_the_whole_study_yet(client, study):
    videos = videos_with_scripts(study, 2, batch=make_batch(study, purpose=Purpose.DEVELOPMENT))
    trial = asking_run(study, videos, is_trial=True, state=RunState.RUNNING)
    assert "Run on the whole study" not in text_of(client.get(url("run_detail", trial.pk)))


# --- One run made of another --------------------------------------------------------------


def test_a_run_is_repeated_with_its_settings_scope_budget_and_templates(client, study):
    videos = videos_with_scripts(study, 3)
    parent = asking_run(
        study,
        videos[:2],
        settings={"temperature": 0.7, "samples": 3, "model": "gemini-2.5-flash"},
        scope={"scripts": "transcriber", "videos": "a list.txt"},
        budget=Decimal("2.5"),
    )
    parent.prompts.update(template=OWN, base="As it ships")
    assert f"?from={parent.pk}" in text_of(client.get(url("run_detail", parent.pk)))
    page = client.get(url("run_create", "llm-from-script"), {"from": parent.pk})
    form = page.context["form"]
    values = {name: form[name].value() for name in ("videos", "temperature", "samples", "budget")}
    assert values == {"videos": "same", "temperature": 0.7, "samples": 3, "budget": "2.5"}
    assert form["template_values"].value() == OWN
    assert form.templates == {Step.VALUES: OWN}
    assert f"The same as run {parent.pk} (2 videos)" in text_of(page)
    run = start(client, cloned_from=str(parent.pk), videos="same", temperature="0.9", model="gemini-2.5-pro")
    assert run.cloned_from == parent
    assert set(run.scope_rows.values_list("video", flat=True)) == {video.pk for video in videos[:2]}


def test_a_trial_repeated_over_the_same_videos_is_a_trial(client, study):
    batch = make_batch(study, purpose=Purpose.DEVELOPMENT)
    trial = asking_run(study, videos_with_scripts(study, 2, batch=batch), is_trial=True)
    assert start(client, cloned_from=str(trial.pk), videos="same").is_trial


def test_what_was_changed_against_the_parent_is_listed(client, study):
    videos = videos_with_scripts(study, 2)
    parent = start(client, temperature="0", budget="2", model="gemini-2.5-flash")
    run = start(
        client, cloned_from=str(parent.pk), videos="all", temperature="0.9", template_values=OWN, budget=""
    )
    page = client.get(url("run_detail", run.pk))
    words = text_of(page)
    assert f'Changed against <a href="{url("run_detail", parent.pk)}">run {parent.pk}</a>' in words
    table = words[words.index("Changed against") : words.index("What was fixed when it started")]
    for expected in ("Temperature", "0.9", "Budget", "Prompt for the values", url("run_prompt", run.pk)):
        assert expected in table
    assert "Delivery" not in table
    assert len(videos) == 2


def test_an_unchanged_repetition_says_so(client, study):
    videos_with_scripts(study, 1)
    parent = start(client)
    Run.objects.filter(pk=parent.pk).update(state=RunState.FINISHED)
    run = start(client, cloned_from=str(parent.pk), videos="all")
    assert run.pk != parent.pk
    assert "Nothing was changed." in text_of(client.get(url("run_detail", run.pk)))


def test_runs_of_other_studies_pipelines_and_imports_cannot_be_repeated(client, study):
    videos = videos_with_scripts(study, 1)
    elsewhere = make_study("elsewhere")
    strangers = [
        make_run(elsewhere, [make_video(elsewhere)], pipeline="llm-from-script"),
        make_run(study, videos, pipeline="dictionary"),
        make_run(study, videos, pipeline="llm-from-script", origin="import"),
    ]
    for given in (*(str(run.pk) for run in strangers), "²", str(10**30), "x"):
        assert client.get(url("run_create", "llm-from-script"), {"from": given}).status_code == 404
        data = filled("llm-from-script", cloned_from=given)
        assert client.post(url("run_create", "llm-from-script"), data).status_code == 404


def test_a_run_without_a_language_model_can_be_repeated(client, study):
    videos_with_scripts(study, 2)
    parent = start(client, "dictionary", threshold="0.25")
    page = client.get(url("run_create", "dictionary"), {"from": parent.pk})
    assert page.context["form"]["threshold"].value() == 0.25
    assert "See the prompt" not in text_of(page)


def test_coming_back_from_the_prompt_starts_nothing(client, study):
    videos_with_scripts(study, 2)
    page = start(client, do="back", template_values=OWN, temperature="0.9")
    assert "This run has a prompt of its own" in page
    assert 'value="0.9"' in page
    assert not Run.objects.exists()


def test_a_trial_is_compared_with_the_one_it_repeats_else_the_one_before(study):
    first, second, third, script = (
        asking_run(study, is_trial=True, gives=gives) for gives in (*["predictions"] * 3, "scripts")
    )
    whole = asking_run(study, cloned_from=first)
    assert trial_before(first) is None
    assert trial_before(third) == second
    third.cloned_from = first
    assert trial_before(third) == first
    assert trial_before(script) is None
    assert trial_before(whole) is None
