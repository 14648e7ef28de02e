"""Prompts: the codebook is the prompt, whole and in any language; what the presets and versions change."""

import difflib
import hashlib

import pytest

from annotator.codebooks.file import codebook_from_dict, load_built_in
from models_app.pipelines.base import Step
from models_app.pipelines.llm.prompts import (
    EXAMPLES,
    GIVEN,
    about_tokens,
    check_template,
    prompt_hash,
    prompts_hash,
    render,
    template_source,
)
from models_app.pipelines.llm.templates import BadTemplateError

BOOK = load_built_in()


def prompt(codebook=BOOK, *, given="video", examples="codebook", step=Step.VALUES, **options):
    return render(step, codebook, given=given, examples=examples, **options)


def texts_of(codebook):
    """Everything that a coder reads, by what it is."""
    for value in codebook.values:
        yield "definition", value.definition
        yield "definition", value.name
        yield "definition", value.slug
        yield from (("definition", text) for text in (value.motivation, *value.signs) if text)
        yield from (("definition", other.text) for other in value.apart_from)
        for example in value.examples:
            if example.stance != "dominant":
                yield from (("example", text) for text in (example.text, example.why) if text)
        for miss in value.near_misses:
            yield from (("example", text) for text in (miss.text, miss.why) if text)
    for rule in codebook.guidelines:
        yield from (("definition", text) for text in (rule.title, rule.text))
        if rule.example:
            yield "example", rule.example


def test_prompt_holds_all_that_coders_read():
    said = prompt()
    assert [text for _kind, text in texts_of(BOOK) if text not in said] == []
    assert BOOK.summary in said


@pytest.mark.parametrize("examples", ["none", "gold"])
def test_prompt_without_the_codebooks_examples_keeps_the_definitions(examples):
    said = prompt(examples=examples)
    assert [text for kind, text in texts_of(BOOK) if kind == "definition" and text not in said] == []
    assert [text for kind, text in texts_of(BOOK) if kind == "example" and text in said] == []
    assert ("judged by people" in said or "people settled on" in said) == (examples == "gold")


@pytest.mark.parametrize("examples", EXAMPLES)
def test_direct_and_two_step_differ_in_what_is_given_alone(examples):
    direct, two_step = (prompt(given=given, examples=examples).splitlines() for given in GIVEN)
    differing = [line for line in difflib.ndiff(direct, two_step) if line[:1] in "+-"]
    assert [line[0] for line in differing] == ["-", "+"]
    assert direct[0] != two_step[0]
    assert direct[1:] == two_step[1:]


def test_dominant_is_offered_where_the_version_allows_it():
    assert '"dominant"' not in prompt()
    allowed = prompt(BOOK.model_copy(update={"allow_dominant": True}))
    assert '- "dominant": Endorsed, and what the post is mainly about.' in allowed
    assert '"endorsed", "dominant", "absent", "confronted": one of these words' in allowed


def test_dominant_is_defined_where_the_file_is_silent_about_it():
    small = codebook_from_dict(
        {
            "slug": "s",
            "name": "S",
            "stances": [
                {"code": 1, "label": "Dafür", "definition": "Es wird vertreten."},
                {"code": 0, "label": "Absent", "definition": "Nichts."},
                {"code": -1, "label": "Dagegen", "definition": "Es wird bekämpft."},
            ],
            "values": [{"slug": "a", "name": "A", "definition": "Of a."}],
        }
    )
    said = prompt(small.model_copy(update={"allow_dominant": True}))
    assert '- "endorsed" (Dafür): Es wird vertreten.' in said
    assert '- "dominant": Endorsed, and what the video is mainly about.' in said


def test_both_is_offered_where_the_codebook_allows_it():
    assert '"both"' not in prompt()
    assert '"both": one of these words' in prompt(BOOK.model_copy(update={"allow_both": True}))


@pytest.mark.parametrize("n", [1, 60])
def test_prompt_serves_any_number_of_values(n):
    values = [{"slug": f"v{i}", "name": f"V {i}", "definition": f"Of {i}."} for i in range(n)]
    said = prompt(codebook_from_dict({"slug": "s", "name": "S", "values": values}))
    keys = ", ".join(f'"v{i}"' for i in range(n))
    assert f"these {n} keys, each exactly once: {keys}." in said


def test_codebook_in_any_script_with_markup_is_taken_as_it_is():
    text = 'שלום "x" <b>{{ 7 * 7 }}</b> {% raw %} 🙂 \\n &'
    values = [{"slug": "a", "name": text[:20], "definition": text}]
    said = prompt(codebook_from_dict({"slug": "s", "name": "S", "values": values}))
    assert text in said
    assert "49" not in said


def test_prompts_say_that_what_is_judged_is_data():
    assert "never follow it" in prompt()
    assert "never obeyed" in prompt(step=Step.SCRIPT, examples="none")


@pytest.mark.parametrize(
    "asked",
    [
        "double quotation marks",
        "in capitals",
        "(0:00)",
        "faces show",
        "hold or use",
        "between the lines",
        "square brackets",
        "subtitles that repeat",
        "Genre:",
        "Sound:",
        "(unclear)",
        "Make nothing up",
        "with the script alone",
    ],
)
def test_prompt_for_scripts_asks_for_everything_the_study_needs(asked):
    assert asked in prompt(step=Step.SCRIPT, examples="none")


@pytest.mark.parametrize("step", list(Step))
def test_template_that_ships_is_good(step):
    check_template(template_source(step))


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{# nothing #}", "renders to nothing"),
        (
            "{% if examples == 'gold' %}{{ values[0].nonsense }}{% endif %}x",
            "no part of the codebook has “nonsense”",
        ),
        ("{% if allow_both %}{{ values[7].name }}{% endif %}x", "line 1"),
    ],
)
def test_template_is_tried_in_every_situation(source, said):
    with pytest.raises(BadTemplateError, match=said):
        check_template(source)


def test_own_template_replaces_the_one_that_ships():
    source = "{{ given }}: {% for value in values %}{{ value.slug }} {% endfor %}"
    assert prompt(template=source).startswith("video: self-direction-thought self-direction-action")


def test_prompt_hash_is_that_of_its_text():
    assert prompt_hash("שלום") == hashlib.sha256("שלום".encode()).hexdigest()
    both = {Step.VALUES: "v", Step.SCRIPT: "s"}
    lines = f"script {prompt_hash('s')}\nvalues {prompt_hash('v')}\n"
    assert prompts_hash(both) == hashlib.sha256(lines.encode()).hexdigest()
    assert prompts_hash(dict(reversed(both.items()))) == prompts_hash(both)
    assert prompts_hash({Step.VALUES: "v"}) != prompts_hash({Step.SCRIPT: "v"})


def test_prompt_is_the_same_each_time():
    assert prompt_hash(prompt()) == prompt_hash(prompt(load_built_in()))


def test_tokens_are_estimated_by_characters():
    assert about_tokens("") == 0
    assert about_tokens("a" * 400) == 100
    assert about_tokens("ש" * 400) == 200
