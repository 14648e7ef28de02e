"""The pages of models against gold: what they show, in which order, to whom, and that they keep blindness."""

import csv
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotator.models import Consolidation, ConsolidationState, GoldLabel, Role, Study
from models_app.models import Gives, RunState
from tests.evaluation.rows import give_gold
from tests.factories import make_coding, make_member, make_study, make_video
from tests.llm_factories import make_exchange
from tests.run_factories import make_run

pytestmark = pytest.mark.django_db
SLUGS = ("face", "tradition", "hedonism")


def address(name, *args):
    return reverse(f"evaluation:{name}", args=args)


@pytest.fixture
def study():
    """Forty gold videos of ten creators."""
    study = make_study("s", slugs=SLUGS)
    for n in range(40):
        video = make_video(study, creator=f"c{n % 10}")
        give_gold(video, {"face": n % 2, "tradition": -1 if n % 4 == 0 else 0, "hedonism": int(n == 3)})
    return study


def answers_of(study, videos, *, wrong_every=0):
    """Gold itself, turned round on every so manieth video."""
    turned = {video.pk for n, video in enumerate(videos) if wrong_every and n % wrong_every == 0}
    labels = GoldLabel.objects.filter(video__in=videos).select_related("value")
    return {
        (label.video_id, label.value.slug): (
            (label.stance >= 1) != (label.video_id in turned),
            label.stance == -1,
        )
        for label in labels
    }


def run_of(study, *, wrong_every=0, videos=None, **fields):
    videos = list(study.videos.order_by("pk")) if videos is None else videos
    return make_run(study, videos, answers_of(study, videos, wrong_every=wrong_every), **fields)


def open_page(client, url, query=None, *, roles=(Role.RESEARCHER,)):
    client.force_login(make_member(Study.objects.get(slug="s"), *roles))
    return client.get(url, query or {})


def test_runs_and_baselines_stand_in_one_order_and_baselines_look_different(study, client):
    run_of(study, model="good", wrong_every=10)
    run_of(study, model="perfect")
    make_run(study, list(study.videos.all()), model="silent")
    page = open_page(client, address("leaderboard", "s"))
    rows = page.context["rows"]
    assert [row.name for row in rows] == ["perfect", "good", "all-positive", "at-prevalence", "silent"]
    assert [row.is_baseline for row in rows] == [False, False, True, True, False]
    text = page.content.decode()
    assert text.count('<tr class="is-baseline">') == 2
    assert "Against 40 gold videos" in text
    assert "2 reported labels: 1 endorsed, 1 confronted" in text
    assert "undefined, because nothing of the kind was predicted" in text


@pytest.mark.parametrize("sort", ["macro_all", "-weighted_confronted", "precision_endorsed", "nonsense"])
def test_table_sorts_with_undefined_figures_last(study, client, sort):
    run_of(study, model="perfect")
    make_run(study, list(study.videos.all()), model="silent")
    page = open_page(client, address("leaderboard", "s"), {"sort": sort})
    cells = [{cell.name: cell for cell in row.cells} for row in page.context["rows"]]
    key = page.context["sort"]
    figures = [row[key.removeprefix("-")] for row in cells]
    numbers = [float(cell.text) for cell in figures if not cell.is_undefined]
    assert numbers == sorted(numbers, reverse=not key.startswith("-"))
    assert all(cell.is_undefined for cell in figures[len(numbers) :])
    assert key == ("weighted_all" if sort == "nonsense" else sort)


def test_what_to_know_of_a_run_stands_beside_its_name(study, client):
    videos = list(study.videos.order_by("pk"))
    run_of(study, videos=videos[:31], state=RunState.PAUSED, model="paused one")
    run_of(study, settings={"grouping": "none", "protocol": "paper"}, model="leaky one")
    run_of(study, origin="import", pipeline="import", model="imported one")
    run_of(study, pipeline="creator-prior", settings={"grouping": "none"}, model="creator-prior")
    make_run(study, videos, gives=Gives.SCRIPTS, model="a run of scripts")
    page = open_page(client, address("leaderboard", "s"))
    rows = {row.name: row for row in page.context["rows"]}
    assert {name: [mark.text for mark in row.marks] for name, row in rows.items()} == {
        "paused one": ["paused: partial"],
        "leaky one": ["ungrouped folds", "epoch from the test fold"],
        "imported one": ["imported"],
        "creator-prior": ["leak probe"],
        "all-positive": [],
        "at-prevalence": [],
    }
    assert rows["paused one"].is_narrow
    assert "/ 40" in page.content.decode()


def test_page_without_gold_and_page_without_runs_say_what_to_do(study, client):
    text = open_page(client, address("leaderboard", "s")).content.decode()
    assert "No run predicts anything yet" in text
    assert "all-positive" in text
    GoldLabel.objects.all().delete()
    page = client.get(address("leaderboard", "s"))
    assert "Nothing to score against yet" in page.content.decode()
    assert reverse("annotator:label_import", args=["s"]) in page.content.decode()
    assert client.get(address("leaderboard_table", "s")).status_code == 404


def test_figures_move_when_gold_or_answers_do(study, client):
    run = run_of(study, model="m")
    url = address("leaderboard_labels", "s", run.pk)

    def weighted():
        return client.get(url).context["summary"][0][0].text

    assert open_page(client, url).context["summary"][0][0].text == "1.00"
    GoldLabel.objects.filter(value__slug="face").update(stance=1)
    assert (moved := weighted()) != "1.00"
    run.predictions.filter(value__slug="face").delete()
    run.state = RunState.CANCELLED
    run.save()
    assert weighted() not in ("1.00", moved)


def test_labels_of_a_run_stand_value_by_value_with_stars_where_not_reported(study, client):
    run = run_of(study, wrong_every=8)
    page = open_page(client, address("leaderboard_labels", "s", run.pk))
    rows = page.context["rows"]
    assert [row.value.slug for row in rows] == list(SLUGS)
    reported = {(row.value.slug, half.stance) for row in rows for half in row.halves if half.is_reported}
    assert reported == {("face", 1), ("tradition", -1)}
    text = page.content.decode()
    assert text.count('class="star" title=') == 4
    assert "undefined, because the label is neither in gold nor predicted" in text
    assert rows[0].halves[0].floor == ".67"


def test_labels_page_of_a_run_beside_gold_says_what_to_do(study, client):
    other = make_video(study)
    run = make_run(study, [other])
    page = open_page(client, address("leaderboard_labels", "s", run.pk))
    assert "Nothing to score this run on" in page.content.decode()
    assert client.get(address("leaderboard_labels_table", "s", run.pk)).status_code == 404
    scripts = make_run(study, gives=Gives.SCRIPTS)
    assert client.get(address("leaderboard_labels", "s", scripts.pk)).status_code == 404


def test_two_runs_are_compared_on_their_common_videos_and_the_page_says_so(study, client):
    videos = list(study.videos.order_by("pk"))
    first = run_of(study, videos=videos[:30], model="first one")
    second = run_of(study, videos=videos[10:], wrong_every=3, model="second one")
    query = {"a": first.pk, "b": second.pk}
    page = open_page(client, address("leaderboard_compare", "s"), query)
    text = page.content.decode()
    assert "On 20 common videos" in text
    assert text.count("scope of 30 videos") == 2
    contrast = page.context["contrasts"][0]
    # Face: 7 found, 4 too many, 3 missed, F1 14/21 on 10 videos; tradition 1 on 5.
    assert (contrast.first.text, contrast.second.text) == ("1.00", ".78")
    assert contrast.difference.text == "+.222"
    assert contrast.is_clear
    assert {row.title for row in page.context["labels"]} == {"Face", "Tradition"}
    apart = run_of(study, videos=videos[30:])
    page = client.get(address("leaderboard_compare", "s"), {"a": first.pk, "b": apart.pk})
    assert "No gold video in common" in page.content.decode()
    page = client.get(address("leaderboard_compare", "s"), {"a": first.pk, "b": first.pk})
    assert "Choose two different runs" in page.content.decode()
    assert client.get(address("leaderboard_compare", "s"), {"a": "x", "b": "9" * 40}).status_code == 200


def test_few_creators_are_told_wherever_an_interval_rests_on_them(study, client):
    a, b = run_of(study), run_of(study, wrong_every=3)
    urls = [
        address("leaderboard", "s"),
        address("leaderboard_labels", "s", a.pk),
        address("leaderboard_compare", "s") + f"?a={a.pk}&b={b.pk}",
    ]
    for url in urls:
        assert "10 creators only" in open_page(client, url).content.decode()
    for n in range(12):
        give_gold(make_video(study, creator=f"new{n}"))
    assert "creators only" not in open_page(client, urls[0]).content.decode()


def test_files_hold_the_same_numbers_unrounded(study, client):
    run = run_of(study, wrong_every=7, model="=1+1")
    page = open_page(client, address("leaderboard", "s"))
    report = page.context["report"]
    rows = list(csv.DictReader(client.get(address("leaderboard_table", "s")).content.decode().splitlines()))
    assert [row["model"] for row in rows] == ["'=1+1", "all-positive", "at-prevalence"]
    figures = report.runs[0].scores.figures
    assert float(rows[0]["f1_weighted_all"]) == figures["weighted_all"].value
    assert float(rows[0]["recall_all_per_video_ci_low"]) == figures["recall_all"].ci_low
    assert {row["freeze"] for row in rows} == {"live"}
    text = client.get(address("leaderboard_labels_table", "s", run.pk)).content.decode()
    labels = list(csv.DictReader(text.splitlines()))
    assert len(labels) == 2 * len(SLUGS)
    assert float(labels[0]["f1"]) == report.runs[0].scores.labels[0].f1.value
    assert labels[1]["recall"] == ""
    assert float(labels[0]["f1_at-prevalence"]) == pytest.approx(0.5)


def test_pages_are_for_researchers(study, client):
    run = run_of(study)
    urls = [
        address("leaderboard", "s"),
        address("leaderboard_table", "s"),
        address("leaderboard_compare", "s"),
        address("leaderboard_labels", "s", run.pk),
        address("leaderboard_labels_table", "s", run.pk),
    ]
    for roles, status in (
        ((Role.RESEARCHER,), 200),
        ((Role.RESEARCHER, Role.CONSOLIDATOR), 200),
        ((Role.RESEARCHER, Role.ANNOTATOR), 200),
        ((Role.ANNOTATOR, Role.CONSOLIDATOR), 403),
        ((), 404),
    ):
        client.force_login(make_member(study, *roles))
        assert {client.get(url).status_code for url in urls} == {status}, roles


def test_scores_on_few_videos_are_kept_from_a_researcher_who_codes(study, client):
    """One video's score is its label: a run can be given any scope, and two runs any videos in common."""
    videos = list(study.videos.order_by("pk"))
    one = run_of(study, videos=videos[:1], model="of one video")
    most = run_of(study, videos=videos[:35], model="of most")
    rest = run_of(study, videos=videos[10:], model="of the rest")
    page = open_page(client, address("leaderboard", "s"), roles=(Role.RESEARCHER, Role.ANNOTATOR))
    names = [row.name for row in page.context["rows"]]
    assert "of one video" not in names
    assert {"of most", "of the rest", "all-positive"} <= set(names)
    assert "1 run that is scored on fewer than 30 videos is kept from you" in page.content.decode()
    assert "of one video" not in client.get(address("leaderboard_table", "s")).content.decode()
    assert "Kept from you" in client.get(address("leaderboard_labels", "s", one.pk)).content.decode()
    assert client.get(address("leaderboard_labels_table", "s", one.pk)).status_code == 404
    page = client.get(address("leaderboard_compare", "s"), {"a": most.pk, "b": rest.pk})
    assert "comparison" not in page.context
    assert "share fewer than 30 gold videos" in page.content.decode()
    GoldLabel.objects.filter(video__in=videos[:11]).delete()
    few = client.get(address("leaderboard", "s")).content.decode()
    assert "Kept from you for now" in few
    GoldLabel.objects.all().delete()
    assert "Kept from you for now" in client.get(address("leaderboard", "s")).content.decode()


def test_scores_on_few_videos_are_kept_from_a_researcher_who_may_yet_decide_on_one(study, client):
    """One video's score and its gold are its predictions, and its gold may be opened again."""
    videos = list(study.videos.order_by("pk"))
    decided = study.videos.filter(pk__in=[video.pk for video in videos[1:]])
    Consolidation.objects.bulk_create(
        Consolidation(video=video, state=ConsolidationState.DONE) for video in decided
    )
    one = run_of(study, videos=videos[:1], model="of the undecided")
    other = run_of(study, videos=videos[1:2], model="of a decided one")
    run_of(study, model="of all")
    page = open_page(client, address("leaderboard", "s"), roles=(Role.RESEARCHER, Role.CONSOLIDATOR))
    names = {row.name for row in page.context["rows"]}
    assert names == {"of a decided one", "of all", "all-positive", "at-prevalence"}
    assert "You also consolidate in this study" in page.content.decode()
    assert "of the undecided" not in client.get(address("leaderboard_table", "s")).content.decode()
    assert "You also consolidate" in client.get(address("leaderboard_labels", "s", one.pk)).content.decode()
    assert client.get(address("leaderboard_labels_table", "s", one.pk)).status_code == 404
    assert client.get(address("leaderboard_labels_table", "s", other.pk)).status_code == 200
    again = run_of(study, videos=videos[:1], model="again")
    page = client.get(address("leaderboard_compare", "s"), {"a": one.pk, "b": again.pk})
    assert "comparison" not in page.context
    assert "You also consolidate" in page.content.decode()
    page = open_page(client, address("leaderboard_labels", "s", one.pk))
    assert "comparison" in page.context  # of a researcher who does not decide, nothing is kept


def test_former_coder_is_bound_too(study, client):
    run = run_of(study, videos=list(study.videos.order_by("pk"))[:1])
    person = make_member(study, Role.RESEARCHER)
    make_coding(study.videos.first(), person)
    client.force_login(person)
    assert "Kept from you" in client.get(address("leaderboard_labels", "s", run.pk)).content.decode()


def queries_of(client, url):
    cache.clear()
    with CaptureQueriesContext(connection) as context:
        assert client.get(url).status_code == 200
    return len(context)


def test_pages_ask_the_same_queries_whatever_the_number_of_runs(study, client):
    first, second = run_of(study), run_of(study, wrong_every=4)
    urls = [
        address("leaderboard", "s"),
        address("leaderboard_labels", "s", first.pk),
        address("leaderboard_compare", "s") + f"?a={first.pk}&b={second.pk}",
    ]
    open_page(client, urls[0])
    before = [queries_of(client, url) for url in urls]
    for _n in range(6):
        run_of(study, wrong_every=5)
    assert [queries_of(client, url) for url in urls] == before
    assert max(before) <= 24


def test_a_trial_stands_on_no_leaderboard(study, client):
    run_of(study, model="whole")
    trial = run_of(study, model="tried", is_trial=True)
    assert b"tried" not in open_page(client, address("leaderboard", "s")).content
    compared = open_page(client, address("leaderboard_compare", "s"))
    assert [model for _pk, model in compared.context["choices"]] == ["whole"]
    assert open_page(client, address("leaderboard_labels", "s", trial.pk)).status_code == 404


def test_what_runs_cost_stands_beside_their_scores_and_in_the_table(study, client):
    videos = list(study.videos.order_by("pk"))
    paid = run_of(study, model="paid one", client="openai")
    again = run_of(study, model="again", client="openai")
    unpriced = run_of(study, model="unpriced", client="openai")
    run_of(study, model="local one")
    for video in videos:
        source = make_exchange(paid, video, cost=Decimal("0.05"))
        make_exchange(again, video, source=source)
    make_exchange(unpriced, videos[0], cost=None)
    page = open_page(client, address("leaderboard", "s"))
    costs = {row.name: row.cost for row in page.context["rows"]}
    assert (costs["paid one"].total, costs["paid one"].per_video) == (2, Decimal("0.05"))
    assert (costs["again"].total, costs["again"].per_video, costs["again"].earlier) == (0, Decimal("0.05"), 2)
    assert costs["all-positive"] is None
    text = " ".join(page.content.decode().split())
    for words in (
        "2.00 USD", "0.0500 a video", "and 2.00 paid before", "undefined, because a baseline asks nobody",
        "undefined, because it asked no provider",
        "undefined, because no price is known for a model that it asked",
    ):  # fmt: skip
        assert words in text, words
    lines = client.get(address("leaderboard_table", "s")).content.decode().splitlines()
    rows = {
        row["model"]: (row["cost"], row["cost_per_video"], row["currency"]) for row in csv.DictReader(lines)
    }
    assert rows["paid one"] == ("2.0", "0.05", "USD")
    assert rows["unpriced"] == rows["local one"] == rows["all-positive"] == ("", "", "")
