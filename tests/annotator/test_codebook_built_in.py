"""The codebook that Axial ships with holds what its users were promised, in words of its own."""

import re
from pathlib import Path

import pytest

from annotator.codebooks.file import dump_codebook, load_built_in, load_codebook

ROOT = Path(__file__).parents[2]
PAPER = ROOT.parent / "shared" / "seeds" / "003_fd25b46200143ce0.txt"

IN_CIRCULAR_ORDER = [
    "self-direction-thought",
    "self-direction-action",
    "stimulation",
    "hedonism",
    "achievement",
    "power-dominance",
    "power-resources",
    "face",
    "security-personal",
    "security-societal",
    "tradition",
    "conformity-rules",
    "conformity-interpersonal",
    "humility",
    "benevolence-dependability",
    "benevolence-caring",
    "universalism-concern",
    "universalism-nature",
    "universalism-tolerance",
]
MEMBERS = {
    "openness-to-change": ["self-direction-thought", "self-direction-action", "stimulation", "hedonism"],
    "self-enhancement": ["hedonism", "achievement", "power-dominance", "power-resources", "face"],
    "conservation": [
        "face",
        "security-personal",
        "security-societal",
        "tradition",
        "conformity-rules",
        "conformity-interpersonal",
        "humility",
    ],
    "self-transcendence": [
        "humility",
        "benevolence-dependability",
        "benevolence-caring",
        "universalism-concern",
        "universalism-nature",
        "universalism-tolerance",
    ],
}
PROMISED_GUIDELINES = {
    "no-keywords",
    "content-not-posting",
    "no-ideology",
    "code-all-values",
    "creator-leads",
    "salience-stays",
    "all-channels",
    "whole-post",
    "absent-and-unset",
    "irony",
    "pranks",
    "adverts",
    "borrowed-voice",
    "no-sound",
    "other-languages",
    "dominant",
    "cannot-be-coded",
}
# Pairs that coders mix up: at least one of the two entries must tell them apart.
OFTEN_CONFUSED = [
    ("achievement", "power-dominance"),
    ("achievement", "power-resources"),
    ("achievement", "face"),
    ("power-dominance", "power-resources"),
    ("security-personal", "hedonism"),
    ("security-personal", "security-societal"),
    ("conformity-rules", "tradition"),
    ("conformity-rules", "conformity-interpersonal"),
    ("conformity-interpersonal", "benevolence-caring"),
    ("benevolence-caring", "benevolence-dependability"),
    ("benevolence-caring", "universalism-concern"),
    ("universalism-tolerance", "universalism-concern"),
    ("stimulation", "hedonism"),
    ("self-direction-thought", "self-direction-action"),
]


@pytest.fixture(scope="module")
def book():
    return load_built_in()


def test_built_in_has_the_nineteen_values_in_circular_order(book):
    assert [value.slug for value in book.in_order] == IN_CIRCULAR_ORDER
    assert [value.position for value in book.in_order] == list(range(1, 20))


def test_built_in_groups_have_their_members_and_share_three(book):
    assert {
        group.slug: [v.slug for v in book.in_order if group.slug in v.groups] for group in book.groups
    } == MEMBERS
    primary = {value.slug: value.primary_group for value in book.values}
    assert primary["hedonism"] == "openness-to-change"
    assert primary["face"] == "self-enhancement"
    assert primary["humility"] == "conservation"


def test_built_in_opposite_groups_are_mutual(book):
    opposite = {group.slug: group.opposite for group in book.groups}
    assert all(opposite[other] == slug for slug, other in opposite.items())


@pytest.mark.parametrize("slug", IN_CIRCULAR_ORDER)
def test_built_in_value_is_complete(book, slug):
    value = book.value(slug)
    assert sum(example.code.is_endorsed for example in value.examples) >= 2
    assert sum(example.stance == "confronted" for example in value.examples) >= 1
    assert len(value.near_misses) >= 1
    assert 2 <= len(value.apart_from) <= 3
    assert len(value.signs) >= 3
    assert value.motivation
    assert value.hint
    assert all(case.why for case in (*value.examples, *value.near_misses))
    assert len(value.name) <= 40
    assert len(value.short) <= 22


def test_built_in_examples_are_all_different_and_cite_no_study(book):
    texts = [example.text for value in book.values for example in (*value.examples, *value.near_misses)]
    assert len(set(texts)) == len(texts)
    assert all(example.video is None for value in book.values for example in value.examples)


def test_built_in_hints_and_labels_tell_the_values_apart(book):
    assert len({value.short for value in book.values}) == 19
    assert len({value.hint for value in book.values}) == 19


@pytest.mark.parametrize(("one", "other"), OFTEN_CONFUSED)
def test_built_in_tells_apart_values_that_coders_confuse(book, one, other):
    pairs = {(value.slug, apart.value) for value in book.values for apart in value.apart_from}
    assert {(one, other), (other, one)} & pairs


def test_built_in_has_every_promised_guideline(book):
    assert {rule.slug for rule in book.guidelines} >= PROMISED_GUIDELINES


def test_built_in_explains_four_stances_and_offers_three(book):
    assert {stance.code for stance in book.stances} == {-1, 0, 1, 2}
    assert book.allow_dominant is False
    assert book.licence == "CC-BY-4.0"


def test_built_in_survives_export_and_import(book):
    assert load_codebook(dump_codebook(book).encode()) == book


def test_built_in_repeats_no_wording_of_the_paper(book):
    if not PAPER.exists():
        pytest.skip(f"needs the paper's text at {PAPER.name} beside the project")
    # Titles of works are cited as they are.
    text = dump_codebook(book.model_copy(update={"sources": ()}))
    shared = shingles(text) & shingles(PAPER.read_text(encoding="utf-8"))
    assert not shared


def shingles(text, *, n=6):
    """All runs of n words, in lower case and without punctuation."""
    words = re.findall(r"[a-z0-9]+", text.lower().replace("'", "").replace("’", ""))
    assert len(words) > 1000
    return {" ".join(words[i : i + n]) for i in range(len(words) - n + 1)}
