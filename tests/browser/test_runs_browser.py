"""Runs as researchers use them: started, watched, cancelled and resumed on the page; then read beside gold.

The worker is the engine's own, in a thread, with a pipeline that waits until the test lets it go on.
"""

import re
import threading

import pytest
from django.db import connection
from django.urls import reverse
from playwright.sync_api import expect

from annotator.models import Role
from models_app.engine.slices import work_slice
from models_app.models import Prediction, Run, RunState
from models_app.pipelines.base import ItemError
from tests.factories import make_member, make_study, make_video
from tests.models_app.fakes import FakeJudge, giving
from tests.models_app.test_beside_pages import gold_video
from tests.run_factories import make_script

N = 6
POLLED = 15_000  # ms: a few polls, on a busy machine


@pytest.fixture
def study():
    return make_study("study", slugs=["face", "humility", "tradition"])


@pytest.fixture
def researcher(study):
    return make_member(study, Role.RESEARCHER)


@pytest.fixture
def videos(study):
    """One with gold; each with a script."""
    videos = [gold_video(study), *(make_video(study) for _n in range(N - 1))]
    text = "INT. KITCHEN\n\n[day 3]"
    for video in videos:
        make_script(video, text, segments=[{"kind": "caption", "start_ms": 1500, "text": "[day 3]"}])
    return videos


@pytest.fixture
def work():
    """Runs a slice of the run in a thread; each item waits for a `go.release()`."""
    go = threading.Semaphore(0)
    threads = []

    def first(script, beat):
        go.acquire(timeout=30)
        beat(0.5)
        if "nothing" in script.text:
            raise ItemError("no-words", "The script holds no words.")

    def slice_of(run):
        try:
            work_slice(run.pk, pipeline_of=giving(FakeJudge(first)), worker="a thread", seconds=60)
        finally:
            connection.close()

    def start(run):
        threads.append(threading.Thread(target=slice_of, args=(run,), daemon=True))
        threads[-1].start()
        return go

    yield start
    go.release(100)
    for thread in threads:
        thread.join(timeout=30)
        assert not thread.is_alive()


def test_a_run_is_started_watched_cancelled_resumed_and_read_beside_gold(
    page_as, study, researcher, videos, work
):
    page = page_as(researcher)
    page.goto(reverse("models_app:run_list", args=["study"]))
    page.get_by_role("link", name="Start a run").click()
    page.locator(".pipeline").filter(has_text="Dictionary").get_by_role("link").click()
    expect(page.locator("#estimate")).to_contain_text(f"{N} videos are in the scope")
    page.get_by_role("button", name="Start the run").click()
    expect(page.locator("h1")).to_contain_text("dictionary")
    run = Run.objects.get()
    live = page.locator("#live")
    expect(live).to_contain_text(f"0 of {N} done")
    page.evaluate("window.sameDocument = true")

    go = work(run)
    go.release(2)
    expect(live).to_contain_text(f"2 of {N} done", timeout=POLLED)
    expect(live.locator("progress")).to_have_attribute("value", re.compile("0.33"))
    assert page.evaluate("window.sameDocument")  # progress moved without a reload

    page.get_by_text("Cancel…").click()
    page.get_by_role("button", name="Cancel the run").click()
    expect(page.locator("#run-actions")).to_contain_text("Cancelled")
    go.release(1)  # what is in work is dropped
    page.wait_for_timeout(500)
    assert Prediction.objects.filter(run=run).values("video").distinct().count() == 2

    page.get_by_role("button", name="Resume").click()
    expect(page.locator("#run-actions")).to_contain_text("Running")
    work(run)
    go.release(N)
    expect(page.locator("#run-actions")).to_contain_text("Finished", timeout=POLLED)
    expect(live).to_contain_text(f"{N} of {N} done")
    expect(live).not_to_have_attribute("hx-trigger", re.compile("."))
    run.refresh_from_db()
    assert run.state == RunState.FINISHED

    page.get_by_role("link", name="Videos of this run").click()
    page.get_by_role("link", name=re.compile("Differs from gold")).click()
    page.get_by_role("link", name=str(videos[0])).click()
    rows = page.locator(".beside-table tbody tr")
    expect(rows).to_have_count(3)  # gold: face endorsed, the others absent; the run endorses all
    expect(page.locator(".beside-table tbody tr.is-different")).to_have_count(2)
    page.get_by_text("Only where a model differs from gold").click()
    page.get_by_role("button", name="Apply").click()
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("Humility")
    expect(rows.first).to_contain_text(".75")


def test_failures_appear_while_one_watches_and_are_tried_again(page_as, study, researcher, videos, work):
    videos[1].scripts.update(text="nothing here")
    page = page_as(researcher)
    page.goto(reverse("models_app:run_create", args=["study", "dictionary"]))
    page.get_by_role("button", name="Start the run").click()
    expect(page.locator("#live")).to_contain_text(f"0 of {N} done")
    run = Run.objects.get()
    work(run).release(N)
    expect(page.locator("#run-failures")).to_contain_text("The script holds no words.", timeout=POLLED)
    expect(page.locator("#run-actions")).to_contain_text("Finished", timeout=POLLED)
    expect(page.locator("#run-log")).to_contain_text(f"Failed: video {videos[1]}")
    videos[1].scripts.update(text="Something after all")
    page.get_by_role("button", name="Retry these").click()
    expect(page.locator("#run-actions")).to_contain_text("Running")
    work(run).release(1)
    expect(page.locator("#run-actions")).to_contain_text("Finished", timeout=POLLED)
    expect(page.locator("#run-failures")).not_to_contain_text("The script holds no words.")


def test_pages_of_runs_work_without_scripts(context_as, study, researcher, videos):
    page = context_as(researcher, java_script_enabled=False).new_page()
    page.goto(reverse("models_app:run_create", args=["study", "dictionary"]))
    page.get_by_role("button", name="Start the run").click()
    expect(page.locator("#live")).to_contain_text(f"0 of {N} done")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#run-actions")).to_contain_text("Paused")
    page.get_by_role("button", name="Resume").click()
    page.get_by_text("Cancel…").click()
    page.get_by_role("button", name="Cancel the run").click()
    expect(page.locator("#run-actions")).to_contain_text("Cancelled")


def test_the_choice_of_videos_changes_the_estimate_at_once(page_as, study, researcher, videos):
    batch = study.batches.create(name="Another", order=9)
    make_video(study, batch=batch)
    page = page_as(researcher)
    page.goto(reverse("models_app:run_create", args=["study", "dictionary"]))
    expect(page.locator("#estimate")).to_contain_text(f"{N + 1} videos are in the scope")
    page.get_by_label("Videos").select_option("Another")
    expect(page.locator("#estimate")).to_contain_text("1 video is in the scope")


def test_a_time_of_the_script_leads_to_its_moment(page_as, study, researcher, videos, tmp_path, settings):
    from annotator.actions.videos import store_media
    from tests.browser.waiting import until
    from tests.media_files import make_clip

    store_media(video=videos[0], path=make_clip(tmp_path / "clip.mp4", seconds=3))
    page = page_as(researcher)
    page.goto(reverse("models_app:video_models", args=["study", videos[0].pk]))
    until(page, "document.querySelector('video').readyState >= 1")
    page.get_by_role("button", name="Play from 0:01.5").click()
    until(page, "document.querySelector('video').currentTime >= 1.5")
    expect(page.locator(".script [aria-current]")).to_contain_text("[day 3]")
