"""Scripts as researchers use them: reviewed by keyboard one after the other, edited in two tabs at once."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from annotator.actions.videos import store_media
from annotator.models import Role
from models_app.models import Script, ScriptGap, ScriptReview
from tests.browser.waiting import until
from tests.factories import make_member, make_study, make_video
from tests.media_files import make_clip
from tests.run_factories import make_script

TEXT = "INT. KITCHEN\n\nMIRA: “Cold coffee, again.”"


@pytest.fixture
def study():
    return make_study("study", slugs=["face", "humility"])


@pytest.fixture
def researcher(study):
    return make_member(study, Role.RESEARCHER)


@pytest.fixture
def scripts(study, tmp_path):
    scripts = [make_script(make_video(study), TEXT, model="gemini") for _n in range(3)]
    store_media(video=scripts[0].video, path=make_clip(tmp_path / "clip.mp4", seconds=3))
    return scripts


def test_a_queue_of_scripts_is_reviewed_by_keyboard_alone(page_as, study, researcher, scripts):
    page = page_as(researcher)
    page.goto(reverse("models_app:script_list", args=["study"]))
    page.get_by_role("link", name="Review scripts by gemini").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".script-queue")).to_contain_text("0 of 3 by you")
    page.wait_for_load_state("networkidle")
    until(page, "document.querySelector('video').readyState >= 1")
    for _n in range(2):
        page.keyboard.press("ArrowRight")
    until(page, "document.querySelector('axial-player').currentMs >= 1900")
    page.keyboard.press("1")  # an answer stays while a gap is marked
    page.keyboard.press(".")
    expect(page.get_by_label("At", exact=True)).to_have_value("0:02.0")
    page.keyboard.type("3 dogs, driving in the air")  # a digit in a text is no answer
    page.keyboard.press("Enter")
    expect(page.locator(".gaps li")).to_contain_text("3 dogs, driving in the air")
    until(page, "document.activeElement === document.body")
    expect(page.get_by_role("group", name="What is seen").get_by_label("All of it")).to_be_checked()
    assert not ScriptReview.objects.exists()

    for n in range(3):
        expect(page.locator(".script-queue")).to_contain_text(f"{n} of 3 by you")
        page.wait_for_load_state("networkidle")
        for key in ("2", "4") if n == 0 else ("1", "2", "4"):
            page.keyboard.press(key)
        with page.expect_navigation():
            page.keyboard.press("Enter")
    expect(page.locator("#messages")).to_contain_text("you have reviewed 3 scripts by gemini")
    answers = ScriptReview.objects.values_list("script", "visual", "narration", "captions")
    assert list(answers.order_by("script")) == [(s.pk, "whole", "partly", "nothing") for s in scripts]
    gap = ScriptGap.objects.get()
    assert (gap.script, gap.at_ms, gap.created_by) == (scripts[0], 2000, researcher)


def test_an_edit_overtaken_in_another_tab_loses_nothing(page_as, context_as, study, researcher, scripts):
    address = reverse("models_app:script_detail", args=["study", scripts[0].pk])
    page = page_as(researcher)
    page.goto(address)
    page.get_by_role("link", name="Edit", exact=True).click()
    field = page.get_by_label("Text")
    expect(field).to_have_value(TEXT)

    other = context_as(researcher).new_page()
    other.goto(f"{address}edit/")
    other.get_by_label("Text").fill(TEXT.replace("Cold", "Old"))
    other.get_by_role("button", name="Keep as a new version").click()
    expect(other.locator("#messages")).to_contain_text("Kept as a new version")

    field.fill(f"{TEXT}\n\nShe laughs.")
    page.get_by_role("button", name="Keep as a new version").click()
    expect(page.locator(".callout[role=alert]")).to_contain_text(
        "Somebody has made a newer version meanwhile"
    )
    expect(page.get_by_label("Text")).to_have_value(f"{TEXT}\n\nShe laughs.")
    expect(page.locator(".script-difference del")).to_have_text("Old")
    expect(page.locator(".script-difference ins")).to_have_text(["Cold", "She laughs."])
    page.get_by_label("Text").fill(f"{TEXT.replace('Cold', 'Old')}\n\nShe laughs.")
    page.get_by_role("button", name="Keep mine after the newer version").click()
    expect(page).to_have_url(re.compile(r"/scripts/\d+/$"))
    expect(page.locator(".script")).to_contain_text("She laughs.")
    texts = list(Script.objects.filter(video=scripts[0].video).order_by("pk").values_list("text", flat=True))
    assert texts == [TEXT, TEXT.replace("Cold", "Old"), f"{TEXT.replace('Cold', 'Old')}\n\nShe laughs."]


def test_scripts_are_reviewed_without_javascript(context_as, study, researcher, scripts):
    page = context_as(researcher, java_script_enabled=False).new_page()
    page.goto(reverse("models_app:script_list", args=["study"]))
    page.get_by_role("link", name="Review scripts by gemini").click()
    for group in ("What is seen", "What is said", "On-screen captions"):
        page.get_by_role("group", name=group).get_by_label("All of it").check()
    page.get_by_role("button", name="Keep, and on to the next").click()
    expect(page.locator(".script-queue")).to_contain_text("1 of 3 by you")
