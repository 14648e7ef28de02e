"""`evaluate` equals scikit-learn on the published labels, and scores what the rules say and nothing else."""

import json
import math
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from annotator.models import Codebook, Creator, GoldLabel, Study, Video
from evaluation.metrics.classification import FIGURES
from evaluation.metrics.unscored import Unscored
from evaluation.reasons import why_unscored
from models_app.models import Gives, Prediction, Run
from tests.evaluation.rows import give_gold
from tests.evaluation.scored import DIRECTIONS, gold_arrays, sklearn_scores
from tests.factories import make_batch, make_codebook, make_study, make_video
from tests.llm_factories import make_exchange
from tests.run_factories import make_run

pytestmark = pytest.mark.django_db
FILE = "tiktok_values_published_format.csv"


def evaluate(capsys, *args):
    capsys.readouterr()
    call_command("evaluate", *map(str, args), "--json")
    return json.loads(capsys.readouterr().out)


def figure(said, name):
    kind, scope = name.split("_")
    if kind in ("weighted", "macro"):
        return said["f1"][scope][kind]
    return said[f"{kind}_per_video"][scope]


@pytest.fixture
def published(shared, capsys):
    """The 888 published TikToks as gold, through the commands."""
    call_command("create_study", "pub", "--name", "Published", "--dominant")
    call_command("import_labels", "pub", str(shared / "data" / FILE), "--as", "gold")
    return Study.objects.get(slug="pub")


def test_published_labels_report_19_labels_and_the_floor_that_the_paper_forgot(published, capsys):
    said = evaluate(capsys, "pub")
    assert said["n_gold_videos"] == 888
    directions = [name.partition(":")[2] for name in said["reported_labels"]]
    assert (directions.count("endorsed"), directions.count("confronted")) == (13, 6)
    assert said["freeze"] is None
    floor = next(one for one in said["baselines"] if one["model"] == "all-positive")
    weighted = [round(floor["f1"][scope]["weighted"], 4) for scope in (*DIRECTIONS, "all")]
    macro = [round(floor["f1"][scope]["macro"], 4) for scope in (*DIRECTIONS, "all")]
    assert weighted == [0.3454, 0.2634, 0.3252]
    assert macro == [0.2968, 0.2207, 0.2728]
    assert floor["recall_per_video"]["all"] == 1.0
    assert floor["precision_per_video"]["all"] < 0.1
    by_chance = next(one for one in said["baselines"] if one["model"] == "at-prevalence")
    label = next(one for one in by_chance["labels"] if one["value"] == "achievement")
    assert label["f1"] == pytest.approx(label["support"] / 888)


def random_answers(videos, gold, slugs, *, seed):
    """Answers that partly agree with gold; some videos missing, some answers not said, some both yes."""
    rng = np.random.default_rng(seed)
    said = gold ^ (rng.random(gold.shape) < rng.uniform(0.02, 0.3, gold.shape[1:]))
    is_said = rng.random(gold.shape) > 0.1
    is_missing = rng.random(len(videos)) < 0.08
    said[:, rng.integers(len(slugs)), 0] = False  # a label that is never predicted
    answers = {
        (videos[n].pk, slug): tuple(
            bool(said[n, v, d]) if is_said[n, v, d] else None for d in range(len(DIRECTIONS))
        )
        for n in range(len(videos))
        if not is_missing[n]
        for v, slug in enumerate(slugs)
    }
    return answers, said & is_said & ~is_missing[:, None, None], is_missing


@pytest.mark.parametrize("seed", [1, 2])
def test_every_figure_equals_scikit_learn_on_the_published_labels(published, capsys, seed):
    slugs = list(published.codebook.values.order_by("position").values_list("slug", flat=True))
    videos, gold = gold_arrays(published, slugs)
    assert GoldLabel.objects.filter(video__study=published, stance=2).exists()
    answers, predicted, is_missing = random_answers(videos, gold, slugs, seed=seed)
    run = make_run(published, videos, answers)
    narrow = np.random.default_rng(seed).random(len(videos)) < 0.6
    inside = [video for video, is_in in zip(videos, narrow, strict=True) if is_in]
    other = make_run(published, inside, answers)
    said = evaluate(capsys, "pub")
    reported = gold.mean(axis=0) >= 0.05
    assert len(said["reported_labels"]) == reported.sum() == 19
    for one, scope in ((said["runs"][0], np.ones(len(videos), dtype=bool)), (said["runs"][1], narrow)):
        want = sklearn_scores(gold[scope], predicted[scope], reported=reported)
        for name in FIGURES:
            assert figure(one, name) == pytest.approx(want[name], abs=1e-12), name
        for n, label in enumerate(one["labels"]):
            assert label["value"] == slugs[n // 2]
            assert label["direction"] == DIRECTIONS[n % 2]
            for key, column in zip(("precision", "recall", "f1"), want["labels"], strict=False):
                expected = None if math.isnan(column[n]) else pytest.approx(column[n], abs=1e-12)
                assert label[key] == expected, (label["value"], key)
            assert label["support"] == want["labels"][3][n]
            assert label["reported"] == reported[n // 2, n % 2]
        assert (one["n_scope"], one["n_missing"]) == (scope.sum(), (is_missing & scope).sum())
        assert one["n_scored"] == one["n_scope"] - one["n_missing"]
        assert one["recall_per_video"]["n_videos"]["endorsed"] == gold[scope, :, 0].any(axis=1).sum()
    assert [one["run"] for one in said["runs"]] == [run.pk, other.pk]


def test_imported_scores_are_scored_as_scikit_learn_does_at_the_threshold(published, capsys, tmp_path):
    slugs = list(published.codebook.values.order_by("position").values_list("slug", flat=True))
    videos, gold = gold_arrays(published, slugs)
    rng = np.random.default_rng(5)
    scores = np.round(0.3 * gold + 0.6 * rng.random(gold.shape), 2)  # many exactly at the threshold
    is_said, in_file = rng.random(gold.shape) > 0.05, rng.random(len(videos)) < 0.9
    heads = [f"{slug}:{direction}" for slug in slugs for direction in DIRECTIONS]
    lines = [",".join(["video_id", *heads])]
    for n in np.flatnonzero(in_file):
        cells = np.where(is_said[n], scores[n].astype(str), "").ravel()
        lines.append(",".join([videos[n].external_id, *cells]))
    file = tmp_path / "scores.csv"
    file.write_text("\n".join(lines), encoding="utf-8")
    for scope in ("file", "study"):
        given = ("--model", scope, "--threshold", "0.37", "--scope", scope)
        call_command("import_predictions", "pub", str(file), *given)
    predicted = (scores >= 0.37) & is_said & in_file[:, None, None]
    reported = gold.mean(axis=0) >= 0.05
    runs = evaluate(capsys, "pub", "--resamples", 2)["runs"]
    for one, scope in zip(runs, (in_file, np.ones_like(in_file)), strict=True):
        want = sklearn_scores(gold[scope], predicted[scope], reported=reported)
        for name in FIGURES:
            assert figure(one, name) == pytest.approx(want[name], abs=1e-12), name
        assert (one["n_scope"], one["n_scored"]) == (scope.sum(), in_file.sum())


def test_two_runs_are_compared_on_the_videos_that_both_were_asked_for(published, capsys):
    slugs = list(published.codebook.values.order_by("position").values_list("slug", flat=True))
    videos, gold = gold_arrays(published, slugs)
    runs, masks, predictions = [], [], []
    for seed, scope in ((3, slice(0, 600)), (4, slice(300, 888))):
        answers, predicted, _missing = random_answers(videos, gold, slugs, seed=seed)
        inside = {video.pk for video in videos[scope]}
        kept = {key: answer for key, answer in answers.items() if key[0] in inside}
        runs.append(make_run(published, videos[scope], kept))
        masks.append(np.isin(np.arange(888), np.arange(888)[scope]))
        predictions.append(predicted)
    common = masks[0] & masks[1]
    said = evaluate(capsys, "pub", "--run", runs[0].pk, "--run", runs[1].pk)["common"]
    assert said["n_videos"] == common.sum() == 300
    reported = gold.mean(axis=0) >= 0.05  # on all gold, not on the common videos
    wants = [sklearn_scores(gold[common], p[common], reported=reported) for p in predictions]
    for one, want in zip(said["runs"], wants, strict=True):
        for name in FIGURES:
            assert figure(one, name) == pytest.approx(want[name], abs=1e-12), name
    difference = said["difference"]["figures"]["weighted_all"]
    assert difference["value"] == pytest.approx(wants[0]["weighted_all"] - wants[1]["weighted_all"])
    assert difference["ci_low"] < difference["value"] < difference["ci_high"]
    call_command("evaluate", "pub", "--run", str(runs[0].pk), "--run", str(runs[1].pk))
    assert "On the 300 gold videos that run" in capsys.readouterr().out


def small(slugs=("face", "tradition"), **fields):
    """Forty gold videos of ten creators: every second endorses face, every fourth confronts tradition."""
    study = make_study(slugs=slugs, **fields)
    videos = [make_video(study, creator=f"c{n % 10}") for n in range(40)]
    for n, video in enumerate(videos):
        give_gold(video, {"face": n % 2, "tradition": -1 if n % 4 == 0 else 0})
    return study, videos


def perfect(videos):
    return {
        (label.video_id, label.value.slug): (label.stance >= 1, label.stance == -1)
        for label in GoldLabel.objects.filter(video__in=videos).select_related("value")
    }


def test_perfect_answers_score_one_and_silence_scores_nothing(capsys):
    study, videos = small()
    make_run(study, videos, perfect(videos))
    make_run(study, videos)
    said = evaluate(capsys, study.slug)
    best, silent = said["runs"]
    assert [figure(best, name) for name in FIGURES] == [1.0] * 12
    assert (best["f1"]["all"]["weighted"], best["n_missing"], best["coverage"]) == (1.0, 0, 1.0)
    assert (silent["f1"]["all"], silent["n_scored"]) == ({"weighted": 0.0, "macro": 0.0}, 0)
    assert silent["precision_per_video"]["all"] is None
    assert silent["intervals"]["precision_all"]["undefined_because"] == "never_predicted"
    label = next(one for one in silent["labels"] if one["reported"])
    assert (label["f1"], label["precision"], label["recall"]) == (0.0, None, 0.0)


def test_label_in_neither_gold_nor_predictions_is_undefined(capsys):
    study, videos = small()
    make_run(study, videos, perfect(videos))
    label = next(
        one
        for one in evaluate(capsys, study.slug)["runs"][0]["labels"]
        if (one["value"], one["direction"]) == ("face", "confronted")
    )
    assert (label["precision"], label["recall"], label["f1"]) == (None, None, None)
    assert (label["support"], label["reported"]) == (0, False)


def test_run_of_no_gold_video_has_no_score_not_even_a_nought(capsys):
    study, _videos = small()
    make_run(study, [make_video(study)], {})
    (said,) = evaluate(capsys, study.slug)["runs"]
    assert said["n_scope"] == 0
    assert {figure(said, name) for name in FIGURES} == {None}


def test_video_outside_the_scope_is_not_scored_whatever_was_said_of_it(capsys):
    study, videos = small()
    answers = perfect(videos)
    wrong = {key: (not said[0], not said[1]) for key, said in answers.items() if key[0] == videos[0].pk}
    make_run(study, videos[1:], answers | wrong)
    said = evaluate(capsys, study.slug)["runs"][0]
    assert (said["n_scope"], said["f1"]["all"]["weighted"]) == (39, 1.0)


def test_gold_that_is_not_scored_is_left_out_and_counted(capsys):
    study, videos = small()
    Video.objects.filter(pk=videos[0].pk).update(withdrawn_at=timezone.now())
    development = make_batch(study, purpose="development")
    Video.objects.filter(pk=videos[1].pk).update(batch=development)
    GoldLabel.objects.filter(video=videos[2], value__slug="face").delete()
    cited = {"examples": [{"stance": "endorsed", "text": "T", "video": videos[3].external_id}]}
    values = [
        {"slug": slug, "name": slug, "position": n, "definition": "D", **(cited if slug == "face" else {})}
        for n, slug in enumerate(("face", "tradition"), start=1)
    ]
    document = {"slug": "c", "name": "C", "values": values}
    Codebook.objects.filter(study=study).update(document=document)
    said = evaluate(capsys, study.slug)
    assert Creator.objects.get(handle="c3").videos.count() == 4
    assert said["left_out"] == {"withdrawn": 1, "development": 1, "examples": 4, "incomplete": 1}
    assert said["n_gold_videos"] == 40 - 7


def test_gold_and_answers_under_a_meaning_that_changed_do_not_count(capsys):
    study, videos = small()
    old = study.codebook
    run = make_run(study, videos, perfect(videos))
    new = make_codebook(study, slugs=("face", "tradition"), number=2)
    new.values.filter(slug="tradition").update(identity="another meaning")
    said = evaluate(capsys, study.slug)
    assert (said["n_gold_videos"], said["left_out"]["incomplete"]) == (0, 40)
    for video in videos:
        give_gold(video, {"tradition": 1}, rest=None)
    said = evaluate(capsys, study.slug)
    assert said["n_gold_videos"] == 40
    labels = {(one["value"], one["direction"]): one for one in said["runs"][0]["labels"]}
    assert labels["face", "endorsed"]["f1"] == 1.0
    assert (labels["tradition", "endorsed"]["support"], labels["tradition", "endorsed"]["f1"]) == (40, 0.0)
    assert said["runs"][0]["n_values_under_other_meaning"] == 1
    assert run.codebook == old


def test_gold_of_a_later_version_with_the_same_meaning_replaces_the_earlier(capsys):
    study, videos = small()
    make_run(study, videos, perfect(videos))
    make_codebook(study, slugs=("face", "tradition"), number=2)
    give_gold(videos[0], {"face": 1, "tradition": 1})
    said = evaluate(capsys, study.slug)
    support = {(one["value"], one["direction"]): one["support"] for one in said["runs"][0]["labels"]}
    assert said["n_gold_videos"] == 40
    assert (support["face", "endorsed"], support["tradition", "endorsed"]) == (21, 1)
    assert support["tradition", "confronted"] == 9


def test_reported_labels_are_those_of_one_video_in_twenty(capsys):
    study = make_study(slugs=["face", "tradition"])
    for n in range(40):
        give_gold(make_video(study), {"face": int(n < 2), "tradition": -int(n < 1)})
    assert evaluate(capsys, study.slug)["reported_labels"] == ["face:endorsed"]


def test_runs_of_scripts_are_not_scored_and_unfinished_runs_say_so(capsys):
    study, videos = small()
    make_run(study, videos, gives=Gives.SCRIPTS)
    make_run(study, videos[:5], perfect(videos[:5]), state="paused")
    runs = evaluate(capsys, study.slug)["runs"]
    assert [(run["state"], run["n_scope"]) for run in runs] == [("paused", 5)]
    call_command("evaluate", study.slug)
    assert "(paused)" in capsys.readouterr().out


def test_intervals_are_by_creator_and_the_same_for_the_same_seed(capsys):
    study, videos = small()
    answers = perfect(videos)
    for video in videos[::3]:
        answers[video.pk, "face"] = (True, False)
    make_run(study, videos, answers)
    said = evaluate(capsys, study.slug, "--seed", 5)
    interval = said["runs"][0]["intervals"]["weighted_all"]
    assert interval["ci_low"] < said["runs"][0]["f1"]["all"]["weighted"] < interval["ci_high"]
    assert said == evaluate(capsys, study.slug, "--seed", 5)
    assert interval != evaluate(capsys, study.slug, "--seed", 6)["runs"][0]["intervals"]["weighted_all"]
    Video.objects.filter(study=study).update(creator=videos[0].creator)
    interval = evaluate(capsys, study.slug)["runs"][0]["intervals"]["weighted_all"]
    assert (interval["ci_low"], interval["undefined_because"]) == (None, "too_few_creators")


def test_study_without_gold_is_undefined_and_says_what_to_do(capsys):
    study = make_study(slugs=["face"])
    make_run(study, [make_video(study)])
    said = evaluate(capsys, study.slug)
    assert (said["n_gold_videos"], said["reported_labels"]) == (0, [])
    assert said["runs"][0]["f1"]["all"] == {"weighted": None, "macro": None}
    assert said["baselines"][0]["f1"]["all"] == {"weighted": None, "macro": None}
    call_command("evaluate", study.slug)
    assert "no gold yet" in capsys.readouterr().out


def test_text_has_the_runs_and_the_baselines_from_the_best_down(capsys):
    study, videos = small()
    make_run(study, videos, model="silent one")
    make_run(study, videos, perfect(videos), model="perfect one")
    call_command("evaluate", study.slug)
    text = capsys.readouterr().out
    places = [text.index(name) for name in ("perfect one", "all-positive", "at-prevalence", "silent one")]
    assert places == sorted(places)
    assert "Live figures" in text


def test_bad_input_is_one_clear_line(capsys):
    study, videos = small()
    scripts = make_run(study, videos, gives=Gives.SCRIPTS)
    other = make_run(make_study(slugs=["face"]))
    for args, message in (
        (("no-such-study",), "no study “no-such-study”"),
        ((study.slug, "--run", str(other.pk)), f"no run {other.pk} in this study"),
        ((study.slug, "--run", str(scripts.pk)), "gives scripts, not predictions"),
        ((study.slug, "--run", "x"), "invalid int value: 'x'"),
        ((study.slug, "--run", str(10**30)), "no run"),
        ((study.slug, "--resamples", "1"), "--resamples must be between"),
        ((study.slug, "--seed", "-1"), "--seed must not be negative"),
        ((study.slug, "--confidence", "1"), "--confidence must lie between"),
    ):
        with pytest.raises(CommandError, match=message) as raised:
            call_command("evaluate", *args)
        assert "\n" not in str(raised.value)
    Study.objects.filter(pk=study.pk).update(codebook=None)
    with pytest.raises(CommandError, match="no codebook"):
        call_command("evaluate", study.slug)


def test_reading_takes_the_same_queries_whatever_the_size(django_assert_num_queries, capsys):
    study, videos = small()
    make_run(study, videos, perfect(videos))
    with django_assert_num_queries(13):
        call_command("evaluate", study.slug)
    for _n in range(6):
        make_run(study, videos, perfect(videos))
    with django_assert_num_queries(13):
        call_command("evaluate", study.slug)
    assert Prediction.objects.count() == 7 * 80
    assert Run.objects.count() == 7


def test_every_reason_is_documented_and_has_words():
    documented = Path("docs/evaluation.md").read_text(encoding="utf-8")
    assert [code for code in Unscored if f"`{code}`" not in documented] == []
    assert all(why_unscored(code) for code in Unscored)


def test_json_tells_what_each_run_cost_and_null_where_it_is_not_known(capsys):
    study = make_study("s", slugs=["face"])
    videos = [make_video(study, creator=f"c{n}") for n in range(3)]
    for n, video in enumerate(videos):
        give_gold(video, {"face": n % 2})
    paid, local, unpriced = (make_run(study, videos, client=client) for client in ("openai", "", "openai"))
    for video in videos:
        make_exchange(paid, video, cost=Decimal("0.02"))
    make_exchange(unpriced, videos[0], cost=None)
    said = evaluate(capsys, "s")
    costs = {run["run"]: (run["cost"], run["cost_per_video"]) for run in said["runs"]}
    assert costs == {paid.pk: (0.06, 0.02), local.pk: (None, None), unpriced.pk: (None, None)}
    assert said["currency"] == "USD"
