"""One video of a run, word for word: what was asked and answered, for whom, and asking again."""

import json

import pytest
from django.test import Client
from django.urls import reverse

from annotator.actions.claims import claim
from annotator.actions.videos import withdraw_video
from annotator.models import Exposure, Role, Seen
from models_app.models import Exchange, ItemState, RunShot, RunState
from models_app.queries.exchanges import as_read_json
from tests.access.world import both_coded, settle
from tests.factories import make_member, make_study, make_user, make_video
from tests.llm_factories import block, make_exchange, make_llm_run, make_prompt, say
from tests.run_factories import fail, make_run, make_script

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    return make_study("study", slugs=["face", "humility"])


@pytest.fixture
def video(study):
    return make_video(study)


@pytest.fixture
def run(study, video):
    return make_llm_run(study, [video])


@pytest.fixture
def researcher(study):
    return make_member(study, Role.RESEARCHER)


def client_of(user):
    client = Client()
    client.force_login(user)
    return client


def address(run, video, name="run_item"):
    return reverse(f"models_app:{name}", args=["study", run.pk, video.pk])


def page_of(user, run, video):
    response = client_of(user).get(address(run, video))
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_every_exchange_is_shown_in_order_with_what_was_read_of_it(researcher, run, video):
    prompt = make_prompt("Judge.", run=run)
    make_exchange(
        run, video, "INT. KITCHEN", step="script", message="[video 0a1b]", answered_by="gpt-4o-mini-0718"
    )
    make_exchange(run, video, "no JSON at all", prompt=prompt)
    answer = say(run, video, {"face": (True, False)}, why="The mirror", evidence_ms=61_500)
    make_exchange(run, video, answer, prompt=prompt, turn=1, message="Answer in JSON only.", finish="cut")
    make_script(video, "INT. KITCHEN, MORNING", run=run)
    page = page_of(researcher, run, video)
    places = [page.index(text) for text in ("[video 0a1b]", "no JSON at all", "Answer in JSON only.")]
    assert places == sorted(places)
    for text in (
        "gpt-4o-mini-0718", prompt.hash[:12], "1,000 sent", "100 received", "0.0002 USD", "asked again",
        "cut off at the longest answer allowed", "The mirror", "1:01.5", "INT. KITCHEN, MORNING",
        "1 of 2 values are in the video",
    ):  # fmt: skip
        assert text in page, text


def test_an_answer_from_an_earlier_run_names_it(researcher, study, run, video):
    earlier = make_llm_run(study, [video])
    make_exchange(run, video, source=make_exchange(earlier, video))
    page = page_of(researcher, run, video)
    assert f"paid by run {earlier.pk}" in page
    assert "none: taken from an earlier run" in page


def test_what_the_provider_blocked_and_what_has_no_price_say_so(researcher, run, video):
    make_exchange(
        run, video, "Held back.", state="blocked", reason="PROHIBITED_CONTENT", cost=None, n_input=None
    )
    block(run, video, reason="PROHIBITED_CONTENT")
    page = page_of(researcher, run, video)
    for text in (
        "PROHIBITED_CONTENT",
        "Held back.",
        "price unknown",
        "not said",
        "counts as nothing predicted",
    ):
        assert text in page, text


HOSTILE = '</pre><script>alert("x")</script> \u202eobey\u202c שלום 🏃 {{ 1 }} <bdi>'


def test_hostile_text_is_shown_as_text(researcher, run, video):
    answer = json.dumps({"reason": HOSTILE}, ensure_ascii=False)
    make_exchange(
        run, video, answer, message=HOSTILE, answered_by=HOSTILE[:100], reason=HOSTILE[:100], state="blocked"
    )
    say(run, video, {"face": (True, False)}, why=HOSTILE)
    fail(run, video, error=HOSTILE, error_detail=HOSTILE)
    page = page_of(researcher, run, video)
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(" in page
    assert "\u202eobey" in page
    assert page.count('dir="auto"') >= 5


def test_json_is_set_out_also_out_of_a_fence_and_never_breaks_the_page(researcher, run, video):
    assert as_read_json('{"a":[1,"ש"]}') == '{\n  "a": [\n    1,\n    "ש"\n  ]\n}'
    assert as_read_json('```json\n{"a": 1}\n```') == '{\n  "a": 1\n}'
    for other in ("", "yes", "3", '"text"', "{broken", "[" * 100_000, '{"n": ' + "9" * 5000 + "}"):
        assert as_read_json(other) == ""
    assert as_read_json('{\n  "a": 1\n}') == ""  # it looks like that already
    make_exchange(run, video, '{"half": "\\ud800"}')
    assert "The same, set out" in page_of(researcher, run, video)


def test_a_withdrawn_video_is_emptied_and_says_so(researcher, run, video):
    make_exchange(run, video, "a secret answer", message="a secret message")
    say(run, video, {"face": (True, False)}, why="a secret reason")
    withdraw_video(video=video, because="asked to", by=researcher)
    page = page_of(researcher, run, video)
    assert "This video was withdrawn" in page
    assert "0.0002 USD" in page  # what it cost stays
    assert "secret" not in page
    assert "Ask this one again" not in page


def test_a_video_outside_the_scope_is_not_found(researcher, study, run):
    other = make_video(study)
    assert client_of(researcher).get(address(run, other)).status_code == 404


def test_a_run_that_asks_nobody_says_so(researcher, study, video):
    assert "This run asks no provider." in page_of(researcher, make_run(study, [video]), video)


def test_one_item_is_asked_again_and_no_other(researcher, study, video):
    other = make_video(study)
    run = make_llm_run(study, [video, other])
    make_exchange(run, video, key="k1")
    make_exchange(run, other, key="k2")
    fail(run, video, code="unreadable")
    fail(run, other, code="unreadable")
    assert "Ask this one again" in page_of(researcher, run, video)
    response = client_of(researcher).post(address(run, video, "run_item_retry"), follow=True)
    assert [str(message) for message in response.context["messages"]] == ["It is asked again."]
    run.refresh_from_db()
    assert run.state == RunState.RUNNING
    assert dict(run.items.values_list("key", "state")) == {
        video.pk: ItemState.WAITING,
        other.pk: ItemState.FAILED,
    }
    assert list(Exchange.objects.order_by("pk").values_list("key", flat=True)) == [None, "k2"]
    assert "Ask this one again" not in page_of(researcher, run, video)


def test_an_item_of_a_cancelled_run_cannot_be_asked_again(researcher, run, video):
    fail(run, video)
    run.state = RunState.CANCELLED
    run.save()
    assert "Ask this one again" not in page_of(researcher, run, video)
    response = client_of(researcher).post(address(run, video, "run_item_retry"), follow=True)
    assert "cancelled" in str(*response.context["messages"])
    assert run.items.get().state == ItemState.FAILED


def test_what_is_shown_leaves_a_trace(researcher, run, video):
    page_of(researcher, run, video)
    assert not Exposure.objects.exists()  # nothing was there to be seen
    make_exchange(run, video)
    page_of(researcher, run, video)
    assert [seen.kind for seen in Exposure.objects.all()] == [Seen.PREDICTIONS]
    make_exchange(run, video, step="script")
    page_of(researcher, run, video)
    assert {seen.kind for seen in Exposure.objects.all()} == {Seen.PREDICTIONS, Seen.SCRIPT}


@pytest.fixture
def with_example(study):
    """A run over a settled video, shown another with its gold that is not decided by the consolidator yet."""
    con = make_member(study, Role.CONSOLIDATOR, Role.RESEARCHER)
    settled = both_coded(study, make_user(), make_user())
    settle(claim(video=settled, by=con), by=con)
    example = make_video(study)
    run = make_llm_run(study, [settled])
    RunShot.objects.create(run=run, number=1, video=example, gold={"face": 1})
    make_exchange(run, settled, "fine", message="Example: a script, endorsed: face. Now judge.")
    return con, run, settled, example


def test_examples_with_their_gold_are_kept_from_who_may_not_see_them(with_example):
    con, run, settled, example = with_example
    page = page_of(con, run, settled)
    assert "Kept from you" in page
    assert "endorsed: face" not in page
    assert "fine" in page
    assert not Exposure.objects.filter(video=example).exists()


def test_examples_shown_leave_a_trace_on_their_videos(researcher, with_example):
    _con, run, settled, example = with_example
    assert "endorsed: face" in page_of(researcher, run, settled)
    assert set(Exposure.objects.filter(video=example).values_list("kind", flat=True)) == {
        Seen.SCRIPT,
        Seen.GOLD,
    }


def test_the_page_asks_as_often_for_many_exchanges_as_for_few(
    researcher, run, video, django_assert_max_num_queries
):
    for turn in range(12):
        make_exchange(run, video, turn=turn)
    client = client_of(researcher)
    client.get(address(run, video))
    with django_assert_max_num_queries(20):
        client.get(address(run, video))
