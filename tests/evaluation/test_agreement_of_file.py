"""`agreement --file`: any table of ratings, errors by line and column."""

import json

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.metrics.agreement import agreement

GWET = "A,B\n" + "0,0\n" * 118 + "0,1\n" * 5 + "1,0\n" * 2


@pytest.fixture
def ratings(tmp_path):
    def write(text, name="ratings.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    return write


def run(capsys, *args):
    call_command("agreement", *args, "--json")
    return json.loads(capsys.readouterr().out)


def test_published_table(capsys, ratings):
    said = run(capsys, "--file", ratings(GWET), "--categories", "0,1")
    assert said["ac1"]["coef"] == pytest.approx(0.9408, abs=1e-4)
    assert said["cohen"]["coef"] == pytest.approx(-0.0233, abs=1e-4)
    assert (said["n_units"], said["raters"]) == (125, ["A", "B"])


def test_missing_ratings_negative_categories_and_a_column_of_ids(capsys, ratings):
    text = "video_id,a,b,c\n7,-1,-1,\n8,0,,1\n9,1,1,1\n10,−1,0,\n"
    said = run(capsys, "--file", ratings(text), "--categories", "-1,0,1")
    rows = [[-1, -1, None], [0, None, 1], [1, 1, 1], [-1, 0, None]]
    for name, coefficient in (("ac1", "gwet_ac"), ("alpha", "krippendorff"), ("kappa", "conger")):
        want = agreement(rows, [-1, 0, 1], coefficient=coefficient)
        assert said[name]["coef"] == pytest.approx(want.coef)
        assert said[name]["se"] == pytest.approx(want.se)
    assert said["raters"] == ["a", "b", "c"]


def test_words_weights_and_confidence(capsys, ratings):
    text = "a,b\nlow,mid\nhigh,high\nmid,mid\nlow,low\n"
    path = ratings(text)
    said = run(
        capsys, "--file", path, "--categories", "low,mid,high", "--weights", "ordinal", "--confidence", ".9"
    )
    rows = [["low", "mid"], ["high", "high"], ["mid", "mid"], ["low", "low"]]
    want = agreement(rows, ["low", "mid", "high"], weights="ordinal", confidence=0.9)
    assert (said["ac1"]["coef"], said["ac1"]["ci_low"]) == pytest.approx((want.coef, want.ci_low))


def test_undefined_is_null_with_a_reason_and_words(capsys, ratings):
    path = ratings("a,b\n0,0\n0,0\n")
    assert run(capsys, "--file", path, "--categories", "0,1")["alpha"] == {
        "coef": None,
        "se": None,
        "ci_low": None,
        "ci_high": None,
        "observed": 1.0,
        "by_chance": 1.0,
        "undefined_because": "chance_is_one",
    }
    call_command("agreement", "--file", path, "--categories", "0,1")
    assert "undefined, because every rating that can be compared is the same" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "categories", "said"),
    [
        ("a,b\n0,1\n0,5\n", "0,1", r"ratings.csv, line 3, column “b”: “5” is not one of the categories 0, 1"),
        ("a,b\n0,x\n", "0,1", "line 2, column “b”: “x”"),
        ("a,b\n0,nan\n", "0,1", "column “b”: “nan”"),
        ("a,b\n0\n", "0,1", "line 2: the row has 1 cells"),
        ("video_id\n0\n", "0,1", "no column of ratings"),
        ("", "0,1", "the file is empty"),
        ("a,b\n0,1\n", "0,0", "declared twice"),
        ("a,b\n0,1\n", "0,,1", "one of them is empty"),
        ("a,b\n0,1\n", "-1,-1.0", "declared twice"),
        ("a,b\n0,1\n", ",".join(map(str, range(101))), "--categories: more than 100"),
        (",".join(f"r{n}" for n in range(201)) + "\n" + "0," * 200 + "0\n", "0,1", "more than 200 columns"),
    ],
)
def test_bad_input_names_row_and_column(ratings, text, categories, said):
    with pytest.raises(CommandError, match=said):
        call_command("agreement", "--file", ratings(text), "--categories", categories)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ((), "name a study, or a table"),
        (("--file", "x.csv"), "needs --categories"),
        (("--file", "missing.csv", "--categories", "0,1"), "cannot be read"),
        (("--file", "x.csv", "--categories", "0,1", "--batch", "A"), "--batch goes with a study"),
        (("--file", "x.csv", "--categories", "0,1", "--confidence", "1"), "between 0 and 1"),
        (("--file", "x.csv", "--categories", "0,1", "--weights", "cubic"), "invalid choice"),
    ],
)
def test_arguments_that_do_not_fit(args, said):
    with pytest.raises(CommandError, match=said):
        call_command("agreement", *args)


CELLS = st.sampled_from(["", "0", "1", "-1", "1.0", "nan", "inf", "x", '"', "٣", "1e999", "\x00", "9" * 400])
TEXTS = st.lists(st.lists(CELLS, min_size=1, max_size=4).map(",".join), max_size=6).map("\n".join)


@settings(max_examples=120, deadline=None)
@given(
    data=TEXTS.map(lambda text: ("a,b,c\n" + text).encode()) | st.binary(max_size=200),
    name=st.sampled_from(["r.csv", "r.tsv", "r.json", "r.jsonl", "r.xlsx", "r"]),
    categories=st.sampled_from(["-1,0,1", "0,1", "x,y", "1", "nan,1", "inf,0", ",", "1,1", "²,³"]),
    weights=st.sampled_from(["unweighted", "linear", "quadratic", "ordinal"]),
)
def test_hostile_files_are_refused_in_a_line_or_computed(tmp_path_factory, data, name, categories, weights):
    path = tmp_path_factory.mktemp("hostile") / name
    path.write_bytes(data)
    try:
        call_command("agreement", "--file", str(path), "--categories", categories, "--weights", weights)
    except CommandError as error:
        told = str(error)
    else:
        return
    assert told
    assert "\n" not in told
