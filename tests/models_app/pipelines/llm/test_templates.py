"""The sandbox of templates: what is wrong is named with its line, and nothing runs for ever."""

import time

import pytest

from models_app.pipelines.llm.templates import MOST_SOURCE, BadTemplateError, rendered

CONTEXT = {"given": "video", "values": ("a", "b", "c")}


@pytest.mark.parametrize(
    ("source", "line", "said"),
    [
        ("one\n{% for v in values %}", 2, "endfor"),
        ("one\n\n{{ nobody }}", 3, "“nobody” is not known; there are: given, values"),
        ("{% if given == 'x' %}\n{{ nobody }}{% endif %}", 2, "“nobody” is not known"),
        ("\n{{ values.nothing }}", 2, "nothing"),
        ("\n{{ values|nothing }}", 2, "nothing"),
        ("{{ values.index('a') }}", 1, "only the template's own macros can be called"),
        ("\n{{ ''.__class__.__mro__ }}", 2, "unsafe"),
        ("\n{% include 'other' %}", 2, "a prompt is one template"),
        ("{% import 'other' as x %}", 1, "a prompt is one template"),
        ("{% from 'other' import x %}", 1, "a prompt is one template"),
        ("{% extends 'other' %}", 1, "a prompt is one template"),
        ("\n{{ 1 // 0 }}", 2, "ZeroDivisionError"),
        ("\n{{ range(9) }}", 2, "“range” is not known"),
        ("x" * (MOST_SOURCE + 1), None, "longer than"),
    ],
)
def test_template_with_a_mistake_says_where(source, line, said):
    with pytest.raises(BadTemplateError) as error:
        rendered(source, CONTEXT)
    assert said in str(error.value)
    assert error.value.line == line
    assert line is None or str(error.value).startswith(f"line {line}: ")


@pytest.mark.parametrize(
    "source",
    [
        "{% for a in values %}" * 15 + "{% endfor %}" * 15,
        "{% set x = 'ab' %}" + "{% set x = x ~ x %}" * 60,
        "{% set x = 'ab' %}" + "{% set x = x + x %}" * 60,
        "{% set x = values|list %}" + "{% set x = x + x %}" * 60,
        "{% set x = 'ab' %}" + "{% set x %}{{ x }}{{ x }}{% endset %}" * 60,
        "{% set x = 'aa' %}" + "{% set x = x|replace('a', x) %}" * 20,
        "{% set x = 'aaaaaaaaaa' %}" + "{% set x = x|join(x) %}" * 20,
        "{% macro m(n) %}{{ m(n) }}{{ m(n) }}{% endmacro %}{{ m(1) }}",
        "{% macro m(n) %}{% if n %}{% set a = m(n - 1) %}{% set a = m(n - 1) %}{% endif %}{% endmacro %}"
        "{{ m(60) }}",
        "{{ 'a' * 1000000000 }}",
        "{{ 10 ** 10 ** 10 }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ 'a'.ljust(1000000000) }}",
        "{% for a in values recursive %}{{ loop(values) }}{% endfor %}",
        "{{ (" * 3000,
    ],
)
def test_template_that_would_not_end_is_stopped(source):
    began = time.monotonic()
    with pytest.raises(BadTemplateError):
        rendered(source, CONTEXT)
    assert time.monotonic() - began < 10


def test_template_may_use_loops_macros_and_filters():
    source = (
        "{% macro shout(x) %}{{ x|upper }}!{% endmacro %}"
        "{% for v in values %}{{ shout(v) }}{% if not loop.last %}, {% endif %}{% endfor %}"
        " {{ values|join('-') }} {{ 'a' ~ (1 + 1) }} {{ values|map('upper')|list|length }}"
    )
    assert rendered(source, CONTEXT) == "A!, B!, C! a-b-c a2 3"


def test_text_is_not_escaped():
    assert rendered("{{ given }} <b> & \"'", {"given": "<i>"}) == "<i> <b> & \"'"
