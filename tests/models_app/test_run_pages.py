"""Pages of runs: choosing, starting, watching, stopping and mending them."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from annotator.models import Role
from models_app.models import (
    Gives,
    ItemState,
    ProviderGate,
    Run,
    RunEvent,
    RunItem,
    RunState,
    RunVideo,
    WorkerBeat,
)
from models_app.specs import SPECS
from tests.factories import make_batch, make_member, make_study, make_video
from tests.llm_factories import block, make_exchange, make_llm_run
from tests.models_app.test_beside_pages import gold_video
from tests.run_factories import fail, make_run, make_script, predict

pytestmark = pytest.mark.django_db


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


def url(name, *args):
    return reverse(f"models_app:{name}", args=["study", *args])


def running(study, n=4, **fields):
    """A run at work on n videos."""
    videos = [make_video(study) for _n in range(n)]
    return make_run(study, videos, **{"state": RunState.RUNNING, "item_state": ItemState.WAITING, **fields})


def filled(pipeline, **given):
    """The form as it is offered, with what is changed in it."""
    fields = SPECS[pipeline].settings.model_fields
    data = {"videos": "all", "scripts": "transcriber"} | {name: info.default for name, info in fields.items()}
    return {name: value for name, value in (data | given).items() if value is not None}


def text_of(response):
    return " ".join(response.content.decode().split())


# --- the list -----------------------------------------------------------------------------


def test_an_empty_list_says_what_to_do(client, study):
    page = text_of(client.get(url("run_list")))
    assert "No runs yet" in page
    assert page.count("is-primary") == 1


def test_the_list_shows_how_far_each_run_is(client, study):
    run = running(study, created_by=make_member(study, Role.RESEARCHER), scope={"videos": "Week 1"})
    RunItem.objects.filter(pk=run.items.first().pk).update(state=ItemState.DONE)
    fail(run, study.videos.get(pk=run.items.last().key))
    page = text_of(client.get(url("run_list")))
    for words in ("1 of 4", "1 failed", "Week 1", "Running", "dictionary", str(run.created_by)):
        assert words in page
    assert page.count("is-primary") == 1


def test_the_list_asks_again_only_while_something_runs(client, study):
    run = running(study)
    assert 'hx-trigger="every 5s"' in client.get(url("run_list")).content.decode()
    part = client.get(url("run_list"), headers={"HX-Request": "true"}).content.decode()
    assert part.strip().startswith('<div id="runs"')
    Run.objects.filter(pk=run.pk).update(state=RunState.FINISHED)
    part = client.get(url("run_list"), headers={"HX-Request": "true"}).content.decode()
    assert "hx-trigger" not in part


def test_a_study_does_not_show_runs_of_another(client, study):
    other = make_study("other")
    run = make_run(other, [make_video(other)], model="somebody-elses")
    assert "somebody-elses" not in client.get(url("run_list")).content.decode()
    assert client.get(url("run_detail", run.pk)).status_code == 404


# --- starting -----------------------------------------------------------------------------


def test_every_pipeline_can_be_chosen_with_what_there_is_for_it(client, study):
    make_script(gold_video(study))
    make_video(study)
    page = text_of(client.get(url("run_choose")))
    for name in SPECS:
        assert reverse("models_app:run_create", args=["study", name]) in page
    assert "Needs a script: 1 of 2 videos have one." in page
    assert "Learns from gold: 1 of 2 videos have it." in page


def test_how_much_gold_there_is_is_kept_from_whoever_codes(study):
    gold_video(study)
    both = make_member(study, Role.RESEARCHER, Role.ANNOTATOR)
    client = Client()
    client.force_login(both)
    for address in (url("run_choose"), url("run_create", "creator-prior")):
        page = text_of(client.get(address))
        assert "1 of 1" not in page
        assert "with gold" not in page


def test_a_refusal_tells_whoever_codes_nothing_of_gold(study):
    make_video(study)
    both = make_member(study, Role.RESEARCHER, Role.ANNOTATOR)
    client = Client()
    client.force_login(both)
    page = text_of(client.post(url("run_create", "creator-prior"), filled("creator-prior", folds="2")))
    assert "kept from you" in page
    assert "complete gold" not in page
    assert not Run.objects.exists()


def test_a_refusal_of_gold_examples_tells_whoever_codes_nothing_of_gold(study):
    make_script(make_video(study))
    both = make_member(study, Role.RESEARCHER, Role.ANNOTATOR)
    client = Client()
    client.force_login(both)
    given = filled("llm-from-script", examples="gold")
    page = text_of(client.post(url("run_create", "llm-from-script"), given))
    assert "kept from you" in page
    assert "complete gold" not in page
    assert not Run.objects.exists()


@pytest.mark.parametrize("name", SPECS)
def test_the_form_asks_for_every_setting(client, study, name):
    make_script(make_video(study))
    form = client.get(url("run_create", name)).context["form"]
    spec = SPECS[name]
    asked = {field.name for field in [*form.foremost, *form.advanced]}
    assert set(spec.settings.model_fields) <= asked
    for setting, info in spec.settings.model_fields.items():
        assert form[setting].initial == info.default


def test_a_run_starts_from_the_form(client, study, researcher):
    batch = make_batch(study, "Week 2")
    inside, outside = make_video(study, batch=batch), make_video(study, batch=make_batch(study, "Week 3"))
    for video in (inside, outside):
        make_script(video)
    data = filled("dictionary", videos=str(batch.pk), threshold="0.25")
    response = client.post(url("run_create", "dictionary"), data)
    run = Run.objects.get()
    assert response.headers["Location"] == url("run_detail", run.pk)
    assert (run.pipeline, run.created_by, run.state) == ("dictionary", researcher, RunState.RUNNING)
    assert run.settings["threshold"] == 0.25
    assert run.scope["videos"] == "Week 2"
    assert list(run.scope_rows.values_list("video", flat=True)) == [inside.pk]


def test_a_double_click_starts_one_run(client, study):
    make_script(make_video(study))
    data = filled("dictionary")
    first, second = (client.post(url("run_create", "dictionary"), data) for _time in range(2))
    assert first.headers["Location"] == second.headers["Location"]
    assert Run.objects.count() == 1


@pytest.mark.parametrize(
    ("pipeline", "wrong"),
    [
        ("dictionary", {"threshold": "1"}),  # must stay below
        ("dictionary", {"threshold": "nan"}),
        ("dictionary", {"threshold": ""}),
        ("dictionary", {"scripts": "nobody"}),
        ("dictionary", {"videos": "987654321"}),
        ("dictionary", {"videos": "²"}),
        ("masked-lm", {"learning_rate": "0"}),  # must be more
        ("masked-lm", {"folds": "1"}),
        ("masked-lm", {"grouping": "sideways"}),
        ("masked-lm", {"model": ""}),
        ("local-script", {"language": "English"}),
    ],
)
def test_a_wrong_field_is_said_beside_it(client, study, pipeline, wrong):
    make_script(make_video(study))
    response = client.post(url("run_create", pipeline), filled(pipeline, **wrong))
    assert response.status_code == 200
    assert set(response.context["form"].errors) == set(wrong)
    assert not Run.objects.exists()


def test_a_wrong_setting_that_is_folded_away_is_shown(client, study):
    make_script(make_video(study))
    page = text_of(client.post(url("run_create", "masked-lm"), {"videos": "all", "epochs": "0"}))
    assert '<details class="more" open>' in page


def test_what_the_engine_refuses_is_said_on_the_form(client, study):
    make_video(study)  # without media
    response = client.post(url("run_create", "local-script"), filled("local-script"))
    assert response.context["form"].non_field_errors()
    assert not Run.objects.exists()


def test_a_pipeline_that_reads_scripts_says_where_they_come_from(client, study):
    make_video(study)
    page = text_of(client.get(url("run_create", "dictionary")))
    assert "No video has a script yet" in page
    assert reverse("models_app:run_create", args=["study", "local-script"]) in page


def test_the_estimate_follows_the_form(client, study):
    batch = make_batch(study, "Week 2")
    make_script(make_video(study, batch=batch))
    for _n in range(2):
        make_video(study, batch=make_batch(study))
    address = url("run_create", "dictionary")
    whole = text_of(client.get(address))
    assert "3 videos are in the scope" in whole
    assert "2 of them have no such script" in whole
    part = client.post(url("run_estimate", "dictionary"), filled("dictionary", videos=str(batch.pk)))
    assert "1 video is in the scope" in text_of(part)
    assert "<form" not in text_of(part)


@pytest.mark.parametrize("name", ["videos", "scripts", "folds"])
@pytest.mark.parametrize("strange", [str(10**30), "-1", "²", "\x00", "x"])
def test_a_strange_estimate_breaks_nothing(client, study, name, strange):
    make_script(make_video(study))
    response = client.post(url("run_estimate", "masked-lm"), {name: strange})
    assert response.status_code == 200


# --- watching -----------------------------------------------------------------------------


def live(client, run, **query):
    return client.get(url("run_detail", run.pk), query, headers={"HX-Request": "true"}).content.decode()


def test_progress_asks_again_until_the_run_has_ended(client, study):
    run = running(study)
    part = live(client, run)
    assert part.strip().startswith('<section id="live"')
    assert 'hx-trigger="every 3s"' in part
    assert "0 of 4 done" in part
    Run.objects.filter(pk=run.pk).update(state=RunState.FINISHED)
    assert 'hx-trigger="every 3s"' not in live(client, run)


def test_a_cancelled_run_is_asked_about_until_what_was_under_way_is_on_its_bill(client, study):
    run = make_llm_run(study, [make_video(study)], settings={"timeout": 60})
    for seconds, asks in ((5, True), (85, True), (95, False)):
        ended = timezone.now() - timedelta(seconds=seconds)
        Run.objects.filter(pk=run.pk).update(state=RunState.CANCELLED, ended_at=ended)
        assert ('hx-trigger="every 3s"' in live(client, run)) == asks


def test_what_else_has_changed_comes_with_the_progress_once(client, study):
    run = running(study)
    seen = client.get(url("run_detail", run.pk)).context["seen"]
    assert "hx-swap-oob" not in live(client, run, seen=seen)
    fail(run, study.videos.first(), error="It is no video.")
    part = live(client, run, seen=seen)
    assert part.count('hx-swap-oob="true"') == 3
    assert "It is no video." in part
    assert "hx-swap-oob" not in live(client, run, seen=f"{RunState.RUNNING}-1-0")


def test_a_run_without_a_worker_says_so(client, study):
    run = running(study)
    words = "No worker has been heard of"
    assert words in live(client, run)
    WorkerBeat.objects.create(name="elsewhere", queues=["gpu"], seen_at=timezone.now())
    assert words in live(client, run)  # it takes other runs
    WorkerBeat.objects.create(name="here", queues=["cpu"], seen_at=timezone.now())
    assert words not in live(client, run)


def test_failures_are_grouped_with_their_videos(client, study):
    run = running(study, n=5)
    videos = [study.videos.get(pk=item.key) for item in run.items.order_by("pk")]
    for video in videos[:3]:
        fail(run, video, code="media", error="It cannot be opened.", error_detail="ValueError: odd")
    fail(run, videos[3], code="disk", error="The disk is full.")
    RunVideo.objects.filter(run=run, video=videos[4]).update(problem="no-media")
    page = text_of(client.get(url("run_detail", run.pk)))
    assert page.index("It cannot be opened.") < page.index("The disk is full.")
    for words in ("Retry these", "Retry all", "ValueError: odd", "The study holds no copy of the video"):
        assert words in page
    for video in videos[:4]:
        assert reverse("models_app:video_models", args=["study", video.pk]) in page


def test_failures_of_one_code_for_different_reasons_say_so(client, study):
    run = running(study, n=3)
    videos = [study.videos.get(pk=item.key) for item in run.items.order_by("pk")]
    for video, why in zip(videos, ("No JSON.", "No value “face”.", "No JSON."), strict=True):
        fail(run, video, code="unreadable-answer", error=why)
    page = text_of(client.get(url("run_detail", run.pk)))
    assert "for different reasons, such as: No JSON." in page
    assert page.count("No value “face”.") == 1


def test_the_bar_of_a_run_that_ended_shows_what_is_done_not_what_failed(client, study):
    run = running(study, n=4)
    for item in run.items.all()[:3]:
        fail(run, study.videos.get(pk=item.key))
    assert 'value="0.7500"' in live(client, run)
    Run.objects.filter(pk=run.pk).update(state=RunState.FINISHED)
    assert 'value="0.0000"' in live(client, run)


def test_the_log_and_what_was_frozen_are_shown(client, study, researcher):
    run = running(study, settings={"threshold": 0.5}, scope={"scripts": "whisper"}, seed=77)
    RunEvent.objects.create(run=run, what="started", by=researcher, detail={"items": 4})
    detail = {"kind": "video", "key": study.videos.first().pk, "code": "media"}
    RunEvent.objects.create(run=run, what="item.failed", detail=detail)
    page = text_of(client.get(url("run_detail", run.pk)))
    for words in ("Started: 4 items", f"Failed: video {study.videos.first()}, media", "Threshold", "0.5"):
        assert words in page
    for words in ("whisper", "77", run.codebook_hash[:12], "version 1"):
        assert words in page


def test_the_study_s_page_has_a_line_for_a_run_at_work(client, study):
    assert "section" not in client.get(url("run_summary")).content.decode()
    run = running(study)
    part = text_of(client.get(url("run_summary")))
    assert "0 of 4 done" in part
    assert url("run_detail", run.pk) in part
    page = client.get(reverse("annotator:study_detail", args=["study"])).content.decode()
    assert url("run_summary") in page


# --- watching a run that asks a provider --------------------------------------------------


def asking(study, n=4, **fields):
    """A run at work on n videos that asks a provider."""
    videos = [make_video(study) for _n in range(n)]
    fields = {"state": RunState.RUNNING, "item_state": ItemState.WAITING, **fields}
    return make_llm_run(study, videos, **fields), videos


def test_the_bill_so_far_is_shown_with_the_budget(client, study):
    run, (first, second, third, fourth) = asking(study, budget=Decimal("0.5"))
    make_exchange(run, first, cost=Decimal("0.2"), n_input=45_678)
    make_exchange(run, second, cost=Decimal("0.05"))
    make_exchange(run, third, source=make_exchange(make_llm_run(study, [third]), third))
    make_exchange(run, fourth, state="pending", cost=None, seconds=None, n_input=None, n_output=None)
    part = " ".join(live(client, run).split())
    for words in ("0.2500 of 0.5000 USD spent", "46.7 k"):
        assert words in part, words
    for words in ("and 1 from an earlier run, free", "1 with the provider", "Requests answered"):
        assert words in part, words
    assert 'value="0.250000" max="0.500000"' in part


def test_a_cost_that_is_not_known_says_so(client, study):
    run, (first, second, *_rest) = asking(study)
    make_exchange(run, first, cost=None)
    assert "price unknown for 1 request" in live(client, run)
    assert "≥" not in live(client, run)
    make_exchange(run, second, cost=Decimal(3))
    part = live(client, run)
    assert "≥ 3.00" in part
    assert "no budget" not in part


def test_a_run_that_asks_nobody_shows_no_bill(client, study):
    part = live(client, running(study))
    for words in ("Cost so far", "Blocked", "Set a budget"):
        assert words not in part
    assert "Set a budget" not in text_of(client.get(url("run_detail", Run.objects.get().pk)))


def test_a_provider_that_asked_to_wait_is_named_until_then(client, study):
    run, _videos = asking(study, settings={"script_client": "gemini"})
    for name in ("openai", "gemini", "transformers"):
        ProviderGate.objects.create(client=name, closed_until=timezone.now() + timedelta(minutes=5))
    part = live(client, run)
    assert part.count("The provider asked us to wait until") == 2
    for words in ("Waiting for openai", "Waiting for gemini"):
        assert words in part
    ProviderGate.objects.update(closed_until=timezone.now() - timedelta(seconds=1))
    assert "asked us to wait" not in live(client, run)


def test_a_run_that_paused_itself_says_when_it_goes_on(client, study):
    at = timezone.now() + timedelta(minutes=3)
    why = "openai does not answer <b>."
    run, _videos = asking(study, state=RunState.PAUSED, resume_at=at, paused_because=why)
    page = text_of(client.get(url("run_detail", run.pk)))
    for words in (
        "goes on by itself at",
        timezone.localtime(at).strftime("%H:%M:%S"),
        "does not answer &lt;b&gt;",
    ):
        assert words in page, words
    assert "until" in text_of(client.get(url("run_list")))


def test_blocked_items_are_counted_and_grouped_by_the_provider_s_reason(client, study):
    run, videos = asking(study, n=4)
    block(run, videos[0], reason="SAFETY")
    block(run, videos[1], reason="SAFETY")
    block(run, videos[2], reason="OTHER")
    fail(run, videos[3], error="It cannot be read.")
    page = text_of(client.get(url("run_detail", run.pk)))
    for words in (
        'blocked · <span class="ltr">SAFETY',
        "The provider blocked this (OTHER).",
        "It cannot be read.",
    ):
        assert words in page, words
    assert reverse("models_app:run_item", args=["study", run.pk, videos[0].pk]) in page
    assert "1 failed · 3 blocked" in text_of(client.get(url("run_list")))
    videos_page = client.get(url("run_videos", run.pk), {"only": "missing"})
    assert [line.is_blocked for line in videos_page.context["page"].object_list].count(True) == 3
    assert press(client, "run_retry", run, code="SAFETY")[1] == ["2 items are tried again."]
    assert run.items.filter(state=ItemState.BLOCKED).count() == 1


def test_what_is_with_the_provider_in_a_batch_is_counted(client, study):
    run, _videos = asking(study, item_state=ItemState.SENT)
    part = live(client, run)
    assert "in a batch: answered within a day" in part
    assert "No worker has been heard of" not in part  # nobody has to work meanwhile


def test_a_news_of_blocked_items_comes_without_taking_the_budget_out_of_hand(client, study):
    run, videos = asking(study)
    seen = client.get(url("run_detail", run.pk)).context["seen"]
    block(run, videos[0])
    part = live(client, run, seen=seen)
    assert "SAFETY" in part
    assert 'id="run-budget"' not in part  # somebody may be writing in it
    Run.objects.filter(pk=run.pk).update(state=RunState.PAUSED)
    assert 'id="run-budget"' in live(client, run, seen=seen)


def test_a_raised_budget_lets_the_run_go_on(client, study):
    run, videos = asking(
        study, state=RunState.PAUSED, budget=Decimal(1), paused_because="The budget is spent."
    )
    make_exchange(run, videos[0], cost=Decimal("0.99"))
    page = text_of(client.get(url("run_detail", run.pk)))
    assert "Change the budget and go on" in page
    assert 'value="1"' in page
    state, said = press(client, "run_budget", run, budget="2.50")
    assert (state, run.budget) == (RunState.RUNNING, Decimal("2.5"))
    assert said == ["The budget is changed, and the run goes on."]
    assert press(client, "run_budget", run, budget="3")[1] == ["The budget is changed."]


@pytest.mark.parametrize("given", ["0.99", "0", "-1", "", "much", "nan", "1e99"])
def test_a_budget_that_is_none_or_already_spent_changes_nothing(client, study, given):
    run, videos = asking(study, state=RunState.PAUSED, budget=Decimal(1))
    make_exchange(run, videos[0], cost=Decimal("0.99"))
    state, said = press(client, "run_budget", run, budget=given)
    assert (state, run.budget) == (RunState.PAUSED, 1)
    assert len(said) == 1


def test_a_budget_for_a_model_without_a_price_is_refused_by_name(client, study):
    run, _videos = asking(study, state=RunState.PAUSED, model="nobody-s-model")
    state, said = press(client, "run_budget", run, budget="5")
    assert state == RunState.PAUSED
    assert "nobody-s-model" in said[0]


def test_a_trial_says_that_it_is_one_and_leads_to_the_run_before(client, study):
    before, videos = asking(study, is_trial=True, state=RunState.FINISHED)
    run = make_llm_run(study, videos, is_trial=True, cloned_from=before)
    page = text_of(client.get(url("run_detail", run.pk)))
    assert "trial: never scored" in page
    assert reverse("models_app:run_compare", args=["study"]) + f"?a={before.pk}&amp;b={run.pk}" in page
    assert reverse("evaluation:leaderboard_labels", args=["study", run.pk]) not in page


# --- stopping and mending -----------------------------------------------------------------


def press(client, name, run, **data):
    response = client.post(url(name, run.pk), data, follow=True)
    run.refresh_from_db()
    return run.state, [str(message) for message in response.context["messages"]]


def test_a_run_is_paused_resumed_cancelled_and_resumed(client, study):
    run = running(study)
    for name, state in (
        ("run_pause", RunState.PAUSED),
        ("run_resume", RunState.RUNNING),
        ("run_cancel", RunState.CANCELLED),
        ("run_resume", RunState.RUNNING),
    ):
        assert press(client, name, run)[0] == state
        assert press(client, name, run) == (state, [])  # pressed twice: nothing more happens
    assert RunEvent.objects.filter(run=run).count() == 4


def test_a_run_that_predicts_leads_to_its_scores_and_a_paused_one_tells_no_rate(client, study):
    run = running(study)
    page = client.get(url("run_detail", run.pk)).content.decode()
    assert reverse("evaluation:leaderboard_labels", args=["study", run.pk]) in page
    assert "<dt>Rate</dt>" in page
    press(client, "run_pause", run)
    assert "<dt>Rate</dt>" not in client.get(url("run_detail", run.pk)).content.decode()
    Run.objects.filter(pk=run.pk).update(gives=Gives.SCRIPTS)
    page = client.get(url("run_detail", run.pk)).content.decode()
    assert reverse("evaluation:leaderboard_labels", args=["study", run.pk]) not in page


def test_a_finished_run_cannot_be_paused_and_says_so(client, study):
    run = running(study, state=RunState.FINISHED, item_state=ItemState.DONE)
    for name in ("run_pause", "run_cancel", "run_resume"):
        state, said = press(client, name, run)
        assert state == RunState.FINISHED
        assert len(said) == 1
    page = client.get(url("run_detail", run.pk)).content.decode()
    for name in ("run_pause", "run_cancel", "run_resume"):
        assert url(name, run.pk) not in page


def test_failed_items_of_one_cause_are_tried_again(client, study):
    run = running(study, state=RunState.FINISHED, item_state=ItemState.DONE)
    first, second, *_rest = study.videos.order_by("pk")
    fail(run, first, code="media")
    fail(run, second, code="disk")
    state, said = press(client, "run_retry", run, code="media")
    assert (state, said) == (RunState.RUNNING, ["1 item is tried again."])
    assert run.items.get(key=first.pk).state == ItemState.WAITING
    assert run.items.get(key=second.pk).state == ItemState.FAILED
    assert press(client, "run_retry", run, code="media")[1] == ["Nothing is left to try again."]
    assert press(client, "run_retry", run, code="no such \x00 code" * 50)[0] == RunState.RUNNING


# --- how much each page asks of the database ----------------------------------------------

MOST = {"run_list": 12, "run_choose": 12, "run_detail": 18, "run_videos": 20, "video_models": 34}


def n_queries(client, address, headers=None):
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address, headers=headers or {}).status_code == 200
    return len(captured)


def test_pages_ask_as_often_for_many_videos_and_runs_as_for_few(client, study):
    def counts(n):
        videos = [gold_video(study) for _n in range(n)]
        for _n in range(n):
            run = make_run(study, videos)
            for video in videos[1:]:
                predict(run, video)
            fail(run, videos[0])
        make_script(videos[1])
        addresses = {name: url(name) for name in ("run_list", "run_choose")}
        addresses |= {name: url(name, run.pk) for name in ("run_detail", "run_videos")}
        addresses["video_models"] = url("video_models", videos[1].pk)
        client.get(addresses["video_models"])
        return {name: n_queries(client, address) for name, address in addresses.items()}

    few, many = counts(3), counts(8)
    assert few == many
    assert {name: n for name, n in many.items() if n > MOST[name]} == {}


def test_a_poll_of_a_run_that_asks_a_provider_asks_the_database_little(client, study):
    run, videos = asking(study, n=20, budget=Decimal(5))
    for video in videos:
        make_exchange(run, video)
    ProviderGate.objects.create(client="openai", closed_until=timezone.now() + timedelta(minutes=5))
    seen = client.get(url("run_detail", run.pk)).context["seen"]
    address = f"{url('run_detail', run.pk)}?seen={seen}"
    assert n_queries(client, address, {"HX-Request": "true"}) <= 11


def test_a_poll_asks_the_database_little(client, study):
    run = running(study, n=30)
    seen = client.get(url("run_detail", run.pk)).context["seen"]
    address = f"{url('run_detail', run.pk)}?seen={seen}"
    assert n_queries(client, address, {"HX-Request": "true"}) <= 9
