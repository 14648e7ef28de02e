"""Identity of codebooks and values: what changes a hash, and what a comparison of versions tells."""

import pytest

from annotator.codebooks.file import (
    codebook_from_dict,
    codebook_hash,
    codebook_to_dict,
    content_hash,
    diff,
    dump_codebook,
    load_built_in,
    load_codebook,
)

SMALL = """\
slug: small
name: Small
values:
  - slug: joy
    name: Joy
    definition: Being glad.
  - slug: fear
    name: Fear
    definition: Being afraid.
"""


def load_text(text):
    return load_codebook(text.encode())


def edited(**changes):
    """The small codebook with changes to its first value."""
    plain = codebook_to_dict(load_text(SMALL))
    plain["values"][0] |= changes
    return plain


def test_content_hash_is_the_same_as_ever():
    # Stored judgements and runs carry this hash, so the way it is made must not drift.
    book = load_text(SMALL)
    assert (
        content_hash(book.value("joy")) == "54558a81351bed5d55c8d41476d58a7ce6448e95a6c5fc0e2e3c8a6ad8dbeff3"
    )


def test_hashes_ignore_the_order_and_layout_of_the_file():
    turned = """\
values:
  - {definition: "Being
      glad.", name: Joy, slug: joy}
  - {name: Fear, slug: fear, definition: Being afraid.}
name: Small  # a comment
slug: small
"""
    one, other = load_text(SMALL), load_text(turned)
    assert content_hash(one.value("joy")) == content_hash(other.value("joy"))
    assert codebook_hash(one) == codebook_hash(other)


CHANGES = {
    "name": "Gladness",
    "hint": "Glad",
    "definition": "Being very glad.",
    "motivation": "They want to smile.",
    "signs": ["Smiles"],
    "apart_from": [{"value": "fear", "text": "No trembling."}],
    "examples": [{"stance": "endorsed", "text": "A smile."}],
    "not": [{"text": "A grin."}],
}


@pytest.mark.parametrize(("field", "content"), CHANGES.items())
def test_what_a_coder_reads_changes_the_identity_of_a_value(field, content):
    old, new = load_text(SMALL), codebook_from_dict(edited(**{field: content}))

    assert content_hash(old.value("joy")) != content_hash(new.value("joy"))
    change = diff(old, new).values[0]
    assert (change.slug, change.kind, change.fields) == ("joy", "changed", (field,))
    assert not diff(old, new).keeps_identities
    assert codebook_hash(old) != codebook_hash(new)


@pytest.mark.parametrize(("field", "content"), [("short", "J"), ("position", 9)])
def test_place_and_short_label_do_not_change_the_identity(field, content):
    old, new = load_text(SMALL), codebook_from_dict(edited(**{field: content}))

    assert content_hash(old.value("joy")) == content_hash(new.value("joy"))
    change = next(change for change in diff(old, new).values if change.slug == "joy")
    assert (change.kind, change.fields) == ("same", (field,))
    assert diff(old, new).keeps_identities


def test_order_of_examples_matters_to_the_hash():
    cases = [{"stance": "endorsed", "text": "a"}, {"stance": "endorsed", "text": "b"}]
    one, other = codebook_from_dict(edited(examples=cases)), codebook_from_dict(edited(examples=cases[::-1]))
    assert content_hash(one.value("joy")) != content_hash(other.value("joy"))


def test_diff_names_added_removed_and_same_values():
    old = load_text(SMALL)
    new = load_text(SMALL.replace("slug: fear", "slug: awe").replace("name: Fear", "name: Awe"))

    changes = diff(old, new)

    assert [(change.slug, change.kind) for change in changes.values] == [
        ("joy", "same"),
        ("awe", "added"),
        ("fear", "removed"),
    ]
    assert [change.slug for change in changes.of_kind("removed")] == ["fear"]
    assert not changes.keeps_identities


def test_diff_names_changed_guidelines_and_other_fields():
    rule = "guidelines: [{slug: r, title: R, text: %s}]\n"
    old, new = load_text(SMALL + rule % "one"), load_text(SMALL + rule % "two" + "version: 2\n")

    changes = diff(old, new)

    assert [(c.slug, c.kind, c.fields) for c in changes.guidelines] == [("r", "changed", ("text",))]
    assert changes.fields == ("version",)
    assert changes.keeps_identities


def test_diff_of_equal_codebooks_is_empty():
    changes = diff(load_built_in(), load_built_in())
    assert {(change.kind, change.fields) for change in changes.values} == {("same", ())}
    assert len(changes.values) == 19
    assert changes.fields == ()


def test_codebook_hash_ignores_only_where_it_comes_from():
    old = load_text(SMALL)
    renamed = load_text(SMALL.replace("name: Small", "name: Other") + "version: 2\nlicence: CC0\n")
    dominant = load_text(SMALL + "allow_dominant: true\n")
    assert codebook_hash(renamed) == codebook_hash(old)
    assert codebook_hash(dominant) != codebook_hash(old)


def test_codebook_hash_is_the_same_as_ever():
    # Runs carry it: a field that the format gained since must not change it while it says nothing.
    book = load_text(SMALL)
    assert codebook_hash(book) == "d29292a6ce6e5d2868dc823ddbe6d5225771f2bce912221bafa1f7fa2081051d"
    silent = load_text(SMALL + "allow_both: false\n")
    assert codebook_hash(silent) == codebook_hash(book)
    assert "allow_both" not in codebook_to_dict(silent)


def test_allowing_both_is_another_codebook_with_the_same_values():
    old, new = load_text(SMALL), load_text(SMALL + "allow_both: true\n")
    assert codebook_hash(new) != codebook_hash(old)
    assert diff(old, new).fields == ("allow_both",)
    assert diff(old, new).keeps_identities
    assert codebook_from_dict(codebook_to_dict(new)) == new
    assert load_text(dump_codebook(new)) == new
