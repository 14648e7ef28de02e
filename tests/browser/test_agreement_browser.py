"""The page of agreement in windows of every width: its table is the widest that there is."""

import pytest
from django.urls import reverse

from annotator.actions.simulation import simulate_codings
from annotator.models import Role
from tests.factories import SCHWARTZ, make_member, make_study

WIDTHS = [390, 641, 768, 1024, 1201, 1280, 1366, 1920]


@pytest.fixture
def agreement_page(page_as, db):
    study = make_study("sim", slugs=SCHWARTZ)
    simulate_codings(study=study, n_videos=40, n_creators=6, seed=2)
    page = page_as(make_member(study, Role.RESEARCHER))
    page.goto(reverse("evaluation:agreement_detail", args=("sim",)))
    return page


def test_page_is_no_wider_than_the_window_at_any_width(agreement_page):
    wider = {}
    for width in WIDTHS:
        agreement_page.set_viewport_size({"width": width, "height": 800})
        wider[width] = agreement_page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert {width: by for width, by in wider.items() if by > 0} == {}


def test_each_width_shows_both_intervals_and_specific_agreement(agreement_page):
    row = agreement_page.locator(".agreement-table tbody tr").first
    for width in WIDTHS:
        agreement_page.set_viewport_size({"width": width, "height": 800})
        assert row.locator("svg.interval").is_visible()
        assert row.locator(".interval-range").count() == 1
        assert row.locator(".interval-tick").count() == 2
        assert row.locator(".is-second").is_visible() == (width < 640 or width >= 1360)
        assert [row.locator(".is-detail").nth(n).is_visible() for n in range(3)] == [True] * 3


@pytest.mark.parametrize("language", ["en", "he"])
def test_number_ends_its_line_on_a_telephone_and_its_name_begins_it(agreement_page, live_server, language):
    """Number cells run left to right in every language; the line does not."""
    cookie = {"name": "django_language", "value": language, "url": live_server.url}
    agreement_page.context.add_cookies([cookie])
    agreement_page.set_viewport_size({"width": 390, "height": 800})
    agreement_page.reload()
    cell = agreement_page.locator(".agreement-table tbody td.num[data-label]").first
    line, number = (
        cell.bounding_box(),
        cell.evaluate(
            "cell => { const range = document.createRange(); range.selectNodeContents(cell);"
            " return range.getBoundingClientRect().toJSON() }"
        ),
    )
    before, after = number["x"] - line["x"], line["x"] + line["width"] - number["x"] - number["width"]
    start, end = (before, after) if language == "en" else (after, before)
    assert end < 1
    assert start > line["width"] / 2, "the name needs the room"
