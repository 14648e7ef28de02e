import datetime
import json
import shutil
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotator.actions.video_import import Wishes, import_videos
from annotator.actions.videos import withdraw_video
from annotator.imports.gather import gather
from annotator.imports.videos import ALIASES
from annotator.models import Batch, Change, Coding, Creator, Role, Slot, Video
from tests.factories import make_batch, make_coding, make_member, make_study, make_video
from tests.media_files import make_clip

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    return make_study("s")


def run(study, *paths, **wishes):
    return import_videos(
        study=study,
        sources=gather([Path(path) for path in paths]),
        wishes=Wishes(**wishes),
        may_look_beside=True,
    )


def lines(report) -> list[str]:
    return [str(outcome) for outcome in report.outcomes]


@pytest.fixture
def write(tmp_path):
    def write(name: str, text: str | bytes) -> Path:
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


FULL = """video_id,url,creator,genre,caption,hashtags,likes,comments,shares,views,is_pinned,posted_at,\
creator_name,creator_genre,nominated_by,verified_by,is_minor
7301,https://www.tiktok.com/@mia/video/7301,@mia,beauty,"Hello, #you",#a b;c,"1,200",3,0,5000,yes,\
2024-05-01T10:00:00+02:00,Mia M.,lifestyle,Forbes 2023,two of us,true
"""


# --- tables -------------------------------------------------------------------------------


def test_table_fills_video_and_creator(study, write):
    report = run(study, write("videos.csv", FULL))
    assert lines(report) == ["videos.csv, line 2: added 7301"]
    video = Video.objects.get()
    assert (video.external_id, video.platform, video.url) == (
        "7301", "tiktok", "https://www.tiktok.com/@mia/video/7301",
    )  # fmt: skip
    assert (video.genre, video.caption, video.hashtags) == ("beauty", "Hello, #you", ["a", "b", "c"])
    assert video.counts == {"likes": 1200, "comments": 3, "shares": 0, "views": 5000}
    assert video.is_pinned is True
    assert video.posted_at == datetime.datetime(2024, 5, 1, 8, tzinfo=datetime.UTC)
    creator = video.creator
    assert (creator.handle, creator.name, creator.genre) == ("mia", "Mia M.", "lifestyle")
    assert (creator.nominated_by, creator.verified_by, creator.is_minor) == ("Forbes 2023", "two of us", True)


def test_new_videos_get_slots_in_the_first_batch(study, write):
    run(study, write("videos.csv", "video_id\n1\n2\n"))
    assert Batch.objects.get().name == "Batch 1"
    assert Slot.objects.filter(video__external_id="1", is_open=True).count() == study.coders_per_video
    run(study, write("more.csv", "video_id\n3\n"), batch="Pilot")
    assert Video.objects.get(external_id="3").batch.name == "Pilot"


def test_batch_of_a_known_video_stays(study, write):
    video = make_video(study, external_id="1")
    run(study, write("videos.csv", "video_id,caption\n1,new\n"), batch="Other")
    video.refresh_from_db()
    assert (video.batch.name, video.caption) == ("Batch 1", "new")
    assert video.slots.count() == 2


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("v.csv", "ID,Link,Author,Desc\n1,https://www.tiktok.com/@mia/video/1,mia,hi\n"),
        ("v.csv", "id;link;author;desc\n1;https://www.tiktok.com/@mia/video/1;@mia;hi\n"),
        ("v.tsv", "id\tlink\tauthor\tdesc\n1\thttps://www.tiktok.com/@mia/video/1\tmia\thi\n"),
        ("v.csv", "url,description\nhttps://www.tiktok.com/@mia/video/1,hi\n"),
        ("v.csv", "video_id,caption\nhttps://www.tiktok.com/@mia/video/1?lang=he,hi\n"),
        ("v.jsonl", '{"id": "1", "author": "mia", "text": "hi", "url": "https://tiktok.com/@mia/video/1"}'),
        ("v.json", '[{"id": 1, "author": "mia", "text": "hi"}]'),
    ],
)
def test_usual_names_of_columns_are_understood(study, write, name, text):
    assert not run(study, write(name, text)).has_failed
    video = Video.objects.select_related("creator").get()
    assert (video.external_id, video.creator.handle, video.caption) == ("1", "mia", "hi")


def test_columns_that_mean_nothing_are_named(study, write):
    report = run(study, write("v.csv", "video_id,colour,shoe size\n1,red,42\n"))
    assert report.notes == ["v.csv: columns ignored: colour, shoe size"]


def test_second_import_reports_what_changed_and_keeps_labels(study, write):
    run(study, write("v.csv", "video_id,caption,likes\n1,a,5\n2,b,6\n3,c,7\n"))
    coding = make_coding(Video.objects.get(external_id="1"), make_member(study, Role.ANNOTATOR))
    report = run(study, write("v.csv", "video_id,caption,likes\n1,new,5\n2,b,\n3,,8\n4,d,1\n"))
    assert lines(report) == [
        "v.csv, line 2: updated 1 (caption)",
        "v.csv, line 3: unchanged 2",
        "v.csv, line 4: updated 3 (counts)",
        "v.csv, line 5: added 4",
    ]
    assert report.counts == {"added": 1, "updated": 2, "unchanged": 1}
    assert Video.objects.get(external_id="2").counts == {"likes": 6}, "an empty cell changes nothing"
    assert Video.objects.get(external_id="3").caption == "c"
    assert Coding.objects.get() == coding
    assert coding.judgements.filter(stance=0).count() == 19


def test_history_tells_that_a_caption_changed_and_not_what_it_said(study, write):
    run(study, write("v.csv", "video_id,caption,genre\n1,private,a\n"))
    run(study, write("v.csv", "video_id,caption,genre\n1,other,b\n"))
    change = Change.objects.get(what="video.updated")
    assert change.before == {"caption": None, "genre": "a"}
    assert change.after == {"caption": None, "genre": "b"}


def test_known_creator_is_found_whatever_the_case_of_the_account(study, write):
    run(study, write("v.csv", "video_id,creator,is_minor\n1,Mia,no\n"))
    run(study, write("v.csv", "video_id,creator,is_minor\n2,@mia,yes\n"))
    creator = Creator.objects.get()
    assert (creator.videos.count(), creator.is_minor) == (2, True)
    assert Change.objects.get(what="creator.edited").after["is_minor"] is True


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (",,x", "the row names no video"),
        ("7.3E+18,,x", "rounded by a spreadsheet"),
        ("1,ftp://x/1,x", "column “url”: failed: “ftp://x/1” is not a web address"),
        ("1,javascript:alert(1),x", "is not a web address"),
        ("1,https://vm.tiktok.com/ZMabc/,x", "shortened link"),
        ("1,https://www.tiktok.com/@mia/video/2,x", "the link ends in 2, but the id is 1"),
        ("1,https://www.tiktok.com/,x", "names no video"),
        ("1,http://[::1,x", "is not a web address"),
        ("x" * 201 + ",,x", "longer than 200"),
        ("1,,many", "column “likes”: failed: expected a whole number, found “many”"),
        ("1,,-3", "expected a whole number"),
        ("1,,1.5", "expected a whole number"),
        ("1,,99999999999999999999", "expected a whole number"),
        ("0,,1", "stands already on line 2"),
    ],
)
def test_bad_row_is_named_and_the_table_stays_out(study, write, row, message):
    report = run(study, write("v.csv", f"video_id,url,likes\n0,,1\n{row}\n"))
    assert report.has_failed
    assert lines(report)[0].startswith("v.csv, line 3")
    assert message in lines(report)[0]
    assert Video.objects.count() == 0
    assert Batch.objects.count() == 0


@pytest.mark.parametrize(
    ("column", "cell", "message"),
    [
        ("is_pinned", "perhaps", "expected yes or no"),
        ("posted_at", "yesterday", "expected a date like"),
        ("posted_at", "2024-02-31", "expected a date like"),
        ("genre", "g" * 121, "longer than 120"),
        ("creator_name", "Mia", "not which"),
        ("platform", "p" * 41, "longer than 40"),
    ],
)
def test_bad_cell_is_named_with_its_column(study, write, column, cell, message):
    report = run(study, write("v.csv", f"video_id,{column}\n1,{cell}\n"))
    assert f"v.csv, line 2, column “{column}”: " in lines(report)[0]
    assert message in lines(report)[0]
    assert not Video.objects.exists()


def test_rows_that_contradict_each_other_about_a_creator_are_named(study, write):
    report = run(study, write("v.csv", "video_id,creator,is_minor\n1,mia,yes\n2,@MIA,no\n"))
    assert "is_minor of creator MIA is “False” here and “True” on line 2" in lines(report)[0]
    assert not Creator.objects.exists()


def test_json_lines_of_which_none_can_be_read_are_each_told(study, write):
    long = json.dumps({"video_id": "1", "caption": "x" * 10_000_000})
    report = run(study, write("v.jsonl", f'{long}\n{{"video_id": NaN}}\n[1]\n'))
    assert [outcome.line for outcome in report.outcomes] == [1, 2, 3]
    assert "holds more than 131072 characters" in str(report.outcomes[0])
    assert "NaN" in str(report.outcomes[1])


def test_bad_rows_are_left_out_when_asked(study, write):
    report = run(study, write("v.csv", "video_id,likes\n1,1\n2,many\n3,1,extra\n4,1\n"), skip_bad_rows=True)
    assert report.counts == {"added": 2, "skipped": 2}
    assert not report.has_failed
    assert sorted(Video.objects.values_list("external_id", flat=True)) == ["1", "4"]


def test_one_bad_table_keeps_everything_out(study, write, tmp_path):
    make_clip(tmp_path / "in" / "9.mp4", seconds=1, size=(64, 64))
    write("a.csv", "video_id\n1\n")
    write("b.csv", "video_id,likes\n2,many\n")
    report = run(study, tmp_path / "in")
    assert report.counts == {"error": 1}
    assert "Nothing was imported" in report.notes[-1]
    assert not Video.objects.exists()


def test_table_without_a_column_for_the_video_is_refused(study, write):
    report = run(study, write("v.csv", "caption\nhi\n"))
    assert "no column tells which video a row is about" in lines(report)[0]


def test_id_on_several_platforms_must_name_one(study, write):
    make_video(study, external_id="1", platform="tiktok")
    make_video(study, external_id="1", platform="youtube")
    assert "several platforms (tiktok, youtube)" in lines(run(study, write("v.csv", "video_id\n1\n")))[0]
    report = run(study, write("v.csv", "video_id,platform,caption\n1,YouTube,hi\n"))
    assert lines(report) == ["v.csv, line 2: updated 1 (caption)"]


def test_withdrawn_video_is_not_brought_back(study, write):
    withdraw_video(video=make_video(study, external_id="1"), because="gone", by=None)
    report = run(study, write("v.csv", "video_id,caption\n1,back\n2,x\n"))
    assert report.counts == {"added": 1, "withdrawn": 1}
    assert Video.objects.get(external_id="1").caption == ""


def test_same_rows_in_many_statements_or_few(study, write, django_assert_max_num_queries):
    rows = "".join(f"{n},creator{n % 50},caption {n}\n" for n in range(2000))
    path = write("v.csv", "video_id,creator,caption\n" + rows)
    with django_assert_max_num_queries(150):
        report = run(study, path)
    assert report.counts == {"added": 2000}
    assert Creator.objects.count() == 50
    with django_assert_max_num_queries(40):
        assert run(study, path).counts == {"unchanged": 2000}


# --- descriptions -------------------------------------------------------------------------

INFO = {
    "id": "7301", "webpage_url": "https://www.tiktok.com/@mia/video/7301", "extractor_key": "TikTok",
    "uploader": "mia", "uploader_id": "6812", "channel": "Mia M.", "description": "Hello #you #me",
    "timestamp": 1714557600, "like_count": 5, "view_count": 10, "comment_count": None, "repost_count": 2,
    "formats": [{"x": "y" * 200_000}], "ext": "mp4",
}  # fmt: skip


def test_description_of_a_downloader_is_read_with_its_clip(study, write, tmp_path):
    write("Hello [7301].info.json", json.dumps(INFO))
    make_clip(tmp_path / "in" / "Hello [7301].mp4", seconds=1, size=(64, 64))
    report = run(study, tmp_path / "in")
    assert lines(report)[0] == "Hello [7301].info.json: added 7301"
    assert lines(report)[1].startswith("Hello [7301].mp4: updated 7301 (1.0 s, 64 × 64, with sound")
    video = Video.objects.select_related("creator").get()
    assert (video.creator.handle, video.creator.name) == ("mia", "Mia M.")
    assert (video.caption, video.hashtags) == ("Hello #you #me", ["you", "me"])
    assert video.counts == {"likes": 5, "shares": 2, "views": 10}
    assert video.posted_at.year == 2024
    assert video.media


def test_clip_beside_a_named_description_is_taken_too(study, write, tmp_path):
    path = write("7301.info.json", json.dumps(INFO))
    make_clip(tmp_path / "in" / "7301.mp4", seconds=1, size=(64, 64))
    assert run(study, path).counts == {"added": 1, "updated": 1}


def test_handle_of_a_youtube_description_is_the_at_name(study, write):
    info = {"id": "abc", "webpage_url": "https://www.youtube.com/watch?v=abc", "uploader": "Mia M.",
            "uploader_id": "@mia", "channel": "Mia M.", "tags": ["x"], "upload_date": "20240501"}  # fmt: skip
    run(study, write("a.info.json", json.dumps(info)))
    video = Video.objects.select_related("creator").get()
    assert (video.platform, video.creator.handle, video.hashtags) == ("youtube", "mia", ["x"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("{", "cut off"),
        ("[1]", "expected an object"),
        ('{"id": null}', "there is no id"),
        ('{"title": "x"}', "there is no id"),
        ('{"id": "x", "_type": "playlist"}', "an account or a list"),
        ('{"id": {"a": 1}}', "expected a text"),
        ('{"id": "1", "like_count": "many"}', "expected a whole number"),
        ('{"id": "1", "webpage_url": "nowhere"}', "is not a web address"),
        ('{"id": "1", "description": "' + "x" * 10_000_000 + '"}', "more than"),
        (b"\xff\xfe\x00", "UTF-16"),
        ('{"id": "caf\xe9"}'.encode("latin-1"), "UTF-8"),
    ],
)
def test_bad_description_is_told_and_does_not_stop_the_others(study, write, tmp_path, text, message):
    write("bad.info.json", text)
    write("good.info.json", json.dumps(INFO))
    report = run(study, tmp_path / "in")
    assert message in lines(report)[0]
    assert report.counts == {"added": 1, "error": 1}


# --- media --------------------------------------------------------------------------------


def test_each_media_file_has_its_own_line(study, write, tmp_path):
    folder = tmp_path / "in"
    make_clip(folder / "good.mp4", seconds=1, size=(64, 64), sound=0.0)
    shutil.copy(folder / "good.mp4", folder / "twin.mp4")
    write("cut.mp4", (folder / "good.mp4").read_bytes()[:900])
    write("empty.mp4", b"")
    write("text.mp4", "I am a text")
    write("picture.mov", b"\x89PNG\r\n\x1a\n")
    write("notes.txt", "left alone")
    report = run(study, folder)
    found = {outcome.source: (outcome.kind.value, outcome.message) for outcome in report.outcomes}
    assert found["good.mp4"] == ("added", "1.0 s, 64 × 64, no sound")
    assert found["twin.mp4"] == ("duplicate", "duplicate of video good: the same content.")
    assert found["empty.mp4"] == ("error", "the file is empty.")
    assert found["text.mp4"] == ("error", "this is a text file, not a video.")
    assert found["picture.mov"] == ("error", "this is a picture (PNG), not a video.")
    assert found["cut.mp4"][0] == "error"
    assert "cut off" in found["cut.mp4"][1]
    assert "notes.txt" not in found
    assert report.notes == ["1 other file ignored: notes.txt"]
    assert list(Video.objects.values_list("external_id", flat=True)) == ["good"]


def test_table_names_its_files(study, write, tmp_path):
    make_clip(tmp_path / "in" / "clips" / "one.mp4", seconds=1, size=(64, 64))
    path = write("v.csv", "video_id,file\n1,clips/one.mp4\n2,clips/missing.mp4\n")
    report = run(study, path)
    assert report.counts == {"added": 2, "updated": 1, "error": 1}
    assert any("the file clips/missing.mp4 is not there" in line for line in lines(report))
    assert Video.objects.get(external_id="1").media
    assert not Video.objects.get(external_id="2").media


def test_media_come_later_to_a_video_known_by_its_id(study, write, tmp_path):
    make_video(study, external_id="7301")
    make_clip(tmp_path / "clips" / "7301.mp4", seconds=1, size=(64, 64))
    report = run(study, tmp_path / "clips")
    assert report.counts == {"updated": 1}
    assert Video.objects.get().has_sound is True
    assert run(study, tmp_path / "clips").counts == {"unchanged": 1}


def test_bracketed_id_of_a_downloader_is_used_only_if_it_is_known(study, tmp_path):
    make_video(study, external_id="7301")
    make_clip(tmp_path / "clips" / "My day [7301].mp4", seconds=1, size=(64, 64))
    make_clip(tmp_path / "clips" / "My day [final].mp4", seconds=2, size=(64, 64))
    run(study, tmp_path / "clips")
    assert sorted(Video.objects.values_list("external_id", flat=True)) == ["7301", "My day [final]"]


def test_other_media_replace_only_when_asked(study, tmp_path):
    clip = make_clip(tmp_path / "1.mp4", seconds=1, size=(64, 64))
    run(study, clip)
    make_clip(clip, seconds=2, size=(64, 64))
    assert "has other media already" in lines(run(study, clip))[0]
    assert run(study, clip, replace_media=True).counts == {"updated": 1}
    assert Video.objects.get().duration_ms == pytest.approx(2000, abs=120)


def test_file_over_the_limit_has_its_line(study, tmp_path, settings):
    settings.MAX_VIDEO_BYTES = 500
    report = run(study, make_clip(tmp_path / "1.mp4", seconds=1, size=(64, 64)))
    assert "larger than the limit" in lines(report)[0]
    assert not Batch.objects.exists()


def test_real_media_are_imported(study, shared):
    report = run(study, shared / "media")
    added = {o.video: o.message for o in report.outcomes if o.kind.value == "added"}
    assert added == {
        "bigbuckbunny": "5.3 s, 1280 × 720, with sound",
        "carphone_silent": "4.0 s, 193 × 144, no sound",
        "trailer_bbb": "55.1 s, 1280 × 720, with sound",
    }


# --- the command --------------------------------------------------------------------------


def test_command_prints_a_line_for_every_row(study, write, capsys):
    call_command("import_videos", "s", str(write("v.csv", "video_id\n1\n")))
    assert capsys.readouterr().out == "v.csv, line 2: added 1\n1 added\n"


def test_command_prints_json(study, write, capsys):
    call_command("import_videos", "s", str(write("v.csv", "video_id\n1\n")), "--json", "--batch", "Pilot")
    result = json.loads(capsys.readouterr().out)
    assert result["study"] == "s"
    assert result["counts"] == {"added": 1}
    assert result["results"][0] | {"pk": None} == {
        "file": "v.csv", "line": 2, "column": None, "outcome": "added", "word": "added",
        "video": "1", "pk": None, "message": "",
    }  # fmt: skip


def test_command_fails_if_anything_failed(study, write, capsys):
    with pytest.raises(CommandError, match="not everything was imported: 1 failed"):
        call_command("import_videos", "s", str(write("v.csv", "video_id,likes\n1,many\n")))
    assert "v.csv, line 2, column “likes”: failed" in capsys.readouterr().out


def test_command_tells_a_missing_file_and_an_unknown_study(study, tmp_path):
    with pytest.raises(CommandError, match="1 failed"):
        call_command("import_videos", "s", str(tmp_path / "nowhere.csv"))
    with pytest.raises(CommandError, match="no study “t”"):
        call_command("import_videos", "t", str(tmp_path))


# --- hostile files ------------------------------------------------------------------------

CELLS = st.one_of(
    st.text(alphabet=st.characters(codec="utf-8"), max_size=30),
    st.sampled_from(
        ["1", "2", "https://www.tiktok.com/@a/video/1", "=1+1", "-", "7.3E+18", "../../etc/passwd", "﷽"]
    ),
)


COLUMNS = st.sampled_from(
    [
        "video_id",
        "url",
        "creator",
        "likes",
        "posted_at",
        "file",
        "hashtags",
        "is_minor",
        "nominated_by",
        "platform",
        "caption",
    ]
)
VALUES = st.one_of(
    CELLS,
    st.integers(),
    st.floats(),
    st.booleans(),
    st.none(),
    st.lists(CELLS, max_size=3),
    st.dictionaries(CELLS, CELLS, max_size=2),
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.dictionaries(COLUMNS, VALUES, max_size=6), max_size=5))
def test_any_rows_go_in_whole_or_not_at_all(study, tmp_path, rows):
    Video.objects.all().delete()
    path = tmp_path / "v.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows) or "{}", encoding="utf-8")
    report = import_videos(study=study, sources=gather([path]), wishes=Wishes())
    row_errors = [
        outcome
        for outcome in report.outcomes
        if outcome.kind.value == "error" and "is not there" not in outcome.message
    ]
    assert Video.objects.count() == (0 if row_errors else report.counts.get("added", 0))
    assert all(str(outcome) for outcome in report.outcomes)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.binary(max_size=300),
    suffix=st.sampled_from([".csv", ".jsonl", ".json", ".xlsx", ".info.json", ".mp4"]),
)
def test_any_bytes_are_told_and_change_nothing(study, tmp_path, data, suffix):
    path = tmp_path / f"hostile{suffix}"
    path.write_bytes(data)
    report = import_videos(study=study, sources=gather([path]), wishes=Wishes())
    assert report.outcomes or report.notes
    if report.has_failed:
        assert not Video.objects.exists()


def test_table_cannot_read_files_elsewhere_when_it_was_uploaded(study, write, tmp_path):
    make_clip(tmp_path / "secret.mp4", seconds=1, size=(64, 64))
    path = write("v.csv", "video_id,file\n1,../secret.mp4\n")
    report = import_videos(study=study, sources=gather([path]), wishes=Wishes(), may_look_beside=False)
    assert "is not there" in lines(report)[1]
    assert not Video.objects.get().media


def test_video_keeps_its_batch_when_imported_into_a_study_with_several(study, write):
    make_batch(study, "A")
    make_batch(study, "B")
    run(study, write("v.csv", "video_id\n1\n"))
    assert Video.objects.get().batch.name == "A"


@pytest.mark.parametrize("column", ALIASES)
def test_column_is_documented(column):
    text = Path("docs/importing-videos.md").read_text(encoding="utf-8")
    assert f"`{column}`" in text
