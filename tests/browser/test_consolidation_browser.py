"""The consolidation screen as consolidators use it: by keyboard, offline, in two tabs, on a telephone."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from annotator.actions.claims import claim
from annotator.actions.codebook import builtin_codebook, install_codebook
from annotator.actions.comparison import compare
from annotator.models import (
    Consolidation,
    ConsolidationState,
    Decision,
    Evidence,
    GoldLabel,
    Judgement,
    Question,
    Role,
    Study,
)
from tests.factories import make_batch, make_coding, make_member, make_user, make_video

SAVED = '#save-state[data-state="saved"]'


@pytest.fixture
def study() -> Study:
    study = Study.objects.create(slug="study", name="Study")
    install_codebook(study=study, doc=builtin_codebook())
    make_batch(study)
    return Study.objects.get(pk=study.pk)


@pytest.fixture
def consolidator(study):
    return make_member(study, Role.CONSOLIDATOR)


@pytest.fixture
def video(study):
    """Differs on stimulation, achievement (opposed) and face."""
    video = make_video(study, creator="someone", caption="A caption", position=1)
    make_coding(video, make_user(), {"stimulation": 1, "achievement": 1, "humility": 1})
    make_coding(video, make_user(), {"achievement": -1, "humility": 1, "face": -1})
    compare(video=video)
    return video


@pytest.fixture
def consolidation(video, consolidator):
    return claim(video=video, by=consolidator)


def open_screen(page, consolidation):
    page.goto(reverse("annotator:consolidation_edit", args=["study", consolidation.pk]))
    page.wait_for_selector("#consolidation[data-ready]")
    return page


def press(page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def current(page) -> str:
    return page.locator(".conflict.is-current").get_attribute("data-key")


def decisions(consolidation) -> dict[str, int | None]:
    return dict(Decision.objects.filter(consolidation=consolidation).values_list("value__slug", "stance"))


def side_of(page, key: str, stance: int) -> str:
    """The letter of the side that gave the stance."""
    side = page.locator(f'#row-{key} .conflict-side[data-given="{stance}"]')
    return side.get_attribute("data-side")


def test_two_videos_are_settled_by_keyboard_alone(page_as, study, consolidator, consolidation):
    following = make_video(study, position=2)
    make_coding(following, make_user(), {"hedonism": 1})
    make_coding(following, make_user(), {})
    compare(video=following)
    page = open_screen(page_as(consolidator), consolidation)
    assert current(page) == "stimulation"
    press(page, "3", "+")  # a reason, then the stance; the next conflict comes by itself
    assert current(page) == "achievement"
    press(page, side_of(page, "achievement", -1))
    assert current(page) == "face"
    press(page, "r")
    page.keyboard.type("b + - 0 are only letters while typing")
    press(page, "Escape", "f", "0")
    expect(page.locator("#count")).to_have_text("All decided")
    press(page, "Control+Enter")
    page.wait_for_url(lambda url: f"/consolidate/{consolidation.pk}/" not in url)
    gold = dict(GoldLabel.objects.filter(video=consolidation.video).values_list("value__slug", "stance"))
    assert (gold["stimulation"], gold["achievement"], gold["face"], gold["humility"]) == (1, -1, 0, 1)
    assert len(gold) == 19
    face = Decision.objects.get(value__slug="face")
    assert face.reason == "b + - 0 are only letters while typing"
    assert face.is_codebook_problem is True
    assert Decision.objects.get(value__slug="stimulation").reason_tags == ["keyword"]
    page.wait_for_selector("#consolidation[data-ready]")
    press(page, "0", "Control+Enter")
    page.wait_for_url("**/s/study/consolidate/")
    assert Consolidation.objects.filter(state=ConsolidationState.DONE).count() == 2


def test_finishing_too_early_names_the_value_and_goes_there(page_as, consolidator, consolidation):
    page = open_screen(page_as(consolidator), consolidation)
    press(page, "+", "+", "ArrowUp", "ArrowUp", "Control+Enter")
    expect(page.locator(".toast")).to_contain_text("Face")
    assert current(page) == "face"
    assert not GoldLabel.objects.exists()


def test_a_decision_is_changed_and_taken_back(page_as, consolidator, consolidation):
    page = open_screen(page_as(consolidator), consolidation)
    press(page, "+", "ArrowUp", "-", "ArrowUp", "Backspace")
    page.wait_for_selector(SAVED)
    expect(page.locator("#count")).to_have_text("0 / 3")
    assert decisions(consolidation) == {"stimulation": None}


def test_decisions_survive_a_dropped_connection_and_a_reload(page_as, consolidator, consolidation):
    page = open_screen(page_as(consolidator), consolidation)
    page.context.route("**/save/", lambda route: route.abort())
    press(page, "+", "-")
    expect(page.locator('#save-state[data-state="offline"]')).to_be_visible()
    press(page, "0", "Control+Enter")
    expect(page.locator(".toast").last).to_contain_text("Not everything is saved")
    assert not GoldLabel.objects.exists()
    page.reload()
    page.wait_for_selector("#consolidation[data-ready]")
    expect(page.locator("#row-achievement input[value='-1']")).to_be_checked()
    page.context.unroute("**/save/")
    page.evaluate("window.dispatchEvent(new Event('online'))")
    page.wait_for_selector(SAVED)
    assert decisions(consolidation) == {"stimulation": 1, "achievement": -1, "face": 0}


def test_a_server_in_trouble_is_said_and_then_gets_the_decision(page_as, consolidator, consolidation):
    page = open_screen(page_as(consolidator), consolidation)
    page.context.route("**/save/", lambda route: route.fulfill(status=502, body="Bad gateway"))
    press(page, "+")
    expect(page.locator("#save-state")).to_contain_text("Not saved yet")
    expect(page.locator('#save-state [data-when="error"]')).to_be_visible()
    page.context.unroute("**/save/")
    page.evaluate("dispatchEvent(new Event('online'))")
    page.wait_for_selector(SAVED)
    assert decisions(consolidation) == {"stimulation": 1}


def test_a_browser_that_keeps_nothing_is_said_not_to_keep_decisions(page_as, consolidator, consolidation):
    page = page_as(consolidator)
    page.add_init_script("Storage.prototype.setItem = () => { throw new DOMException('full'); }")
    open_screen(page, consolidation)
    page.context.route("**/save/", lambda route: route.abort())
    press(page, "+")
    expect(page.locator('#save-state [data-when="lost"]')).to_be_visible()
    expect(page.locator('#save-state [data-when="offline"]')).to_be_hidden()


def test_two_tabs_show_a_conflict_instead_of_losing_a_decision(page_as, consolidator, consolidation):
    first = open_screen(page_as(consolidator), consolidation)
    second = open_screen(page_as(consolidator), consolidation)  # a browser of its own: no shared storage
    press(first, "+")
    first.wait_for_selector(SAVED)
    press(second, "-")
    problem = second.locator("#row-stimulation .conflict-problem")
    expect(problem).to_contain_text("changed elsewhere")
    assert decisions(consolidation) == {"stimulation": 1}
    problem.get_by_role("button", name="Keep mine").click()
    second.wait_for_selector(SAVED)
    expect(problem).to_be_hidden()
    assert decisions(consolidation) == {"stimulation": -1}


def test_the_mouse_decides_on_any_row_at_once(page_as, consolidator, consolidation):
    # Choosing a row folds the one above it: the control must not slip away under the pointer.
    page = open_screen(page_as(consolidator), consolidation)
    for key in ("face", "achievement", "stimulation"):
        page.locator(f"#row-{key} .stance-option[data-stance='0']").click()
    expect(page.locator("#count")).to_have_text("All decided")
    page.wait_for_selector(SAVED)
    assert decisions(consolidation) == {"stimulation": 0, "achievement": 0, "face": 0}


def test_agreed_values_are_folded_and_can_be_changed(page_as, consolidator, consolidation):
    page = open_screen(page_as(consolidator), consolidation)
    expect(page.locator("#row-humility")).to_be_hidden()
    page.get_by_text("16 values on which everybody agrees").click()
    page.locator("#row-humility .stance-option[data-stance='0']").click()
    page.wait_for_selector(SAVED)
    assert decisions(consolidation) == {"humility": 0}


def test_the_guide_follows_the_current_value(page_as, consolidator, consolidation):
    page = open_screen(page_as(consolidator), consolidation)
    expect(page.locator("#guide h2:visible")).to_have_text("Stimulation")
    press(page, "ArrowDown")
    expect(page.locator("#guide h2:visible")).to_have_text("Achievement")


def test_a_question_is_asked_by_keyboard_and_nothing_is_reopened(page_as, consolidator, consolidation):
    page = open_screen(page_as(consolidator), consolidation)
    press(page, "q")
    page.keyboard.type("What did you hear?")
    press(page, "Tab", "Enter")
    expect(page.locator("#guide .thread-question:visible")).to_contain_text("What did you hear?")
    assert Question.objects.get().value.slug == "stimulation"
    assert not consolidation.video.codings.filter(closed_at=None).exists()


def test_precedents_come_with_one_key(page_as, study, consolidator, consolidation):
    other = make_video(study, position=9, external_id="precedent-video")
    make_coding(other, make_user(), {"stimulation": 1})
    make_coding(other, make_user())
    earlier = claim(video=other, by=consolidator)
    Decision.objects.create(
        consolidation=earlier,
        value=study.codebook.values.get(slug="stimulation"),
        stance=0,
        pattern="0,1",
        was_conflict=True,
        reason="A ride alone is not yet stimulation",
    )
    Consolidation.objects.filter(pk=earlier.pk).update(state=ConsolidationState.DONE)
    page = open_screen(page_as(consolidator), consolidation)
    press(page, "p")
    expect(page.locator("#guide .precedent-list:visible")).to_contain_text("A ride alone")
    press(page, "Escape", "ArrowDown", "p")
    expect(page.locator(".toast")).to_contain_text("No earlier decision")


def test_help_opens_and_keys_rest_in_it(page_as, consolidator, consolidation):
    page = open_screen(page_as(consolidator), consolidation)
    press(page, "?")
    expect(page.locator("#keys")).to_be_visible()
    press(page, "+", "Escape")
    expect(page.locator("#keys")).to_be_hidden()
    assert decisions(consolidation) == {}


def test_evidence_is_where_the_side_put_it(page_as, consolidator, consolidation):
    judgement = Judgement.objects.get(value__slug="stimulation", stance=1)
    Evidence.objects.create(judgement=judgement, start_ms=6500)
    page = open_screen(page_as(consolidator), consolidation)
    chip = page.locator("#row-stimulation .conflict-side[data-given='1'] .evidence")
    expect(chip).to_have_text(re.compile(r"0:06\.5"))


def test_on_a_telephone_nothing_is_wider_than_the_screen(page_as, consolidator, consolidation):
    page = open_screen(page_as(consolidator, viewport={"width": 390, "height": 844}), consolidation)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.locator("#row-face .stance-option[data-stance='0']").click()
    page.wait_for_selector(SAVED)
    assert decisions(consolidation) == {"face": 0}
    page.locator("#guide-toggle").click()
    expect(page.locator("#guide h2:visible")).to_have_text("Face")


def test_at_1366_by_768_the_window_does_not_scroll(page_as, consolidator, consolidation):
    page = open_screen(page_as(consolidator), consolidation)
    assert page.evaluate("document.documentElement.scrollHeight") <= 768
    for name in ("#finish", "#save-state", ".coding-video", "#guide h2"):
        expect(page.locator(name).first).to_be_in_viewport()
