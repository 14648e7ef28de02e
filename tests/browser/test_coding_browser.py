"""The coding screen as annotators use it: keys, dropped connections, two tabs, double clicks."""

import re

import pytest
from django.core.signals import request_started
from django.db import OperationalError
from django.urls import reverse
from playwright.sync_api import expect

from annotator.actions.assignment import take_next_coding
from annotator.actions.codebook import builtin_codebook, install_codebook
from annotator.actions.videos import store_media
from annotator.models import Change, Coding, Role, Study
from annotator.views import coding_api
from tests.browser.conftest import log_in, watched
from tests.factories import make_batch, make_member, make_video
from tests.media_files import make_clip

SAVED = '#save-state[data-state="saved"]'


@pytest.fixture
def study() -> Study:
    study = Study.objects.create(slug="study", name="Study")
    install_codebook(study=study, doc=builtin_codebook())
    study.refresh_from_db()
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


def test_dropped_connection_keeps_and_sends(page_as, coder, coding):
    page = open_screen(page_as(coder), coding)
    press(page, "3")
    page.wait_for_selector(SAVED)
    page.context.set_offline(True)
    press(page, "1", "3", "2")
    page.wait_for_selector('#save-state[data-state="offline"]')
    expect(page.locator("#save-state")).to_contain_text("kept in this browser")
    assert stances(coding)["self-direction-action"] is None
    page.context.set_offline(False)
    page.wait_for_selector(SAVED)
    assert [stance for stance in stances(coding).values() if stance is not None] == [1, -1, 1, 0]


def test_dropped_connection_across_a_reload(page_as, coder, coding, monkeypatch):
    page = open_screen(page_as(coder), coding)
    page.context.set_offline(True)
    press(page, "3", "1", "Shift+N")
    page.keyboard.type("at the end")
    page.wait_for_selector('#save-state[data-state="offline"]')
    with monkeypatch.context() as dropped:
        # What a page sends as it is left outlives it: it must not get through either.
        dropped.setattr(coding_api, "save_changes", unreachable)
        page.goto("about:blank")
        page.context.set_offline(False)
        page.route("**/save/", lambda route: route.abort())
        open_screen(page, coding)
        page.wait_for_selector('#save-state[data-state="offline"]')
    # Shown over what the server has, and still not said to be saved.
    expect(page.locator('.value-row[data-key="self-direction-thought"] input[value="1"]')).to_be_checked()
    expect(page.locator('.value-row[data-key="self-direction-action"] input[value="-1"]')).to_be_checked()
    assert stances(coding)["self-direction-action"] is None
    page.unroute("**/save/")
    page.evaluate("dispatchEvent(new Event('online'))")
    page.wait_for_selector(SAVED)
    assert stances(coding)["self-direction-thought"] == 1
    assert stances(coding)["self-direction-action"] == -1
    assert coding.judgements.get(value__slug="stimulation").note == "at the end"


def unreachable(**_changes):
    raise OperationalError("the server cannot be reached")


def test_answer_lost_on_the_way_is_not_stored_twice(page_as, coder, coding):
    page = open_screen(page_as(coder), coding)
    lost = []

    def lose_the_first(route):
        if lost:
            return route.continue_()
        lost.append(route.fetch())  # the server stores it, the browser never hears of it
        return route.abort()

    page.route("**/save/", lose_the_first)
    press(page, "3")
    page.wait_for_selector('#save-state[data-state="offline"]')
    page.wait_for_selector(SAVED)
    judgement = coding.judgements.get(value__slug="self-direction-thought")
    assert (judgement.stance, judgement.revision) == (1, 1)
    assert len(lost) == 1


def test_expired_login_keeps_and_sends_after_the_next_one(page_as, coder, coding, live_server):
    page = open_screen(page_as(coder), coding)
    page.context.clear_cookies(name="sessionid")
    press(page, "3")
    page.wait_for_selector('#save-state[data-state="login"]')
    expect(page.locator("#save-state")).to_contain_text("Log in in another tab")
    log_in(page.context, coder, live_server.url)
    page.evaluate("dispatchEvent(new Event('focus'))")
    page.wait_for_selector(SAVED)
    assert stances(coding)["self-direction-thought"] == 1


def test_somebody_elses_login_never_sends_my_changes(page_as, study, coder, coding, live_server):
    page = open_screen(page_as(coder), coding)
    page.context.clear_cookies(name="sessionid")
    log_in(page.context, make_member(study, Role.ANNOTATOR), live_server.url)
    press(page, "3")
    page.wait_for_selector('#save-state[data-state="login"]')
    assert set(stances(coding).values()) == {None}


def test_open_summary_follows_what_is_clicked_and_the_connection(page_as, coder, coding):
    page = open_screen(page_as(coder), coding)
    press(page, "3", "Enter")
    summary = page.locator("#summary")
    expect(summary).to_contain_text("1 of 19 values given")
    page.locator('[data-key="hedonism"] label[data-stance="-1"]').click()
    expect(summary).to_contain_text("2 of 19 values given")
    expect(summary.locator("#summary-given")).to_contain_text("Hedonism")
    expect(summary.locator("#summary-rest")).not_to_contain_text("Hedonism")
    page.wait_for_selector(SAVED)
    page.context.set_offline(True)
    page.locator('[data-key="face"] label[data-stance="1"]').click()
    page.wait_for_selector('#save-state[data-state="offline"]')
    page.wait_for_timeout(300)  # a key so soon would be taken for a bounce
    press(page, "Enter")
    expect(summary).to_contain_text("Not submitted. Offline: kept in this browser.")
    page.context.set_offline(False)
    page.wait_for_selector(SAVED)
    expect(summary).not_to_contain_text("Not submitted")
    press(page, "Enter")
    page.wait_for_url(re.compile("/code/[?]after"))
    given = stances(coding)
    assert (given["self-direction-thought"], given["hedonism"], given["face"]) == (1, -1, 1)
    assert coding.judgements.filter(is_rest=True).count() == 16


def test_submitting_with_much_unset_names_a_few_and_leads_there(page_as, coder, coding):
    page = open_screen(page_as(coder), coding)
    press(page, "3", "End", "Control+Enter")
    toast = page.locator("#toasts")
    expect(toast).to_contain_text("Stimulation, Hedonism and 15 more")
    assert current(page) == "self-direction-action"
    coding.refresh_from_db()
    assert coding.submitted_at is None


def test_two_tabs_follow_each_other(context_as, coder, coding):
    context = context_as(coder)
    one, two = (open_screen(watched(context.new_page()), coding) for _tab in range(2))
    press(one, "3")
    one.wait_for_selector(SAVED)
    expect(two.locator('[data-key="self-direction-thought"] input[value="1"]')).to_be_checked()
    press(two, "1")  # on the same value, knowing what the other tab did
    two.wait_for_selector(SAVED)
    expect(one.locator('[data-key="self-direction-thought"] input[value="-1"]')).to_be_checked()
    press(one, "Control+z")  # what was changed elsewhere since is not brought back
    one.wait_for_timeout(300)
    assert stances(coding)["self-direction-thought"] == -1


@pytest.mark.parametrize(("button", "kept"), [("Keep mine", 1), ("Take theirs", -1)])
def test_two_tabs_in_conflict_show_it_and_ask(context_as, coder, coding, button, kept):
    context = context_as(coder)
    one, two = (open_screen(watched(context.new_page()), coding) for _tab in range(2))
    one.route("**/save/", lambda route: route.abort())
    press(one, "3")  # cannot be sent yet
    one.wait_for_selector('#save-state[data-state="offline"]')
    press(two, "1")
    two.wait_for_selector(SAVED)
    one.unroute("**/save/")
    one.evaluate("dispatchEvent(new Event('online'))")
    row = one.locator('[data-key="self-direction-thought"]')
    expect(row).to_have_class(re.compile("is-conflict"))
    expect(row).to_contain_text("There: confronted. Here: endorsed.")
    expect(one.locator("#save-state")).to_have_attribute("data-state", "conflict")
    assert stances(coding)["self-direction-thought"] == -1
    row.get_by_role("button", name=button).click()
    one.wait_for_selector(SAVED)
    assert stances(coding)["self-direction-thought"] == kept
    expect(row).not_to_have_class(re.compile("is-conflict"))
    expect(row.locator(f'input[value="{kept}"]')).to_be_checked()


def test_double_click_and_slow_server_keep_the_last_wish(page_as, coder, coding):
    page = open_screen(page_as(coder), coding)

    def slowly(route):
        page.wait_for_timeout(400)
        route.continue_()

    page.route("**/save/", slowly)
    face = page.locator('[data-key="face"]')
    face.locator('label[data-stance="1"]').dblclick()
    page.locator('[data-key="tradition"] label[data-stance="1"]').click()
    page.locator('[data-key="tradition"] label[data-stance="-1"]').click()
    face.locator('[data-act="unsure"]').dblclick()
    page.wait_for_selector(SAVED)
    given = stances(coding)
    assert (given["face"], given["tradition"]) == (1, -1)
    assert not coding.judgements.get(value__slug="face").is_unsure
    assert Change.objects.filter(value="face", after__has_key="stance").count() == 1


def test_keys_go_on_after_a_click(page_as, coder, coding):
    page = open_screen(page_as(coder), coding)
    page.locator('[data-key="hedonism"] label[data-stance="1"]').click()
    press(page, "ArrowDown", "ArrowLeft", "ArrowRight", "1")
    page.wait_for_selector(SAVED)
    given = stances(coding)
    assert (given["hedonism"], given["achievement"]) == (1, -1)
    assert sum(stance is not None for stance in given.values()) == 2


def test_claim_by_a_consolidator_is_shown_and_keeps_what_was_not_stored(page_as, coder, coding):
    page = open_screen(page_as(coder), coding)
    Coding.objects.update(closed_at=coding.started_at)
    press(page, "3")
    row = page.locator('[data-key="self-direction-thought"]')
    expect(row).to_contain_text("A consolidator has begun")
    expect(page.locator("#save-state")).to_have_attribute("data-state", "error")
    assert set(stances(coding).values()) == {None}


def test_submitted_coding_is_corrected_and_keeps_its_first_answer(page_as, coder, coding):
    page = open_screen(page_as(coder), coding)
    press(page, "Enter")
    page.wait_for_timeout(300)
    press(page, "Enter")
    page.wait_for_url(re.compile("/code/$|/code/[?]after"))
    open_screen(page, coding)
    expect(page.locator("#notice")).to_contain_text("Submitted")
    press(page, "3", "ArrowUp", "Backspace")
    expect(page.locator("#toasts")).to_contain_text("not cleared")
    page.wait_for_selector(SAVED)
    first = coding.judgements.get(value__slug="self-direction-thought")
    assert (first.first_stance, first.stance) == (0, 1)


def test_parking_and_setting_aside_by_keyboard(page_as, study, coder, coding):
    make_video(study)
    page = open_screen(page_as(coder), coding)
    press(page, "Shift+P")
    page.wait_for_url(re.compile(rf"/code/(?!{coding.pk}/)\d+/"))
    page.wait_for_selector("#coding[data-ready]")
    expect(page.locator("#toasts")).to_contain_text("Parked")
    press(page, "Shift+X", "Space", "Enter")
    page.wait_for_url(re.compile("/code/[?]after"))
    expect(page.locator("h1")).to_contain_text("Nothing to code right now")
    coding.refresh_from_db()
    assert coding.state == "parked"
    assert Coding.objects.exclude(pk=coding.pk).get().set_aside_because == "gone"


def test_first_letters_jump_in_another_keyboard_layout_too(page_as, coder, coding):
    page = open_screen(page_as(coder), coding)
    for key, code in [("ע", "KeyG"), ("ק", "KeyE")]:  # a Hebrew layout; nothing here begins with G
        page.evaluate(
            "([key, code]) => document.activeElement.dispatchEvent("
            "new KeyboardEvent('keydown', {key, code, bubbles: true, cancelable: true}))",
            [key, code],
        )
    press(page, "b")
    assert current(page) == "benevolence-dependability"
    press(page, "b")
    assert current(page) == "benevolence-caring"
    page.wait_for_timeout(1000)
    page.keyboard.type("nat")
    assert current(page) == "universalism-nature"


@pytest.mark.parametrize("dominant", [False, True])
def test_video_and_all_values_are_visible_without_scrolling(page_as, study, coder, dominant, shared):
    install_codebook(study=study, doc=builtin_codebook(), allow_dominant=dominant)
    study.refresh_from_db()
    video = make_video(study, creator="x", caption="words " * 200, hashtags=["tag"] * 40)
    store_media(video=video, path=shared / "media" / "bigbuckbunny.mp4")
    page = page_as(coder)
    received = []
    page.on("response", lambda response: received.append(response))
    open_screen(page, take_next_coding(study=study, coder=coder))
    page.wait_for_load_state("networkidle")
    inside = """element => { const box = element.getBoundingClientRect();
        return box.top >= 0 && box.left >= 0 && box.bottom <= innerHeight && box.right <= innerWidth
          && box.width > 20 && box.height > 10; }"""
    rows = page.locator(".value-row")
    assert rows.count() == 19
    assert all(row.evaluate(inside) for row in rows.all())
    assert all(control.evaluate(inside) for control in page.locator(".stance-control").all())
    assert page.locator("video").evaluate(inside)
    assert page.locator("[data-part=sound]").evaluate(inside)
    scrolls = "element => element.scrollHeight - element.clientHeight"
    assert page.locator("html").evaluate(scrolls) == 0
    assert page.locator("#values").evaluate(scrolls) == 0
    media = re.compile(r"/media$")
    sizes = {answer.url: len(answer.body()) for answer in received if not media.search(answer.url)}
    assert sum(sizes.values()) < 400_000, sizes


@pytest.mark.parametrize("language", ["en", "he"])
def test_telephone_has_large_controls_and_no_sideways_scrolling(page_as, coder, coding, language):
    page = page_as(
        coder, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, locale=language
    )
    open_screen(page, coding)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    small = """() => [...document.querySelectorAll(
          '.stance-option, .coding-foot button, .is-more, .player-bar button')]
        .filter((e) => e.getClientRects().length && Math.min(e.offsetWidth, e.offsetHeight) < 40)
        .map((e) => e.outerHTML)"""
    assert page.evaluate(small) == []
    page.locator('[data-key="face"] label[data-stance="1"]').tap()
    page.locator('[data-key="tradition"] label[data-stance="-1"]').tap()
    page.locator('[data-do="undo"]').tap()  # no Ctrl+Z here
    expect(page.locator('[data-key="tradition"] input:checked')).to_have_count(0)
    page.locator('[data-key="face"] .is-more').tap()
    expect(page.locator("#guide")).to_contain_text("Face")
    page.locator("#guide-note").fill("seen")
    page.wait_for_selector(SAVED)
    judgement = coding.judgements.get(value__slug="face")
    assert (judgement.stance, judgement.note) == (1, "seen")


@pytest.mark.parametrize("language", ["en", "he"])
def test_controls_of_the_player_stand_in_one_line(page_as, study, coder, coding, language, tmp_path):
    clip = make_clip(tmp_path / "silent.mp4", seconds=2, sound=None)
    store_media(video=coding.video, path=clip)
    page = open_screen(page_as(coder, locale=language), coding)
    expect(page.locator('[data-part="sound"][data-state="silent"]')).to_be_visible()
    assert page.locator(".coding-player").evaluate("bar => bar.offsetHeight") < 48


def test_screen_has_no_accessibility_faults_that_names_can_show(page_as, coder, coding):
    page = open_screen(page_as(coder), coding)
    row = page.get_by_role("group", name="Face", exact=True)
    expect(row).to_have_accessible_description("not set")
    expect(row.get_by_role("radiogroup", name="Face")).to_have_count(1)
    page.locator('[data-key="face"] label[data-stance="-1"]').click()
    expect(row).to_have_accessible_description("confronted")
    expect(page.locator("#said")).to_have_text("Face: confronted")


def test_next_video_is_fetched_ahead_and_then_comes_from_the_cache(page_as, study, coder, coding, shared):
    following = make_video(study)
    store_media(video=following, path=shared / "media" / "carphone_silent.mp4")
    media = reverse("annotator:video_media", args=(study.slug, following.pk))
    asked = []

    def listen(environ, **_more):
        if environ["PATH_INFO"] == media:
            asked.append(environ.get("HTTP_RANGE"))

    request_started.connect(listen)
    try:
        page = page_as(coder)
        with page.expect_response(lambda answer: answer.url.endswith(media)):
            open_screen(page, coding)
        assert asked == ["bytes=0-1048575"]
        assert Coding.objects.count() == 1  # nothing was taken
        press(page, "Enter")
        page.wait_for_timeout(300)
        press(page, "Enter")
        page.wait_for_url(re.compile(rf"/code/(?!{coding.pk}/)\d+/"))
        page.wait_for_function("document.querySelector('video').readyState >= 2")
        assert len(asked) == 1, asked
    finally:
        request_started.disconnect(listen)
