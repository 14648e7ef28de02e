"""The coding screen as annotators use it: keys, dropped connections, two tabs, double clicks, small screens."""

import re
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from annotator.actions.assignment import take_next_coding
from annotator.actions.codebook import builtin_codebook, install_codebook
from annotator.actions.videos import store_media
from annotator.models import Change, Coding, Role, Study
from tests.factories import make_batch, make_member, make_video

SAVED = '#save-state[data-state="saved"]'


@pytest.fixture
def study() -> Study:
    study = Study.objects.create(slug="study", name="Study")
    install_codebook(study=study, doc=builtin_codebook())
    make_batch(study)
    return study


@pytest.fixture
def coder(study):
    return make_member(study, Role.ANNOTATOR)


@pytest.fixture
def coding(study, coder) -> Coding:
    make_video(study, creator="someone", caption="A caption of the post", hashtags=["one", "two"])
    return take_next_coding(study=study, coder=coder)


def address(coding: Coding) -> str:
    return reverse("annotator:coding_edit", args=(coding.study.slug, coding.pk))


def open_screen(page, coding):
    page.goto(address(coding))
    page.wait_for_selector("#coding[data-ready]")
    return page


def stances(coding: Coding) -> dict[str, int | None]:
    return dict(coding.judgements.order_by("value__position").values_list("value__slug", "stance"))


def press(page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def current(page) -> str:
    return page.locator(".value-row.is-current").get_attribute("data-key")


def test_video_is_coded_by_keyboard_alone(page_as, study, coder, coding, shared):
    store_media(video=coding.video, path=shared / "media" / "bigbuckbunny.mp4")
    following = make_video(study)
    page = open_screen(page_as(coder), coding)
    assert current(page) == "self-direction-thought"
    press(page, "3", "-", "+", "0")  # the same keys set any row and step on
    assert current(page) == "achievement"
    page.keyboard.type("tr")  # the first letters of a value
    assert current(page) == "tradition"
    press(page, "1")
    press(page, "ArrowUp", "!")  # unsure
    press(page, "ArrowRight", "ArrowRight", ".")  # two seconds on, evidence here
    press(page, "Shift+N")
    page.keyboard.type("3 old ways, ! mocked?")  # keys rest while typing
    press(page, "Escape")
    press(page, "ArrowDown", "2", "ArrowUp", "Backspace", "Control+z")
    page.wait_for_selector(SAVED)
    assert stances(coding)["tradition"] == -1
    assert stances(coding)["conformity-rules"] == 0
    press(page, "Enter")
    summary = page.locator("#summary")
    expect(summary).to_contain_text("6 of 19 values given")
    expect(summary).to_contain_text("The other 13 become absent")
    expect(summary).to_contain_text("played less than half")
    page.wait_for_timeout(300)
    press(page, "Enter")
    page.wait_for_url(re.compile(rf"/code/(?!{coding.pk}/)\d+/"))
    page.wait_for_selector("#coding[data-ready]")

    coding.refresh_from_db()
    given = stances(coding)
    assert given["self-direction-thought"] == 1
    assert given["self-direction-action"] == -1
    assert given["stimulation"] == 1
    assert given["hedonism"] == 0
    assert given["tradition"] == -1
    assert [stance for slug, stance in given.items() if slug == "face"] == [0]
    assert None not in given.values()
    tradition = coding.judgements.get(value__slug="tradition")
    assert tradition.is_unsure
    assert tradition.note == "3 old ways, ! mocked?"
    assert 1_900 <= tradition.evidence.get().start_ms <= 2_100
    assert coding.submitted_at is not None
    assert coding.judgements.filter(is_rest=True).count() == 13
    assert Change.objects.filter(what="coding.rest_absent").count() == 1
    assert Coding.objects.get(video=following).coder == coder
    expect(page.locator("#toasts")).to_contain_text("Submitted")
