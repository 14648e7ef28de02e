"""Pages beyond the two work screens, as people use them: logging in, sharing out, looking up."""

import re

import pytest
from django.core.cache import cache
from django.urls import reverse
from playwright.sync_api import expect

from annotator.actions.codebook import builtin_codebook, install_codebook
from annotator.actions.comparison import compare
from annotator.models import Role, Slot, Study
from tests.factories import make_batch, make_coding, make_member, make_user, make_video

PASSWORD = "a-long-password"
SMALL_DESKTOP = {"width": 1366, "height": 768}
MAX_WEIGHT = 400_000  # bytes of the coding page without its video; uncompressed, which is more than is sent


@pytest.fixture
def study() -> Study:
    study = Study.objects.create(slug="study", name="Study")
    install_codebook(study=study, doc=builtin_codebook())
    make_batch(study)
    return Study.objects.get(pk=study.pk)


@pytest.fixture
def researcher(study):
    return make_member(study, Role.RESEARCHER)


def enter(page, user) -> None:
    page.goto(reverse("annotator:login"))
    page.get_by_label("Username").fill(user.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "login" not in url)


# --- From the login to the next thing to do -----------------------------------------------


def test_annotator_comes_from_login_to_a_video_in_one_click(page_as, study):
    make_video(study)
    page = page_as(None)
    enter(page, make_member(study, Role.ANNOTATOR))
    page.locator(".next.is-main").click()
    page.wait_for_selector("#coding[data-ready]")
    assert re.search(r"/s/study/code/\d+/$", page.url)


def test_consolidator_comes_from_login_to_conflicts(page_as, study):
    video = make_video(study)
    make_coding(video, make_user(), {"face": 1})
    make_coding(video, make_user(), {"face": -1})
    compare(video=video)
    page = page_as(None)
    enter(page, make_member(study, Role.CONSOLIDATOR))
    page.locator(".next.is-main").click()
    page.locator("main form button.is-primary").first.click()
    page.wait_for_selector("#consolidation[data-ready]")
    expect(page.locator(".conflict[data-open]")).to_have_count(1)


def test_researcher_of_an_empty_study_is_led_to_the_import(page_as, study, researcher):
    page = page_as(None)
    enter(page, researcher)
    page.locator(".checklist li:not(.is-done) .next", has_text=re.compile("video", re.I)).first.click()
    expect(page.locator("h1")).to_have_text("Import videos")


def test_page_asked_for_comes_after_the_login(page_as, study, researcher):
    page = page_as(None)
    wanted = reverse("annotator:batch_list", args=("study",))
    page.goto(wanted)
    page.get_by_label("Username").fill(researcher.username)
    page.get_by_label("Password").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.locator("[data-kind=bad]")).to_be_visible()
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{wanted}")


# --- Codebook -----------------------------------------------------------------------------


def test_codebook_is_searched_as_one_types(page_as, study):
    page = page_as(make_member(study, Role.ANNOTATOR))
    page.goto(reverse("annotator:codebook_detail", args=("study",)))
    entries = page.locator(".value-entry:visible")
    expect(entries).to_have_count(19)
    page.keyboard.press("/")
    page.keyboard.type("nature")
    expect(page.locator("#value-universalism-nature")).to_be_visible()
    expect(page.locator("#value-face")).to_be_hidden()
    n = page.locator("[data-codebook-part]:visible").count()
    expect(page.locator("[data-codebook-found]")).to_have_text(f"Entries found: {n}")
    page.keyboard.type(" xyzzy")
    expect(page.locator("[data-codebook-part]:visible")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(entries).to_have_count(19)


def test_search_of_the_codebook_leaves_only_what_it_found(page_as, study):
    page = page_as(make_member(study, Role.ANNOTATOR))
    page.goto(reverse("annotator:codebook_detail", args=["study"]))
    box = page.get_by_label("Search the codebook")
    box.fill("promise")
    expect(page.locator(".wheel")).to_be_hidden()
    found = page.locator(".value-entry:visible h2").all_inner_texts()
    assert 0 < len(found) < 19
    assert page.locator(".value-index a:visible").all_inner_texts() == found
    box.press("Escape")
    expect(page.locator(".wheel")).to_be_visible()
    expect(page.locator(".value-index a:visible")).to_have_count(19)


def test_wheel_leads_to_the_entry(page_as, study):
    page = page_as(make_member(study, Role.ANNOTATOR))
    page.goto(reverse("annotator:codebook_detail", args=("study",)))
    page.locator('.wheel a[href="#value-tradition"]').focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**#value-tradition")
    expect(page.locator("#value-tradition")).to_be_in_viewport()


def test_codebook_is_printed_without_the_page_around_it(page_as, study):
    page = page_as(make_member(study, Role.ANNOTATOR))
    page.goto(reverse("annotator:codebook_detail", args=("study",)))
    page.emulate_media(media="print", color_scheme="dark")
    for hidden in (".topbar", ".topnav", ".searchbox", ".value-index", "[data-print]", ".foot"):
        assert page.locator(hidden).count(), hidden
        expect(page.locator(hidden).first).to_be_hidden()
    expect(page.locator(".value-entry:visible")).to_have_count(19)
    ink = page.evaluate("getComputedStyle(document.querySelector('.value-definition')).color")
    assert re.findall(r"[\d.]+", ink), ink
    assert is_dark(page, ink), f"{ink} on white paper"


def is_dark(page, colour: str) -> bool:
    """Whether a CSS colour is a dark one."""
    red, green, blue = page.evaluate(
        """(colour) => {
          const canvas = Object.assign(document.createElement('canvas'), {width: 1, height: 1});
          const pen = canvas.getContext('2d');
          pen.fillStyle = colour;
          pen.fillRect(0, 0, 1, 1);
          return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
        }""",
        colour,
    )
    return red + green + blue < 3 * 96


# --- Batches ------------------------------------------------------------------------------


def test_batch_is_made_and_shared_out(page_as, study, researcher):
    for _n in range(2):
        make_member(study, Role.ANNOTATOR)
    for _n in range(3):
        make_video(study)
    page = page_as(researcher)
    page.goto(reverse("annotator:batch_list", args=("study",)))
    page.get_by_role("link", name="Batch 1").click()
    page.get_by_role("button", name="Share out evenly").click()
    expect(page.locator("#messages")).to_contain_text("6 places given out")
    expect(page.locator(".pill", has_text="kept for them")).to_have_count(6)
    assert Slot.objects.filter(reserved_for=None).count() == 0
    page.get_by_role("button", name="Free it").first.click()
    expect(page.locator(".pill", has_text="kept for them")).to_have_count(5)
    page.goto(reverse("annotator:batch_create", args=("study",)))
    page.locator("[name=name]").fill("Pilot of October")
    page.locator("main button.is-primary").click()
    expect(page.locator("h1")).to_have_text("Pilot of October")


# --- Language and room --------------------------------------------------------------------


def test_language_is_changed_from_the_menu(page_as, study, researcher):
    page = page_as(researcher)
    page.goto(reverse("annotator:video_list", args=("study",)))
    assert page.locator("html").get_attribute("dir") == "ltr"
    page.get_by_label("Theme and language").click()
    page.locator("button[name=language][value=he]").click()
    page.wait_for_selector("html[dir=rtl][lang=he]")
    assert page.url.endswith(reverse("annotator:video_list", args=("study",)))


def speak(page, language, url) -> None:
    page.context.add_cookies([{"name": "django_language", "value": language, "url": url}])


@pytest.mark.parametrize("language", ["en", "he"])
def test_coding_needs_no_scrolling_on_a_small_desktop(page_as, live_server, study, language):
    """All 19 values and the video at 1366 × 768, in both directions."""
    coder = make_member(study, Role.ANNOTATOR)
    coding = make_coding(
        make_video(study, caption="Caption", creator="mira"), coder, rest=None, submitted=False
    )
    page = page_as(coder, viewport=SMALL_DESKTOP)
    speak(page, language, live_server.url)
    page.goto(reverse("annotator:coding_edit", args=("study", coding.pk)))
    page.wait_for_selector("#coding[data-ready]")
    assert page.locator("html").get_attribute("dir") == {"en": "ltr", "he": "rtl"}[language]
    assert page.evaluate("document.documentElement.scrollHeight") <= 768
    assert page.evaluate("document.documentElement.scrollWidth") <= 1366
    rows = page.locator(".value-row")
    expect(rows).to_have_count(19)
    foot = page.locator(".coding-foot").bounding_box()
    boxes = [rows.nth(n).bounding_box() for n in range(19)]
    assert all(box["y"] >= 0 and box["y"] + box["height"] <= foot["y"] + 1 for box in boxes)
    controls = page.locator(".value-row .stance-control")
    assert all(controls.nth(n).bounding_box()["x"] >= 0 for n in (0, 18))
    video = page.locator(".coding-video").bounding_box()
    assert video["width"] > 300
    assert video["y"] + video["height"] <= foot["y"] + 1
    first_is_start = video["x"] < boxes[0]["x"]
    assert first_is_start == (language == "en"), "the video stands where reading begins"


def test_scale_runs_from_minus_to_plus_in_hebrew_too(page_as, live_server, study):
    coder = make_member(study, Role.ANNOTATOR)
    coding = make_coding(make_video(study), coder, rest=None, submitted=False)
    page = page_as(coder)
    speak(page, "he", live_server.url)
    page.goto(reverse("annotator:coding_edit", args=("study", coding.pk)))
    options = page.locator(".stance-control").first.locator(".stance-option")
    places = {
        options.nth(n).get_attribute("data-stance"): options.nth(n).bounding_box()["x"] for n in range(3)
    }
    assert places["-1"] < places["0"] < places["1"]


# --- Weight -------------------------------------------------------------------------------


def test_coding_page_is_light(page_as, study):
    """Everything the page loads but the video, as it lies on the disk: what is sent is less."""
    cache.clear()
    coder = make_member(study, Role.ANNOTATOR)
    coding = make_coding(make_video(study, caption="Caption"), coder, rest=None, submitted=False)
    page = page_as(coder)
    answers = []
    page.on("response", lambda answer: answers.append(answer))
    page.goto(reverse("annotator:coding_edit", args=("study", coding.pk)))
    page.wait_for_selector("#coding[data-ready]")
    page.wait_for_load_state("networkidle")
    media = reverse("annotator:video_media", args=("study", coding.video_id))
    weights = {answer.url: len(answer.body()) for answer in answers if media not in answer.url}
    assert any(url.endswith(".woff2") for url in weights)
    assert any("guide" in url for url in weights)
    total = sum(weights.values())
    heaviest = sorted(weights.items(), key=lambda item: -item[1])[:8]
    assert total < MAX_WEIGHT, f"{total} bytes; the heaviest: {heaviest}"
