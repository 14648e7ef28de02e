"""Real clips play and seek in a real browser, for members of the study only."""

from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.urls import reverse
from playwright.sync_api import expect

from annotator.actions.video_import import Wishes, import_videos
from annotator.imports.gather import gather
from annotator.models import Role, Video
from tests.browser.waiting import until
from tests.factories import make_coding, make_member, make_study, make_user

REAL = ("trailer_bbb.mp4", "bigbuckbunny.mp4", "carphone_silent.mp4")
CLIPS = Path(django_settings.BASE_DIR) / "demo" / "clips"


def real_clip(name: str, shared: Path) -> Path:
    path = shared / "media" / name
    if not path.exists():
        pytest.skip(f"no clip {path.name} in ../shared/media: playing it was not tested")
    return path


def imported(study, path: Path) -> Video:
    """The clip as the importer stores it."""
    report = import_videos(study=study, sources=gather([path]), wishes=Wishes())
    assert not report.has_failed, report.outcomes
    video = study.videos.get()
    assert video.media
    assert video.thumbnail
    return video


@pytest.fixture
def study():
    return make_study("study", slugs=["face", "tradition"])


def assert_plays_and_seeks(page, video: Video) -> None:
    """Play from the start, jump to the middle, and get only parts of the file for it."""
    answers = []
    media = reverse("annotator:video_media", args=("study", video.pk))
    page.on("response", lambda answer: answers.append(answer) if answer.url.endswith(media) else None)
    page.goto(reverse("annotator:video_detail", args=("study", video.pk)))
    until(page, "document.querySelector('video').readyState >= 2")
    assert page.evaluate("document.querySelector('video').videoWidth") == video.width
    page.locator('[data-part="toggle"]').click()
    until(page, "document.querySelector('video').currentTime > 0.3")
    expect(page.locator('[data-part="toggle"]')).to_have_attribute("aria-label", "Pause")
    page.locator('[data-part="toggle"]').click()

    middle = video.duration_ms // 2
    page.locator('[data-part="seek"]').fill(str(middle))
    until(
        page,
        """() => {
      const video = document.querySelector('video');
      return !video.seeking && video.readyState >= 2;
    }""",
    )
    assert abs(page.evaluate("document.querySelector('video').currentTime") * 1000 - middle) < 100
    assert answers
    assert {answer.status for answer in answers} == {206}
    assert all(answer.headers["content-range"].endswith(f"/{video.size}") for answer in answers)
    assert page.evaluate("document.querySelector('video').error") is None
    assert page.locator('[data-part="error"]').is_hidden()


@pytest.mark.parametrize("name", REAL)
def test_real_clip_plays_and_seeks(page_as, study, shared, name):
    video = imported(study, real_clip(name, shared))
    page = page_as(make_member(study, Role.RESEARCHER))
    assert_plays_and_seeks(page, video)
    assert page.locator("img, video[poster]").count()
    is_silent = name == "carphone_silent.mp4"
    assert page.locator('.sound-state[data-state="silent"]').count() == is_silent


def test_demo_clip_plays_and_seeks(page_as, study):
    clips = sorted(CLIPS.glob("*.mp4"))
    if not clips:
        pytest.skip("no clips in demo/clips: playing them was not tested")
    assert_plays_and_seeks(page_as(make_member(study, Role.RESEARCHER)), imported(study, clips[0]))


def test_coding_screen_plays_by_keyboard(page_as, study, shared):
    video = imported(study, real_clip("trailer_bbb.mp4", shared))
    coder = make_member(study, Role.ANNOTATOR)
    coding = make_coding(video, coder, rest=None, submitted=False)
    page = page_as(coder)
    page.goto(reverse("annotator:coding_edit", args=("study", coding.pk)))
    page.wait_for_selector("#coding[data-ready]")
    until(page, "document.querySelector('video').readyState >= 2")
    page.keyboard.press("Space")
    until(page, "document.querySelector('video').currentTime > 0.3")
    assert not page.evaluate("document.querySelector('video').paused")
    page.keyboard.press("Space")
    until(page, "document.querySelector('video').paused")


def test_media_are_for_members_only(context_as, study, shared):
    video = imported(study, real_clip("carphone_silent.mp4", shared))
    media = reverse("annotator:video_media", args=("study", video.pk))
    member, outsider, nobody = (
        context_as(user).request for user in (make_member(study, Role.ANNOTATOR), make_user("outsider"), None)
    )
    answer = member.get(media, headers={"Range": "bytes=0-99"})
    assert (answer.status, len(answer.body())) == (206, 100)
    assert outsider.get(media).status == 404
    refused = nobody.get(media, max_redirects=0)
    assert refused.status == 302
    assert reverse("annotator:login") in refused.headers["location"]


def test_silence_of_the_clip_is_said(page_as, study, shared):
    """No control for a sound that is not there."""
    video = imported(study, real_clip("carphone_silent.mp4", shared))
    page = page_as(make_member(study, Role.RESEARCHER))
    page.goto(reverse("annotator:video_detail", args=("study", video.pk)))
    expect(page.locator(".sound-state")).to_contain_text("No sound in this video")
    expect(page.locator('[data-part="volume"]')).to_have_count(0)
