"""The shell and the shared partials, rendered without any page of the app."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.template.loader import render_to_string
from django.utils import translation

pytestmark = pytest.mark.urls("tests.shell_urls")


def render(rf, name, context=None):
    request = rf.get("/somewhere/")
    request.user = AnonymousUser()
    return render_to_string(name, context or {}, request=request)


def test_base_renders_for_a_stranger_without_a_study(rf):
    html = render(rf, "base.html")
    assert '<html lang="en" dir="ltr">' in html
    assert 'href="#main"' in html
    assert "X-CSRFToken" in html
    assert "Log in" in html
    assert '<nav class="topnav"' not in html


def test_base_turns_round_in_hebrew(rf):
    with translation.override("he"):
        assert '<html lang="he" dir="rtl">' in render(rf, "base.html")


def test_base_shows_the_way_through_a_study(rf):
    nav = [
        {"url": "/a/", "label": "Overview", "is_current": False, "count": None},
        {"url": "/b/", "label": "Code <1>", "is_current": True, "count": 4},
    ]
    html = render(rf, "base.html", {"study": {"name": "Pilot", "is_simulated": True}, "nav": nav})
    assert '<a href="/b/" aria-current="page">Code &lt;1&gt; <span class="count">4</span></a>' in html
    assert "Simulated data" in html


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "500"])
def test_error_page_says_what_happened(rf, name):
    html = render(rf, f"{name}.html")
    assert '<h1 class="empty-title">' in html
    assert html.count('class="button is-primary"') == 1


@pytest.mark.parametrize(
    ("stance", "sign", "word"),
    [
        (-1, "−", "confronted"),
        (0, "0", "absent"),
        (1, "+", "endorsed"),
        (2, "++", "dominant"),
        (None, "", "not set"),
    ],
)
def test_stance_has_a_sign_and_a_word(stance, sign, word):
    html = render_to_string("partials/stance.html", {"stance": stance})
    assert f">{word}</span>" in html
    assert sign in html
    assert f'data-stance="{"unset" if stance is None else stance}"' in html


def test_stance_control_checks_what_is_set():
    html = render_to_string("partials/stance_control.html", {"name": "face", "stance": 0, "label": "Face"})
    assert html.count("checked") == 1
    assert 'value="0" checked' in html
    assert 'value="2"' not in html


def test_stance_control_checks_nothing_while_unset():
    context = {"name": "face", "stance": None, "label": "Face", "dominant": True}
    html = render_to_string("partials/stance_control.html", context)
    assert "checked" not in html
    assert 'value="2"' in html


def test_interval_writes_numbers_for_svg_in_every_language():
    context = {"point": 71.5, "low": 60.25, "high": 80.0, "label": "AC1"}
    with translation.override("de"):
        html = render_to_string("partials/interval.html", context)
    assert 'cx="71.5%"' in html


def test_interval_draws_no_point_where_undefined():
    html = render_to_string("partials/interval.html", {"point": None, "label": "undefined"})
    assert "<circle" not in html
