"""Files as they come: a right script, or an error that a researcher understands; and nothing left open."""

import gc
import os
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models_app.pipelines.base import ItemError, ScriptDraft, SegmentKind, VideoInput
from models_app.pipelines.local_script import LocalScript
from tests.models_app.pipelines.films import RATE, backdrop, make_film, write


def script(pipeline: LocalScript, path: Path) -> ScriptDraft:
    return pipeline.make(VideoInput(1, path), beat=lambda done: None)


def captions(draft: ScriptDraft) -> list[str]:
    return [part.text for part in draft.segments if part.kind is SegmentKind.CAPTION]


def titled(size: tuple[int, int] = (640, 360), text: str = "wait for it"):
    def draw(t: float) -> Image.Image:
        picture = backdrop(size, t)
        write(picture, text, top=size[1] // 3, size=max(size) // 16)
        return picture

    return draw


def tone(seconds: float, *, volume: float = 0.2) -> np.ndarray:
    return (volume * np.sin(2 * np.pi * 440 * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


# Errors ------------------------------------------------------------------------------------------------


def empty(path: Path) -> None:
    path.touch()


def noise(path: Path) -> None:
    path.write_bytes(np.random.default_rng(0).bytes(20_000))


def page(path: Path) -> None:
    path.write_text("<html>Video unavailable</html>" * 50)


def playlist(path: Path) -> None:
    path.write_text("#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n")


def head_missing(path: Path) -> None:
    whole = make_film(path.with_name("whole.mp4"), titled(), seconds=2).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])  # the table of contents is at the end


def missing(path: Path) -> None:
    """Nothing there."""


def folder(path: Path) -> None:
    path.mkdir()
    (path / "x").touch()


@pytest.mark.parametrize(
    ("make", "code", "said"),
    [
        (empty, "empty_file", "is empty"),
        (noise, "unreadable", "damaged or not a video"),
        (page, "unreadable", "damaged or not a video"),
        (playlist, "unreadable", "damaged or not a video"),
        (head_missing, "unreadable", "cut off or damaged"),
        (missing, "missing_file", "is not there"),
        (folder, "unreadable", "cannot be read"),
    ],
)
def test_a_file_that_is_no_video_says_what_it_is(make, code, said, tmp_path: Path, local_script: LocalScript):
    path = tmp_path / "video.mp4"
    make(path)
    with pytest.raises(ItemError, match=said) as caught:
        script(local_script, path)
    assert caught.value.code == code
    assert str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "sound"), [("whole.mp4", None), ("whole.mp4", tone(8)), ("whole.mkv", tone(8))]
)
def test_a_file_that_breaks_off_gives_no_script_of_its_beginning(
    name: str, sound: np.ndarray | None, tmp_path: Path, local_script: LocalScript
):
    index_first = name.endswith("mp4")
    film = tmp_path / name
    whole = make_film(film, titled(), seconds=8, sound=sound, is_index_first=index_first, g="10")
    assert script(local_script, whole).facts["seconds"] == pytest.approx(8, abs=0.2)
    cut = tmp_path / f"cut{whole.suffix}"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(ItemError, match=r"it says 8\.\d seconds and holds [1-6]\.\d of them") as caught:
        script(local_script, cut)
    assert caught.value.code == "cut_off"


def test_a_picture_too_large_for_memory_is_refused_before_it_is_decoded(
    tmp_path: Path, local_script: LocalScript, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("models_app.pipelines.frames.MAX_PIXELS", 100 * 100)
    with pytest.raises(ItemError, match="too large: 640 × 360 pixels") as caught:
        script(local_script, make_film(tmp_path / "large.mp4", titled(), seconds=1))
    assert caught.value.code == "too_large"


# Scripts -----------------------------------------------------------------------------------------------


def test_a_silent_video_without_a_sound_track_is_silent(shared: Path, local_script: LocalScript):
    draft = script(local_script, shared / "media" / "carphone_silent.mp4")
    assert draft.text == "Sound: none.\n\nSCENE 1"
    assert (draft.facts["sound"], draft.facts["has_sound_track"]) == ("silent", False)


def test_a_sound_track_with_nothing_in_it_is_silent(tmp_path: Path, local_script: LocalScript):
    path = make_film(tmp_path / "mute.mp4", titled(), seconds=2, sound=tone(2, volume=0))
    draft = script(local_script, path)
    assert draft.text.startswith("Sound: none.")
    assert (draft.facts["sound"], draft.facts["has_sound_track"]) == ("silent", True)
    assert captions(draft) == ["wait for it"]


def test_sound_alone_gives_a_script_of_the_sound(tmp_path: Path, local_script: LocalScript):
    draft = script(local_script, make_film(tmp_path / "sound.mp4", None, seconds=2, sound=tone(2)))
    assert draft.text == "Sound: music or other sound, no speech.\n\nThere is no picture."


def test_a_single_frame_is_a_video_too(tmp_path: Path, local_script: LocalScript):
    draft = script(local_script, make_film(tmp_path / "short.mp4", titled(), seconds=0.1))
    assert captions(draft) == ["wait for it"]


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_video_that_players_turn_is_read_upright(turn: int, tmp_path: Path, local_script: LocalScript):
    upright = titled((360, 640))

    def lying(t: float) -> Image.Image:
        return upright(t).rotate(turn, expand=True)

    path = turned(make_film(tmp_path / "lying.mp4", lying, seconds=2), by=turn)
    assert captions(script(local_script, path)) == ["wait for it"]


def turned(path: Path, *, by: int) -> Path:
    """The file with the matrix in its track header that tells players to turn it clockwise."""
    one, matrix = 1 << 16, {90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}[by]
    content = bytearray(path.read_bytes())
    at = content.index(b"tkhd") + 4 + 40  # version 0: the matrix lies 40 bytes behind the name
    for place, value in zip((0, 4, 12, 16), matrix, strict=True):
        content[at + place : at + place + 4] = (value * one).to_bytes(4, "big", signed=True)
    path.write_bytes(bytes(content))
    return path


def test_a_frame_that_stands_for_seconds_is_seen_all_that_time(tmp_path: Path, local_script: LocalScript):
    """Variable frame rate: three frames, of which the second stands from 0.5 to 7 s."""

    def draw(t: float) -> Image.Image:
        picture = backdrop((640, 360), t)
        if 0.5 <= t < 7:
            write(picture, "please hold the line", top=120, size=40)
        return picture

    path = make_film(tmp_path / "slow.mp4", draw, seconds=8, moments=[0.0, 0.5, 7.0, 8.0])
    draft = script(local_script, path)
    (found,) = [part for part in draft.segments if part.kind is SegmentKind.CAPTION]
    assert (found.text, found.start_ms, found.end_ms) == (
        "please hold the line",
        0,
        pytest.approx(7000, abs=600),
    )


@pytest.mark.slow
def test_a_huge_picture_is_read_at_a_bearable_size(tmp_path: Path, local_script: LocalScript):
    path = make_film(tmp_path / "huge.mp4", titled((3840, 2160)), seconds=1, fps=3, preset="ultrafast")
    assert captions(script(local_script, path)) == ["wait for it"]


def test_cuts_are_where_the_picture_changes(tmp_path: Path, local_script: LocalScript):
    def draw(t: float) -> Image.Image:
        return Image.new(
            "RGB", (320, 180), ("#803020", "#205080", "#d0c060")[0 if t < 2.4 else 1 if t < 5.1 else 2]
        )

    draft = script(local_script, make_film(tmp_path / "cuts.mp4", draw, seconds=8))
    scenes = [part for part in draft.segments if part.kind is SegmentKind.SCENE]
    assert [part.start_ms for part in scenes] == pytest.approx([0, 2400, 5100], abs=500)
    assert [part.text for part in scenes] == ["SCENE 1", "SCENE 2", "SCENE 3"]


@pytest.mark.parametrize(
    ("colour", "said"), [("#000000", "The screen stays black."), ("#306090", "A still picture.")]
)
def test_a_picture_in_which_nothing_happens_says_so(
    colour: str, said: str, tmp_path: Path, local_script: LocalScript
):
    path = make_film(tmp_path / "still.mp4", lambda t: Image.new("RGB", (320, 180), colour), seconds=3)
    assert script(local_script, path).text == f"Sound: none.\n\nSCENE 1\n\n{said}"


# Nothing left behind -----------------------------------------------------------------------------------


def test_no_file_stays_open_and_memory_does_not_grow(tmp_path: Path, local_script: LocalScript):
    good = make_film(tmp_path / "good.mp4", titled(), seconds=1, sound=tone(1))
    bad = tmp_path / "bad.mp4"
    noise(bad)
    head_missing(tmp_path / "cut.mp4")

    def several() -> None:
        for path in (good, bad, tmp_path / "cut.mp4") * 4:
            with suppress(ItemError):
                script(local_script, path)

    several()
    files, memory = open_files(), resident()
    several()
    gc.collect()
    assert open_files() == files
    assert resident() - memory < 30


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def resident() -> float:
    """Megabytes."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
