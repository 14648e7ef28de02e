"""Agreement of a study equals the bare functions on the raw ratings, and leaves out what it says."""

import json
import math
import random

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from annotator.actions.simulation import simulate_codings
from annotator.models import Coding, Judgement, Role, Slot, Study, Value, Video
from evaluation import agreement_text, rating_counts
from evaluation.agreement_report import Resampling, report_on
from evaluation.matrices import Selection, data_version, read_ratings
from evaluation.metrics.agreement import agreement, batch_from_patterns, mean_ac1_interval, mean_over_values
from evaluation.remembered import agreement_of
from tests.factories import (
    SCHWARTZ,
    make_batch,
    make_codebook,
    make_coding,
    make_member,
    make_study,
    make_video,
)

pytestmark = pytest.mark.django_db
COEFFICIENTS = {
    "ac1": "gwet_ac",
    "alpha": "krippendorff",
    "kappa": "conger",
    "percent": "percent_agreement",
}


def run(capsys, *args):
    call_command("agreement", *args, "--json")
    return json.loads(capsys.readouterr().out)


def report_of(study, **chosen):
    return report_on(read_ratings(Selection.of(study, **chosen)), resampling=Resampling(n_resamples=50))


def approx(x):
    return None if math.isnan(x) else pytest.approx(x, abs=1e-12)


def random_study(seed, *, n_videos=40, coders=3, slugs=("face", "tradition", "hedonism"), dominant=False):
    """A study with missing codings, and its raw ratings: value → rows of a column per person."""
    rng = random.Random(seed)
    study = make_study(slugs=slugs, dominant=dominant, coders_per_video=coders)
    people = [make_member(study, Role.ANNOTATOR) for _n in range(5)]
    raw = {slug: [] for slug in slugs}
    scale = [-1, 0, 0, 0, 1, 1, *([2] if dominant else [])]
    for number in range(n_videos):
        video = make_video(study, creator=f"c{number % 7}" if number % 9 else None)
        truth = {slug: rng.choice(scale) for slug in slugs}
        rows = {slug: [None] * len(people) for slug in slugs}
        for place in rng.sample(range(len(people)), rng.randint(0, coders)):
            given = {slug: t if rng.random() < 0.7 else rng.choice(scale) for slug, t in truth.items()}
            make_coding(video, people[place], given)
            for slug in slugs:
                rows[slug][place] = given[slug]
        for slug in slugs:
            raw[slug].append(rows[slug])
    return study, raw


@pytest.mark.parametrize(("seed", "dominant"), [(1, False), (2, False), (3, True)])
def test_json_equals_the_functions_on_raw_ratings_with_three_coders_and_missing(capsys, seed, dominant):
    study, raw = random_study(seed, dominant=dominant)
    scale = [-1, 0, 1, 2] if dominant else [-1, 0, 1]
    said = run(capsys, study.slug, "--resamples", "20")
    assert said["scale"] == scale
    assert [value["value"] for value in said["values"]] == list(raw)
    assert said["n_videos"] == sum(sum(x is not None for x in row) >= 2 for row in raw["face"])
    everything = [row for slug in raw for row in raw[slug]]
    for rows, told in [*((raw[v["value"]], v) for v in said["values"]), (everything, said["pooled"])]:
        for name, coefficient in COEFFICIENTS.items():
            want = agreement(rows, scale, coefficient=coefficient)
            for key in ("coef", "se", "ci_low", "ci_high"):
                assert told[name][key] == approx(getattr(want, key)), (name, key)
    ac1 = {slug: agreement(rows, scale).coef for slug, rows in raw.items()}
    assert said["mean_over_values"]["ac1"] == pytest.approx(np.mean(list(ac1.values())))
    lowest = min(ac1, key=ac1.get)
    assert (said["mean_over_values"]["min_value"], said["mean_over_values"]["min"]) == (
        lowest,
        pytest.approx(ac1[lowest]),
    )
    binary = [
        agreement([[None if x is None else int(is_label(x)) for x in row] for row in rows], [0, 1]).coef
        for rows in raw.values()
        for is_label in (lambda x: x >= 1, lambda x: x == -1)
    ]
    assert said["mean_over_binary_labels"]["ac1"] == pytest.approx(np.mean(binary))


def test_specific_agreement_and_shares_by_hand(capsys):
    study = make_study(slugs=["face"])
    people = [make_member(study, Role.ANNOTATOR) for _n in range(2)]
    for pair in ((1, 1), (1, 0), (0, 0), (0, 0), (-1, 0)):
        video = make_video(study)
        for person, stance in zip(people, pair, strict=True):
            make_coding(video, person, {"face": stance})
    value = run(capsys, study.slug)["values"][0]
    assert value["specific"] == {"-1": 0.0, "0": pytest.approx(4 / 6), "1": pytest.approx(2 / 3)}
    assert value["share"] == {"-1": pytest.approx(0.1), "0": pytest.approx(0.6), "1": pytest.approx(0.3)}
    assert (value["n_videos"], value["n_differing"]) == (5, 2)


def test_json_has_the_shape_that_scripts_rely_on(capsys):
    study, _raw = random_study(5)
    said = run(capsys, study.slug, "--resamples", "20")
    figure = said["pooled"]["ac1"]
    assert {"coef", "se", "ci_low", "ci_high", "clustered"} <= figure.keys()
    assert {"by", "se", "ci_low", "ci_high"} <= figure["clustered"].keys()
    assert figure["clustered"]["by"] == "creator"
    assert said["pooled"].keys() == COEFFICIENTS.keys()
    assert {"study", "n_videos", "scale", "coders", "mean_over_values", "values"} <= said.keys()
    assert said["coders"] == 3


def test_nothing_coded_twice_is_null_with_a_reason(capsys):
    study = make_study(slugs=["face"])
    make_coding(make_video(study), make_member(study, Role.ANNOTATOR))
    said = run(capsys, study.slug)
    assert (said["n_videos"], said["n_rated"]) == (0, 1)
    assert said["pooled"]["ac1"]["coef"] is None
    assert said["pooled"]["ac1"]["undefined_because"] == "no_pairs"
    assert said["mean_over_values"]["ac1"] is None
    call_command("agreement", study.slug)
    assert "undefined, because nothing has been coded by two or more people" in capsys.readouterr().out


def test_text_gives_both_intervals_and_warns_of_few_creators(capsys):
    study, _raw = random_study(11)
    said = run(capsys, study.slug, "--resamples", "50")
    call_command("agreement", study.slug, "--resamples", "50")
    text = capsys.readouterr().out
    mean, pooled, shown = said["mean_over_values"], said["pooled"]["ac1"], agreement_text.number
    for figure, independent in ((mean, "videos"), (pooled, "all units")):
        by_creator, analytic = (
            f"[{shown(ends['ci_low'])}, {shown(ends['ci_high'])}]" for ends in (figure["clustered"], figure)
        )
        assert f"(95 % {by_creator} by creator; {analytic} if {independent} were independent)" in text
    assert "With fewer than 20 creators, intervals by creator tend to be too narrow" in text


def test_interval_of_the_mean_equals_that_of_the_raw_ratings(capsys):
    study, raw = random_study(12)
    said = run(capsys, study.slug, "--resamples", "20", "--confidence", "0.9")
    patterns = list(dict.fromkeys(tuple(row) for rows in raw.values() for row in rows))
    units = np.array([[patterns.index(tuple(row)) for row in rows] for rows in raw.values()]).T
    want = mean_ac1_interval(patterns, units, categories=[-1, 0, 1], confidence=0.9)
    for key in ("se", "ci_low", "ci_high"):
        assert said["mean_over_values"][key] == pytest.approx(getattr(want, key))
    assert said["mean_over_binary_labels"]["se"] > 0


def test_empty_study_is_undefined(capsys):
    said = run(capsys, make_study(slugs=["face"]).slug)
    assert (said["n_videos"], said["values"][0]["kappa"]["coef"]) == (0, None)


def two_codings(study, *, first=None, second=None, people=None, **fields):
    people = people or [make_member(study, Role.ANNOTATOR) for _n in range(2)]
    video = make_video(study, **fields)
    return video, [
        make_coding(video, person, given) for person, given in zip(people, (first, second), strict=True)
    ]


def test_first_submission_counts_and_correction_does_not():
    study = make_study(slugs=["face"])
    _video, (coding, _other) = two_codings(study, first={"face": 1}, second={"face": 0})
    Judgement.objects.filter(coding=coding).update(stance=0)
    assert report_of(study).values[0].figures["percent"].estimate.coef == 0


def test_unset_set_aside_unsubmitted_and_slotless_are_missing():
    study = make_study(slugs=["face"])
    _video, (aside, _other) = two_codings(study)
    Coding.objects.filter(pk=aside.pk).update(
        set_aside_at="2026-01-01T00:00Z", set_aside_because="gone", submitted_at=None
    )
    _video, (late, _other) = two_codings(study)
    Coding.objects.filter(pk=late.pk).update(slot=None)
    _video, (unset, _other) = two_codings(study)
    Judgement.objects.filter(coding=unset).update(first_stance=None)
    _video, (open_one, _other) = two_codings(study)
    Coding.objects.filter(pk=open_one.pk).update(submitted_at=None)
    report = report_of(study)
    assert (report.n_videos, report.n_rated) == (0, 4)
    assert read_ratings(Selection.of(study)).left_out.set_aside == 1


def test_withdrawn_videos_and_codings_after_feedback_are_left_out_and_counted(capsys):
    study = make_study(slugs=["face"])
    people = [make_member(study, Role.ANNOTATOR) for _n in range(2)]
    video, _codings = two_codings(study, people=people)
    Video.objects.filter(pk=video.pk).update(withdrawn_at="2026-01-01T00:00Z")
    _video, (seen, _other) = two_codings(study, people=people)
    Coding.objects.filter(pk=seen.pk).update(saw_feedback=True)
    two_codings(study, people=people)
    said = run(capsys, study.slug)
    assert (said["n_videos"], said["n_rated"]) == (1, 2)
    assert said["left_out"] == {"saw_feedback": 1, "set_aside": 0, "withdrawn": 2}
    assert run(capsys, study.slug, "--with-feedback")["n_videos"] == 2


def test_purpose_and_batch_choose(capsys):
    study = make_study(slugs=["face"])
    people = [make_member(study, Role.ANNOTATOR) for _n in range(2)]
    main, training = make_batch(study, "A"), make_batch(study, "T", purpose="training")
    two_codings(study, people=people, batch=main)
    for _n in range(2):
        video = make_video(study, batch=training)
        for person in people:
            make_coding(video, person, purpose="training")
    assert run(capsys, study.slug)["n_videos"] == 1
    assert run(capsys, study.slug, "--purpose", "training")["n_videos"] == 2
    assert run(capsys, study.slug, "--batch", "T")["n_videos"] == 2
    with pytest.raises(CommandError, match="no batch “X”; there are: A, T"):
        call_command("agreement", study.slug, "--batch", "X")


def test_versions_pool_where_a_value_kept_its_meaning():
    study = make_study(slugs=["face", "tradition"])
    people = [make_member(study, Role.ANNOTATOR) for _n in range(2)]
    video, _codings = two_codings(study, people=people)
    book = make_codebook(study, slugs=["tradition", "face"], number=2)
    Value.objects.filter(codebook=book, slug="tradition").update(identity="new")
    study.refresh_from_db()
    other = make_video(study)
    make_coding(other, people[0])
    report = report_of(study)
    assert [(value.value, value.n_rated, value.n_videos) for value in report.values] == [
        ("tradition", 1, 0),
        ("face", 2, 1),
    ]
    assert video.codings.count() == 2


def test_codebook_of_more_values_than_fit_one_number():
    slugs = [f"value-{n:02d}" for n in range(45)]
    study = make_study(slugs=slugs)
    people = [make_member(study, Role.ANNOTATOR) for _n in range(2)]
    rng = random.Random(4)
    raw = {slug: [] for slug in slugs}
    for _n in range(6):
        video = make_video(study)
        given = [{slug: rng.choice([-1, 0, 1]) for slug in slugs} for _person in people]
        for person, stances in zip(people, given, strict=True):
            make_coding(video, person, stances)
        for slug in slugs:
            raw[slug].append([stances[slug] for stances in given])
    for value in report_of(study).values:
        assert value.figures["ac1"].estimate.coef == pytest.approx(
            agreement(raw[value.value], [-1, 0, 1]).coef
        )


def test_interval_by_creator_is_reproducible_and_takes_unknown_creators_alone():
    study, _raw = random_study(6)
    ratings = read_ratings(Selection.of(study))
    known = {video.creator_id for video in Video.objects.filter(study=study) if video.creator_id}
    assert (ratings.clusters < 0).any()
    assert set(ratings.clusters[ratings.clusters > 0]) <= known
    one, two = (report_on(ratings, resampling=Resampling(n_resamples=30, seed=3)) for _n in range(2))
    assert one.pooled["ac1"].clustered == two.pooled["ac1"].clustered
    assert one.pooled["kappa"].clustered.se > 0


def test_report_is_remembered_until_the_labels_change():
    study, _raw = random_study(7)
    selection = Selection.of(study)
    first = agreement_of(selection)[0]
    version = data_version(selection)
    assert agreement_of(selection)[0] == first
    video = make_video(study)
    for person in {coding.coder for coding in Coding.objects.filter(study=study)}:
        if Slot.objects.filter(video=video, is_open=True).exists():
            make_coding(video, person)
    assert data_version(selection) != version
    assert agreement_of(selection)[0].n_videos == first.n_videos + 1
    moved = data_version(selection)
    Video.objects.filter(pk=video.pk).update(withdrawn_at="2026-01-01T00:00Z")
    assert data_version(selection) != moved


def test_first_submission_counts_though_its_coder_set_the_video_aside_later():
    study = make_study(slugs=["face"])
    _video, (coding, _other) = two_codings(study, first={"face": 1}, second={"face": 0})
    Coding.objects.filter(pk=coding.pk).update(set_aside_at="2026-01-01T00:00Z", set_aside_because="gone")
    report = report_of(study)
    assert (report.n_videos, report.values[0].n_differing) == (1, 1)
    assert read_ratings(Selection.of(study)).left_out.set_aside == 0


def test_study_without_a_codebook_is_refused_in_a_line():
    study = make_study(slugs=["face"])
    Study.objects.filter(pk=study.pk).update(codebook=None)
    with pytest.raises(CommandError, match=f"{study.slug}: this study has no codebook yet"):
        call_command("agreement", study.slug)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--categories", "0,1"), "--categories and --weights go with --file"),
        (("--weights", "linear"), "--categories and --weights go with --file"),
        (("--resamples", "1"), "--resamples must be between 2 and 100000"),
        (("--seed", "-1"), "--seed must not be negative"),
        (("--file", "x.csv"), "name a study, or a table with --file"),
    ],
)
def test_options_that_do_not_go_with_a_study(args, said):
    study = make_study(slugs=["face"])
    with pytest.raises(CommandError, match=said):
        call_command("agreement", study.slug, *args)


@pytest.mark.parametrize("dominant", [False, True])
def test_patterns_are_the_same_where_there_could_be_too_many_for_a_table(monkeypatch, dominant):
    study, _raw = random_study(13, dominant=dominant)
    ratings = read_ratings(Selection.of(study))
    by_table = report_on(ratings, resampling=Resampling(n_resamples=20))
    monkeypatch.setattr(rating_counts, "MAX_BINS", 1)
    by_sorting = report_on(ratings, resampling=Resampling(n_resamples=20))
    assert repr(by_sorting) == repr(by_table)  # NaN is not equal to itself


def test_clusters_of_kappa_are_given_up_where_they_would_be_too_many(monkeypatch):
    study, _raw = random_study(10)
    ratings = read_ratings(Selection.of(study))
    whole = report_on(ratings, resampling=Resampling(n_resamples=20))
    monkeypatch.setattr(rating_counts, "MAX_CELLS", 10)
    report = report_on(ratings, resampling=Resampling(n_resamples=20))
    for kept, full in [
        (report.pooled["kappa"], whole.pooled["kappa"]),
        *((a.figures["kappa"], b.figures["kappa"]) for a, b in zip(report.values, whole.values, strict=True)),
    ]:
        assert kept.clustered is None
        assert full.clustered is not None
        assert kept.estimate == full.estimate
    assert report.pooled["ac1"].clustered == whole.pooled["ac1"].clustered


def test_queries_do_not_grow(django_assert_num_queries):
    study, _raw = random_study(8, n_videos=30)
    selection = Selection.of(study)
    with django_assert_num_queries(4):
        read_ratings(selection)


def test_simulated_study_looks_like_a_real_one_and_says_that_it_is_none():
    study = make_study(slugs=SCHWARTZ)
    simulate_codings(study=study, n_videos=300, n_creators=30, seed=1)
    study.refresh_from_db()
    assert study.is_simulated
    assert all(name.startswith("simulated") for name in Video.objects.values_list("external_id", flat=True))
    report = report_of(study)
    assert report.n_videos == 300
    assert 0.74 < report.mean_over_values.ac1 < 0.88
    assert 0.2 < np.mean([value.figures["alpha"].estimate.coef for value in report.values]) < 0.6
    clustered, estimate = report.pooled["ac1"].clustered, report.pooled["ac1"].estimate
    assert clustered.se > 1.1 * estimate.se


def test_mean_over_values_matches_the_metrics():
    study, raw = random_study(9)
    rows = [tuple(row) for slug in raw for row in raw[slug]]
    patterns = sorted(set(rows), key=str)
    counts = [[raw[slug].count(list(pattern)) for pattern in patterns] for slug in raw]
    batch = batch_from_patterns([list(p) for p in patterns], counts, categories=[-1, 0, 1])
    assert report_of(study).mean_over_values.ac1 == pytest.approx(mean_over_values(batch.coef).coef)
