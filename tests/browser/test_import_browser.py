"""Videos are imported on the page: chosen or dropped, with progress, and a line for each file."""

import csv
import io
import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from annotator.models import Role, Study
from tests.browser.axe import faults
from tests.browser.waiting import until
from tests.factories import make_member, make_study
from tests.media_files import make_clip


@pytest.fixture
def study() -> Study:
    return make_study("study", slugs=["face", "tradition"])


@pytest.fixture
def researcher(study):
    return make_member(study, Role.RESEARCHER)


def table_of(rows) -> bytes:
    file = io.StringIO()
    writer = csv.DictWriter(file, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode()


def open_import(page_as, researcher):
    page = page_as(researcher)
    page.goto(reverse("annotator:video_import", args=("study",)))
    return page


def test_chosen_files_are_imported_with_a_line_each(page_as, study, researcher, tmp_path):
    clip = make_clip(tmp_path / "cooking.mp4", seconds=1)
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"this is no video")
    table = tmp_path / "videos.csv"
    table.write_bytes(
        table_of([{"video_id": "7300000000000000123", "creator": "mira", "file": "cooking.mp4"}])
    )
    page = open_import(page_as, researcher)
    page.locator('input[type="file"]').set_input_files([table, clip, broken])
    expect(page.locator("#import-chosen")).to_have_text("3 files chosen")
    page.locator("#import-button").click()
    expect(page.locator("#import-summary")).to_contain_text("Finished:")
    lines = page.locator("#import-lines > li")
    expect(lines).to_have_count(3)
    expect(lines.filter(has_text="videos.csv")).to_contain_text("added")
    expect(lines.filter(has_text="cooking.mp4")).to_contain_text("7300000000000000123")
    expect(lines.filter(has_text="broken.mp4")).to_have_attribute("data-kind", "bad")
    expect(lines.filter(has_text="broken.mp4")).to_contain_text("failed")
    assert faults(page, within="#import-result") == []
    video = study.videos.get()
    assert (video.external_id, video.creator.handle, bool(video.media)) == (
        "7300000000000000123",
        "mira",
        True,
    )
    lines.filter(has_text="cooking.mp4").locator("a").click()
    until(page, "(document.querySelector('video')?.readyState ?? 0) >= 1")  # once the link has led there


def test_file_is_sent_with_progress(page_as, study, researcher, tmp_path):
    """The bar shows while the file is on its way, and goes when the answer is there."""
    page = open_import(page_as, researcher)
    page.evaluate("""() => {
      window.shown = [];
      new MutationObserver((changes) => {
        for (const { target } of changes) if (!target.hidden) window.shown.push(target.value);
      }).observe(document.querySelector('#import-lines'), {
        subtree: true, attributes: true, attributeFilter: ['hidden', 'value'],
      });
    }""")
    page.locator('input[type="file"]').set_input_files([make_clip(tmp_path / "one.mp4", seconds=1)])
    page.locator("#import-button").click()
    expect(page.locator("#import-summary")).to_contain_text("Finished: 1 added")
    shown = page.evaluate("window.shown")
    assert shown
    assert max(shown) == 1
    expect(page.locator("#import-lines progress")).to_be_hidden()


def test_dropped_files_are_taken(page_as, study, researcher):
    page = open_import(page_as, researcher)
    text = table_of([{"video_id": "7300000000000000456"}]).decode()
    data = page.evaluate_handle(
        """(text) => {
          const data = new DataTransfer();
          data.items.add(new File([text], 'dropped.csv', {type: 'text/csv'}));
          return data;
        }""",
        text,
    )
    zone = page.locator(".dropzone")
    zone.dispatch_event("dragenter", {"dataTransfer": data})
    expect(zone).to_have_class(re.compile("is-over"))
    # A drop made by a script is not carried out by the browser; the input covers the zone, so a real one
    # lands on it. What remains to be seen is that the input takes the files and the zone calms down.
    zone.dispatch_event("drop", {"dataTransfer": data})
    expect(zone).not_to_have_class(re.compile("is-over"))
    covers = page.evaluate("""() => {
      const box = document.querySelector('.dropzone').getBoundingClientRect();
      const at = (x, y) => document.elementFromPoint(box.left + x, box.top + y)?.type;
      return [at(box.width / 2, box.height / 2), at(8, 8), at(box.width - 8, box.height - 8)];
    }""")
    assert covers == ["file", "file", "file"]
    page.evaluate(
        """(data) => {
          const input = document.querySelector('input[type=file]');
          input.files = data.files;
          input.dispatchEvent(new Event('change', {bubbles: true}));
        }""",
        data,
    )
    expect(page.locator("#import-chosen")).to_have_text("1 file chosen")
    page.locator("#import-button").click()
    expect(page.locator("#import-lines > li")).to_contain_text("dropped.csv")
    expect(page.locator("#import-summary")).to_contain_text("1 added")
    assert study.videos.get().external_id == "7300000000000000456"


def test_bad_row_stops_the_table_and_is_named(page_as, study, researcher, tmp_path):
    table = tmp_path / "videos.csv"
    table.write_bytes(
        table_of([{"video_id": "7300000000000000123", "likes": 5}, {"video_id": "73", "likes": "many"}])
    )
    page = open_import(page_as, researcher)
    page.locator('input[type="file"]').set_input_files([table, make_clip(tmp_path / "one.mp4", seconds=1)])
    page.locator("#import-button").click()
    lines = page.locator("#import-lines > li")
    expect(lines.first).to_contain_text("videos.csv, line 3")
    expect(lines.filter(has_text="one.mp4")).to_contain_text("not sent")
    assert not study.videos.exists()
