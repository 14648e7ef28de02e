"""Codebook files: what is read, what is refused and in which words, what comes out again."""

import re
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from annotator.codebooks.file import (
    BUILT_IN,
    CodebookDoc,
    CodebookFileError,
    codebook_from_dict,
    codebook_to_dict,
    dump_codebook,
    example_videos,
    load_built_in,
    load_codebook,
)
from annotator.codebooks.strict_yaml import forbidden_character

FORMAT_PAGE = Path(__file__).parents[2] / "docs" / "codebook-format.md"

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


def refusal(content):
    with pytest.raises(CodebookFileError) as caught:
        load_codebook(content if isinstance(content, bytes) else content.encode())
    message = str(caught.value)
    assert message.isprintable()  # one line, too
    return message


def refusal_if_any(read):
    """The message of a refusal, or nothing where the content was read; other errors pass through."""
    try:
        read()
    except CodebookFileError as exc:
        return str(exc)
    return ""


def edited(**changes):
    """The small codebook with changes to its first value."""
    plain = codebook_to_dict(load_text(SMALL))
    plain["values"][0] |= changes
    return plain


def pages_examples():
    return re.findall(r"```yaml\n(.*?)```", FORMAT_PAGE.read_text(encoding="utf-8"), re.DOTALL)


# Reading


def test_small_codebook_numbers_its_values_and_has_three_stances():
    book = load_text(SMALL)
    assert [(value.slug, value.position) for value in book.in_order] == [("joy", 1), ("fear", 2)]
    assert {stance.code for stance in book.stances} >= {1, 0, -1}
    assert book.value("joy").short_name == "Joy"


def test_positions_decide_the_order_not_the_file():
    book = load_text(
        SMALL.replace("name: Joy", "name: Joy\n    position: 7").replace(
            "name: F", "position: 3\n    name: F"
        )
    )
    assert [value.slug for value in book.in_order] == ["fear", "joy"]


def test_long_name_is_cut_for_the_compact_row():
    book = codebook_from_dict(edited(name="A name that goes on and on"))
    assert book.value("joy").short_name == "A name that goes on a…"
    assert len(book.value("joy").short_name) == 22


@pytest.mark.parametrize("n", [0, 1])
def test_examples_on_the_format_page_load(n):
    book = load_text(pages_examples()[n])
    assert book.slug == "school-themes"
    assert load_text(dump_codebook(book)) == book


def test_format_page_names_every_field():
    page = FORMAT_PAGE.read_text(encoding="utf-8")
    value_model = CodebookDoc.model_fields["values"].annotation.__args__[0]
    for model in (CodebookDoc, value_model):
        for name, field in model.model_fields.items():
            assert f"`{field.alias or name}`" in page


def test_words_that_yaml_takes_for_something_else_stay_text():
    book = load_text(SMALL.replace("Being glad.", "no").replace("Being afraid.", "12:30"))
    assert [value.definition for value in book.values] == ["no", "12:30"]


def test_video_ids_may_be_written_as_numbers_and_keep_their_digits():
    case = "\n    examples: [{stance: endorsed, text: t, video: %s}]"
    for given_id in ("7341895431883967746", "007", "'12'"):
        book = load_text(SMALL.replace("glad.", "glad." + case % given_id))
        assert example_videos(book) == {given_id.strip("'")}


def test_example_videos_come_from_examples_and_near_misses():
    book = codebook_from_dict(
        edited(
            examples=[
                {"stance": "endorsed", "text": "a", "video": "v1"},
                {"stance": "confronted", "text": "b"},
            ],
            **{"not": [{"text": "c", "video": "v2"}]},
        )
    )
    assert example_videos(book) == {"v1", "v2"}
    assert example_videos(load_built_in()) == set()


def test_line_breaks_and_unicode_forms_make_no_difference():
    one = codebook_from_dict(edited(definition="Café  and\n tea.\n\n\nMore."))
    other = codebook_from_dict(edited(definition=" Cafe\u0301 and tea.\n\nMore."))
    assert one == other
    assert one.value("joy").definition == "Café and tea.\n\nMore."


def test_hebrew_with_direction_marks_is_kept():
    book = codebook_from_dict(edited(name="שמחה\u200f (Joy)"))
    assert load_text(dump_codebook(book)).value("joy").name == "שמחה\u200f (Joy)"


def test_codebook_cannot_be_changed_in_place():
    with pytest.raises(ValidationError, match="frozen"):
        load_text(SMALL).name = "Other"


# Refusing


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            SMALL.replace("name: Joy", "nane: Joy"),
            "line 5, value “joy”, field nane: is not a field of the format; did you mean name?",
        ),
        (SMALL + "colour: red\n", "line 10, field colour: is not a field of the format; known are schema"),
        (SMALL.replace("    name: Joy\n", ""), "line 4, value “joy”, field name: is missing"),
        (SMALL.replace("slug: fear", "slug: joy"), "line 7, value “joy”, field slug: “joy” is used twice"),
        (SMALL.replace("slug: joy", "slug: Joy!"), "line 4, value “Joy!”, field slug: “Joy!” must be lower"),
        (SMALL.replace("slug: joy", "slug: a--b"), "joined by single hyphens"),
        (SMALL.replace("slug: joy", f"slug: {'a' * 61}"), "is longer than 60 characters"),
        (SMALL.replace("Being glad.", "12"), "line 6, value “joy”, field definition: must be text"),
        (SMALL.replace("Being glad.", "' '"), "line 6, value “joy”, field definition: is empty"),
        (SMALL.replace("Being glad.", '"\\u0007"'), "line 6: the file holds the control character U+0007"),
        (SMALL.replace("Being glad.", "x\u202ey"), "line 6: the file holds the control character U+202E"),
        (SMALL.replace("Joy", "Joy\n    position: 0"), "a whole number from 1 to 60"),
        (SMALL.replace("Joy", "Joy\n    position: 61"), "a whole number from 1 to 60"),
        (SMALL.replace("Joy", "Joy\n    position: true"), "a whole number from 1 to 60"),
        (SMALL.replace("Joy", "Joy\n    position: 1"), "line 8, value “fear”, field position: is missing"),
        (
            re.sub("name: (Joy|Fear)", r"name: \1\n    position: 2", SMALL),
            "line 10, value “fear”, field position: “2” is used twice",
        ),
        (SMALL.replace("Joy", "Joy\n    groups: [g]"), "groups 1: “g” is not among the codebook's groups"),
        (SMALL + "groups: [{slug: g, name: G}]\n", "line 4, value “joy”: has no group, though"),
        (SMALL + "groups: [{slug: g, name: G, opposite: h}]\n", "group “g”, field opposite: “h” is no other"),
        (
            SMALL.replace("Joy", "Joy\n    apart_from:\n      - {value: envy, text: t}"),
            "line 7, value “joy”, apart_from 1, field value: “envy” is no other value",
        ),
        (SMALL.replace("Joy", "Joy\n    apart_from: [{value: joy, text: t}]"), "“joy” is no other value"),
        (SMALL.replace("Joy", "Joy\n    not: [{text: t, instead: [envy]}]"), "“envy” is no other value"),
        (SMALL.replace("Joy", "Joy\n    examples: [{stance: good, text: t}]"), "must be one of 'endorsed'"),
        (
            SMALL.replace("Joy", "Joy\n    examples: [{stance: dominant, text: t}]"),
            "line 6, value “joy”, examples 1, field stance: is dominant, which this codebook does not allow",
        ),
        (SMALL.replace("Joy", "Joy\n    short: a label much too long for it"), "longer than 22 characters"),
        (SMALL.replace("Joy", "Joy\n    signs: one"), "must be a list"),
        (
            SMALL + "stances: [{code: 1, label: Yes, definition: d}]\n",
            "field stances: has no entry with code",
        ),
        (SMALL + "stances: [{code: 3, label: Yes, definition: d}]\n", "field code: must be 1, 0, -1 or 2"),
        (SMALL + "allow_dominant: sometimes\n", "field allow_dominant: must be true or false"),
        (SMALL + "language: not a language\n", "is not a language code"),
        (SMALL + "sources: [{citation: c, url: 'javascript:alert(1)'}]\n", "is not a web address"),
        (SMALL + "schema: axial-codebook/2\n", "must be one of 'axial-codebook/1'"),
        ("slug: a\nname: A\nvalues: []\n", "line 3, field values: must have at least one entry"),
        ("slug: a\nname: A\nvalues: many\n", "line 3, field values: must be a list"),
        ("slug: a\nname: A\nvalues: [x]\n", "line 3, value 1: must hold fields (name: text)"),
    ],
)
def test_wrong_codebook_is_refused_by_line_entry_and_field(text, message):
    assert message in refusal(text)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"# nothing but a comment\n", "the file is empty"),
        (b"- a\n- b\n", "line 1: the file must hold fields"),
        (b"just a text", "line 1: the file must hold fields"),
        (b"null", "the file must hold fields"),
        (b"name: [a\n", "line 2: the file is not valid YAML"),
        (b"a: b: c\n", "line 1: the file is not valid YAML"),
        (b"name: 'no end", "the file is not valid YAML"),
        (b"a: 1\n---\na: 2\n", "line 2: the file holds more than one document"),
        (b"a: 1\nb: 2\na: 3\n", "line 3: the file has the key “a” twice (first on line 1)"),
        (b"1: a\n'1': b\n", "line 2: the file has the key “1” twice"),
        (b"? [a, b]\n: c\n", "line 1: the file has a list or mapping as a key"),
        (b"a: &x 1\n", "line 1: the file uses an anchor"),
        (b"a: 1\nb: *x\n", "the file uses an alias"),
        (b"a: !!python/object/apply:os.system [ls]\n", "line 1: the file uses the tag"),
        (b"a: !!binary aGVsbG8=\n", "line 1: the file uses the tag"),
        (b"name: a\x00b\n", "line 1: the file holds the control character U+0000"),
        (b"name: a\n\x1b[31m: b\n", "line 2: the file holds the control character U+001B"),
        (b'name: "\\ud800"\n', "line 1: the file"),
        (b"name: a\nslug: caf\xe9\n", "line 2: the file is not encoded as UTF-8"),
        ("name: a".encode("utf-16"), "line 1: the file is encoded as UTF-16"),
        (b"[" * 13, "line 1: the file is nested more than 12 levels deep"),
        (b"[" * 100_000, "line 1: the file is nested more than 12 levels deep"),
        (b"{a: " * 100_000, "line 1: the file is nested more than 12 levels deep"),
        (b"- " * 100_000, "line 1: the file is nested more than 12 levels deep"),
        (b"a: [" + b"1," * 60_000 + b"1]", "line 1: the file holds more than 50,000 entries"),
        (b"a: '" + b"x" * 1_000_000 + b"'", "the file is larger than 1 MB"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "line 1: the file is not encoded as UTF-8"),
    ],
    ids=lambda part: None if isinstance(part, str) else repr(part[:24]),
)
def test_broken_or_hostile_file_is_refused_quickly(content, message):
    began = time.perf_counter()
    assert message in refusal(content)
    assert time.perf_counter() - began < 5


def test_aliases_that_multiply_are_refused_before_they_do():
    levels = [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 10)]
    assert "anchor" in refusal("\n".join(["l0: &l0 [lol]", *levels]))


@pytest.mark.parametrize(
    ("path", "reason"),
    [("missing.yaml", "No such file"), (".", "Is a directory"), ("a\0b", "not a usable path")],
)
def test_unreadable_path_is_named(tmp_path, monkeypatch, path, reason):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CodebookFileError, match=f"cannot open .*{reason}"):
        load_codebook(path)


def test_every_problem_is_listed_for_a_page():
    with pytest.raises(CodebookFileError) as caught:
        load_text(SMALL.replace("name: Joy", "name: 5").replace("name: Fear", "name: 6"))
    assert [(p.line, p.where) for p in caught.value.problems] == [
        (5, "value “joy”, field name"),
        (8, "value “fear”, field name"),
    ]
    assert str(caught.value).endswith("(and 1 more)")


def test_content_that_is_no_file_is_checked_alike():
    with pytest.raises(CodebookFileError, match=r"^value “joy”, field definition: must be text"):
        codebook_from_dict(edited(definition=["a"]))


def test_dumps_are_checked_against_a_byte_order_mark():
    assert load_codebook(b"\xef\xbb\xbf" + SMALL.encode()) == load_text(SMALL)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
@example(b"\xef\xbb\xbf")
@example(b"%YAML 9.9\n---\na")
@example(b"? \n? ")
def test_any_bytes_are_read_or_refused_in_one_line(content):
    assert refusal_if_any(lambda: load_codebook(content)).isprintable()


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="abz:-?[]{},&*!|>'\"%@`# \n\t\\0179é\u202e\U0001f600", max_size=120))
def test_any_punctuation_is_read_or_refused_in_one_line(text):
    content = b"slug: a\nname: " + text.encode()
    assert refusal_if_any(lambda: load_codebook(content)).isprintable()


TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(data=st.data(), content=TREES)
def test_any_content_in_any_place_is_read_or_refused_in_one_line(data, content):
    plain = codebook_to_dict(load_text(pages_examples()[1]))
    parts = [plain, plain["values"][0], plain["values"][0]["examples"][0], plain["groups"][0]]
    target = data.draw(st.sampled_from(parts))
    target[data.draw(st.sampled_from([*target, "examples", "not", "apart_from", "odd\nkey\x00"]))] = content
    assert refusal_if_any(lambda: codebook_from_dict(plain)).isprintable()


@settings(max_examples=60, deadline=None)
@given(cut=st.integers(0, BUILT_IN.stat().st_size - 100))
def test_truncated_built_in_is_refused_or_shorter(cut):
    books = []
    message = refusal_if_any(lambda: books.append(load_codebook(BUILT_IN.read_bytes()[:cut])))
    assert message.isprintable()
    assert load_built_in() not in books


# Writing


TEXTS = st.text(
    st.characters(codec="utf-8").filter(lambda char: forbidden_character(char) is None), max_size=60
).filter(str.strip)


@settings(max_examples=200, deadline=None)
@given(name=TEXTS, definition=TEXTS, sign=TEXTS)
@example(name="no", definition="1:30", sign="- # & * ! | > ' \" % @ `")
@example(name="12", definition="null", sign="true")
@example(name="a: b", definition="one\n\ntwo", sign="\U0001f600 \u200f")
def test_dump_loads_as_the_same_codebook(name, definition, sign):
    book = codebook_from_dict(edited(name=name, definition=definition, signs=[sign]))
    assert load_text(dump_codebook(book)) == book
    assert codebook_from_dict(codebook_to_dict(book)) == book


def test_dump_reads_alike_for_other_yaml_readers():
    book = load_built_in()
    assert yaml.safe_load(dump_codebook(book)) == codebook_to_dict(book)
