"""Published tables, and exact rational values, that every coefficient has to meet."""

import json
import math
from pathlib import Path

import pytest

from evaluation.metrics.agreement import COEFFICIENTS, agreement, agreement_from_patterns, krippendorff_alpha

TEXTBOOK = json.loads(Path(__file__).with_name("agreement_textbook.json").read_text())
FIELDS = ("coef", "se", "ci_low", "ci_high", "pa", "pe")


def assert_matches(result, expected):
    for field in FIELDS:
        got, wanted = getattr(result, field), expected[field]
        if wanted is None:
            assert math.isnan(got), field
        else:
            assert got == pytest.approx(wanted, rel=0, abs=1e-7 if "ci" in field else 1e-9), field
    is_whole = all(expected[field] is not None for field in FIELDS)
    assert (result.undefined_because is None) == is_whole


@pytest.mark.parametrize("coefficient", sorted(COEFFICIENTS))
@pytest.mark.parametrize("case", TEXTBOOK, ids=lambda case: case["name"])
def test_textbook_table(case, coefficient):
    if coefficient not in case["expected"]:
        with pytest.raises(ValueError, match="two raters"):
            agreement([row for row, _ in case["patterns"]], case["categories"], coefficient)
        return
    scale = {"categories": case["categories"], "weights": case["weights"]}
    rows = [row for row, count in case["patterns"] for _ in range(count)]
    assert_matches(agreement(rows, coefficient=coefficient, **scale), case["expected"][coefficient])
    patterns, counts = zip(*case["patterns"], strict=True)
    counted = agreement_from_patterns(patterns, counts, coefficient=coefficient, **scale)
    assert_matches(counted, case["expected"][coefficient])


@pytest.mark.parametrize("case", TEXTBOOK, ids=lambda case: case["name"])
def test_textbook_alpha_in_krippendorffs_metrics(case):
    rows = [row for row, count in case["patterns"] for _ in range(count)]
    for level, wanted in case["metric_alpha"].items():
        alpha = krippendorff_alpha(rows, categories=case["categories"], level=level)
        assert alpha == pytest.approx(wanted, abs=1e-9)


def test_textbook_figures_are_those_in_print():
    """The file's digits go further than print; these are the printed ones."""
    value = {case["name"]: case["expected"] for case in TEXTBOOK}
    assert value["abstractors3x3"]["gwet_ac"]["coef"] == pytest.approx(0.84933, abs=5e-6)  # irrCAC
    assert value["gwet2008_125"]["gwet_ac"]["coef"] == pytest.approx(0.9408, abs=5e-5)  # Gwet 2008
    assert value["gwet2008_125"]["cohen_complete"]["coef"] == pytest.approx(-0.0234, abs=5e-5)
    assert value["fleiss15"]["gwet_ac"]["se"] == pytest.approx(0.08418757, abs=5e-9)  # R irrCAC
    assert value["kripp_canonical"]["krippendorff"]["coef"] == pytest.approx(0.743, abs=5e-4)


@pytest.fixture(scope="session")
def vectors(shared):
    file = shared / "data" / "agreement_vectors.json"
    if not file.is_file():
        pytest.skip("../shared/data/agreement_vectors.json is missing")
    return json.loads(file.read_text())["cases"]


@pytest.mark.parametrize("coefficient", sorted(COEFFICIENTS))
def test_every_exact_vector(vectors, coefficient):
    checked = 0
    for case in vectors:
        if coefficient in case["expected"]:
            result = agreement(
                case["ratings"],
                categories=case["categories"],
                coefficient=coefficient,
                weights=case["weights"],
                confidence=case["conf_level"],
                population=case["population_n"],
            )
            try:
                assert_matches(result, case["expected"][coefficient])
            except AssertionError as exc:
                raise AssertionError(f"{case['id']}: {exc}") from exc
            assert result.n_subjects == case["n_rated"], case["id"]
            checked += 1
    assert checked >= 39
    assert len(vectors) == 75


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval"])
def test_every_exact_vector_in_krippendorffs_metrics(vectors, level):
    with_metric = [case for case in vectors if case["expected_krippendorff_metric"]]
    assert len(with_metric) > 60
    for case in with_metric:
        wanted = case["expected_krippendorff_metric"][level]
        alpha = krippendorff_alpha(case["ratings"], categories=case["categories"], level=level)
        if wanted is None:
            assert math.isnan(alpha), case["id"]
        else:
            assert alpha == pytest.approx(wanted, abs=1e-9), case["id"]
