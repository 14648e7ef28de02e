"""Two runs beside each other: where they differ, why, in what they were told, and what is kept from whom."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotator.actions.claims import claim
from annotator.models import Exposure, Role, Seen, Value, Video
from models_app.queries.run_changes import changes_of, diff_lines, prompt_changes
from models_app.queries.run_compare import compare_runs
from tests.access.world import both_coded, settle
from tests.factories import make_codebook, make_coding, make_member, make_study, make_user, make_video
from tests.llm_factories import make_exchange, make_llm_run, make_prompt, say
from tests.models_app.test_beside_pages import gold_video
from tests.run_factories import make_run, predict

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    return make_study("study", slugs=["face", "humility", "tradition"])


@pytest.fixture
def researcher(study):
    return make_member(study, Role.RESEARCHER)


def compared(a, b):
    everything = Video.objects.filter(study=a.study)
    return compare_runs(a, b, videos=everything, unblinded=everything)


def page_of(user, a=None, b=None, *, first="", **query):
    client = Client()
    client.force_login(user)
    given = {"a": first} | {name: run.pk for name, run in (("a", a), ("b", b)) if run} | query
    response = client.get(reverse("models_app:run_compare", args=["study"]), given)
    assert response.status_code == 200
    return response


def text_of(response):
    return " ".join(response.content.decode().split())


def test_stances_are_counted_by_value(study):
    first, second, third = (make_video(study) for _n in range(3))
    a, b = (make_run(study, [first, second, third]) for _n in range(2))
    predict(a, first, {"face": (True, False), "humility": (False, True)})
    predict(b, first, {"face": (True, False), "humility": (True, True)})
    predict(a, second, {"face": (True, False)})
    predict(b, second, {"face": (False, True), "tradition": None})
    predict(a, third)  # of which the other says nothing
    found = compared(a, b)
    face, humility, tradition = found.values
    assert (found.n_common, found.n_both, found.n_only_a, found.n_only_b) == (3, 2, 1, 0)
    assert (face.n, face.n_same, face.share) == (2, 1, 0.5)
    assert (face.endorsed.both, face.endorsed.only_a, face.endorsed.only_b) == (1, 1, 0)
    assert (face.confronted.both, face.confronted.only_a, face.confronted.only_b) == (0, 0, 1)
    assert (humility.endorsed.only_b, humility.confronted.both) == (1, 1)
    assert tradition.n_differs == 1  # absent on one side, missing on the other
    assert found.differing == [(first.pk, "humility"), (second.pk, "face"), (second.pk, "tradition")]
    assert (found.n_answers, found.n_same) == (6, 3)


def test_only_videos_of_both_scopes_count_and_no_withdrawn_one(study):
    shared, of_a, of_b, gone = (make_video(study) for _n in range(4))
    a, b = make_run(study, [shared, of_a, gone]), make_run(study, [shared, of_b, gone])
    for run, videos in ((a, [shared, of_a, gone]), (b, [shared, of_b, gone])):
        for video in videos:
            predict(run, video, {"face": (run is a, False)})
    Video.objects.filter(pk=gone.pk).update(withdrawn_at=gone.created_at)
    assert compared(a, b).differing == [(shared.pk, "face")]


def test_a_value_with_another_meaning_is_left_out(study):
    video = make_video(study)
    a = make_run(study, [video])
    codebook = make_codebook(study, slugs=["face", "humility", "tradition"], number=2)
    Value.objects.filter(codebook=codebook, slug="face").update(identity="another")
    b = make_run(study, [video], codebook=codebook)
    for run in (a, b):
        predict(run, video, {"face": (run is a, False)})
    found = compared(a, b)
    assert [row.value.slug for row in found.values] == ["humility", "tradition"]
    assert found.n_other_meaning == 1
    assert found.differing == []


def test_where_they_differ_it_says_which_is_nearer_to_gold(study, researcher):
    video = gold_video(study)  # face endorsed, all else absent
    a, b = (make_run(study, [video]) for _n in range(2))
    predict(a, video, {"face": (True, False), "humility": (True, False)})
    predict(b, video, {"tradition": (True, True)})
    gold = compared(a, b).gold
    assert (gold.n, gold.a_nearer, gold.b_nearer) == (3, 2, 1)
    page = page_of(researcher, a, b)
    assert [line.gold for line in page.context["lines"]] == [1, 0, 0]
    assert "nearer to gold" in text_of(page)


def test_the_page_lists_differences_with_reasons_and_narrows_to_a_value(study, researcher):
    videos = [make_video(study) for _n in range(60)]
    a, b = (make_llm_run(study, videos) for _n in range(2))
    for video in videos:
        say(a, video, {"face": (True, False)}, why="</td><script>she laughs", evidence_ms=2_500)
        say(b, video, {"humility": (False, True)}, why="he bows")
    page = page_of(researcher, a, b)
    text = text_of(page)
    assert len(page.context["lines"]) == 50
    for words in ("&lt;/td&gt;&lt;script&gt;she laughs", "he bows", "0:02.5", "1–50 of 120"):
        assert words in text, words
    narrowed = page_of(researcher, a, b, value="face", page=2)
    assert {line.value.slug for line in narrowed.context["lines"]} == {"face"}
    assert len(narrowed.context["lines"]) == 10
    assert len(page_of(researcher, a, b, value="nothing", page="x").context["lines"]) == 50


def test_settings_costs_and_prompts_that_differ_stand_beside_each_other(study, researcher):
    video = make_video(study)
    a = make_llm_run(study, [video], settings={"temperature": 0.0, "shots": 4}, is_trial=True)
    b = make_llm_run(study, [video], settings={"temperature": 0.7, "shots": 4}, scope={"videos": "Week 1"})
    make_prompt("One.\nTwo <b>.\nThree.", run=a)
    make_prompt("One.\n2.\nThree.", run=b)
    make_exchange(a, video)
    make_exchange(b, video, cost=None)
    assert [(c.name, c.a, c.b) for c in changes_of(a, b)] == [
        ("Videos", "the whole study", "Week 1"),
        ("Temperature", 0.0, 0.7),
    ]
    (change,) = prompt_changes(a, b)
    assert [(line.kind, line.text) for line in change.lines] == [
        ("same", "One."),
        ("removed", "Two <b>."),
        ("added", "2."),
        ("same", "Three."),
    ]
    text = text_of(page_of(researcher, a, b))
    for words in ("Two &lt;b&gt;.", "0.0002 USD", "price unknown for 1 request", "Week 1", "trial"):
        assert words in text, words
    assert reverse("evaluation:leaderboard_compare", args=["study"]) not in text  # trials are never scored


def test_equal_prompts_and_steps_of_one_run_alone_say_so(study, researcher):
    video = make_video(study)
    a, b = (make_llm_run(study, [video]) for _n in range(2))
    for run in (a, b):
        make_prompt("The same.", run=run)
    make_prompt("Write it down.", run=b, step="script")
    text = text_of(page_of(researcher, a, b))
    assert "word for word" in text
    assert "Only B has this step." in text
    assert "Nothing: the same settings" in text


def test_lines_far_from_a_change_are_left_out():
    before = [f"line {n}" for n in range(40)]
    after = ["first", *before[1:], "last"]
    lines = diff_lines("\n".join(before), "\n".join(after))
    assert [line.kind for line in lines] == [
        "removed", "added", "same", "same", "gap", "same", "same", "added",
    ]  # fmt: skip


def test_the_page_without_two_runs_says_what_to_do(study, researcher):
    assert "It takes two runs" in text_of(page_of(researcher))
    runs = [make_run(study, [make_video(study)]) for _n in range(2)]
    page = text_of(page_of(researcher))
    assert page.count("<select") == 2
    assert page.count("is-primary") == 1
    assert "Choose two different runs" in text_of(page_of(researcher, runs[0], runs[0]))
    assert "no video in common" in text_of(page_of(researcher, *runs))
    for strange in ("x", "²", "-1", str(10**30), "\x00"):
        assert page_of(researcher, b=runs[0], first=strange).context["a"] is None


def test_a_run_that_cannot_be_compared_is_named(study, researcher):
    runs = [make_run(study, [make_video(study)]) for _n in range(2)]
    page = text_of(page_of(researcher, b=runs[0], first="99999"))
    assert "Run 99999 cannot be compared" in page
    assert "cannot be compared" not in text_of(page_of(researcher, *runs))


def test_runs_of_another_study_are_not_compared(study, researcher):
    other = make_study("other")
    theirs = make_run(other, [make_video(other)], model="somebody-elses")
    ours = make_run(study, [make_video(study)])
    page = page_of(researcher, ours, theirs)
    assert page.context["b"] is None
    assert "somebody-elses" not in text_of(page)


def test_what_is_kept_from_a_consolidator_counts_nowhere(study):
    con = make_member(study, Role.CONSOLIDATOR, Role.RESEARCHER)
    decided, open_one = (both_coded(study, make_user(), make_user()) for _n in range(2))
    settle(claim(video=decided, by=con), by=con)
    a, b = (make_run(study, [decided, open_one]) for _n in range(2))
    for video in (decided, open_one):
        predict(a, video, {"face": (True, False)})
        predict(b, video)
    page = page_of(con, a, b)
    assert page.context["comparison"].n_common == 1
    assert [line.video for line in page.context["lines"]] == [decided]
    assert "1 more video is kept from you" in text_of(page)
    assert not Exposure.objects.filter(user=con, video=open_one, kind=Seen.PREDICTIONS).exists()


def test_gold_is_kept_from_a_coder_until_it_is_theirs_to_see(study):
    both = make_member(study, Role.RESEARCHER, Role.ANNOTATOR)
    video = make_video(study)
    make_coding(video, both)
    a, b = (make_run(study, [video]) for _n in range(2))
    predict(a, video, {"face": (True, False)})
    predict(b, video)
    page = page_of(both, a, b)
    assert page.context["comparison"].n_common == 0
    assert page.context["lines"] == []


def test_what_the_list_shows_leaves_a_trace(study, researcher):
    video = gold_video(study)
    a, b = (make_run(study, [video]) for _n in range(2))
    predict(a, video)
    predict(b, video)
    page_of(researcher, a, b)
    assert not Exposure.objects.filter(user=researcher).exists()  # no difference, nothing of one video
    b.predictions.filter(value__slug="face").update(endorsed=True)
    page_of(researcher, a, b)
    assert set(Exposure.objects.filter(user=researcher).values_list("kind", flat=True)) == {
        Seen.PREDICTIONS,
        Seen.GOLD,
    }


def test_the_page_asks_as_often_for_many_videos_as_for_few(study, researcher):
    client = Client()
    client.force_login(researcher)

    def n_queries(n):
        videos = [gold_video(study) for _n in range(n)]
        a, b = (make_llm_run(study, videos) for _n in range(2))
        for video in videos:
            predict(a, video, {"face": (True, False)})
            predict(b, video)
        address = reverse("models_app:run_compare", args=["study"]) + f"?a={a.pk}&b={b.pk}"
        client.get(address)
        with CaptureQueriesContext(connection) as captured:
            client.get(address)
        return len(captured)

    few, many = n_queries(2), n_queries(6)
    assert few == many
    assert many <= 26
