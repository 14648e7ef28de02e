"""Videos in, scripts out, with the real models."""

import re
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models_app.pipelines.base import Interrupted, ScriptDraft, SegmentKind, VideoInput
from models_app.pipelines.local_script import LocalScript
from tests.models_app.pipelines.films import FONTS, RATE, backdrop, make_film, speech_of, write
from tests.models_app.pipelines.word_errors import plain_words, word_error_rate

DEMO = Path(__file__).resolve().parents[3] / "demo" / "clips"


def script(pipeline: LocalScript, path: Path) -> ScriptDraft:
    return pipeline.make(VideoInput(1, path), beat=lambda done: None)


def texts(draft: ScriptDraft, kind: SegmentKind) -> list[str]:
    return [part.text for part in draft.segments if part.kind is kind]


def plain(text: str) -> str:
    """Quotation marks of any shape are one; spaces do not count."""
    return re.sub(r"\s", "", re.sub("[“”„«»\"'’]", "'", text.casefold()))


# Speech ------------------------------------------------------------------------------------------------


def transcripts(shared: Path) -> dict[str, str]:
    lines = (shared / "media" / "librivox_transcripts.txt").read_text(encoding="utf-8").splitlines()
    found = (re.match(r"<s> (.*) </s> \(.*-(\d+)\)", line) for line in lines)
    return {match[2]: match[1] for match in found if match}


@pytest.mark.slow
def test_read_sentences_are_recognised_though_there_is_no_picture(shared: Path, local_script: LocalScript):
    rates = {}
    for number, said in transcripts(shared).items():
        draft = script(local_script, shared / "media" / f"librivox_{number}.wav")
        heard = " ".join(texts(draft, SegmentKind.SPEECH))
        rates[number] = (word_error_rate(said, heard), len(plain_words(said)))
        assert draft.facts["sound"] == "speech"
        assert draft.facts["language"] == "en"
        assert "There is no picture." in draft.text
    overall = sum(rate * n for rate, n in rates.values()) / sum(n for _, n in rates.values())
    by_clip = {number: round(rate, 3) for number, (rate, _) in rates.items()}
    print(f"word error rate {overall:.3f}, by clip {by_clip}")  # noqa: T201
    assert len(rates) == 5
    assert overall < 0.05
    assert max(rate for rate, _ in rates.values()) < 0.1


@pytest.mark.slow
def test_speech_stands_where_it_is_said(shared: Path, local_script: LocalScript, tmp_path: Path):
    silence = np.zeros(3 * RATE, dtype=np.float32)
    sound = np.concatenate([silence, speech_of(shared / "media" / "librivox_0880.wav")])
    path = make_film(tmp_path / "late.mp4", lambda t: backdrop((180, 320), t), seconds=6, sound=sound)
    (said,) = [part for part in script(local_script, path).segments if part.kind is SegmentKind.SPEECH]
    assert said.start_ms == pytest.approx(3000, abs=500)
    assert said.end_ms == pytest.approx(5600, abs=500)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["trailer_bbb.mp4", "bigbuckbunny.mp4"])
def test_music_and_noise_are_not_written_down_as_speech(name: str, shared: Path, local_script: LocalScript):
    draft = script(local_script, shared / "media" / name)
    assert texts(draft, SegmentKind.SPEECH) == []
    assert draft.text.startswith("Sound: music or other sound, no speech.")


@pytest.mark.parametrize("kind", ["chord", "noise", "beat"])
def test_sound_made_by_no_mouth_is_not_written_down_as_speech(
    kind: str, tmp_path: Path, local_script: LocalScript
):
    t = np.arange(6 * RATE) / RATE
    wave = {
        "chord": sum(np.sin(2 * np.pi * f * t) for f in (220, 277, 330)) / 6,
        "noise": np.random.default_rng(1).normal(0, 0.1, len(t)),
        "beat": np.sin(2 * np.pi * 60 * t) * (np.sin(2 * np.pi * 2 * t) > 0.7),
    }[kind]
    path = make_film(tmp_path / "music.mp4", None, seconds=6, sound=wave.astype(np.float32))
    draft = script(local_script, path)
    assert draft.facts["sound"] == "other"
    assert texts(draft, SegmentKind.SPEECH) == []


# Captions ----------------------------------------------------------------------------------------------

# What, from, to (seconds), top (of 1), size (of 1), font
WRITTEN = (
    ("My morning routine", 0.0, 4.0, 0.10, 0.050, FONTS[0]),
    ("Schöne Grüße aus Köln", 2.0, 6.0, 0.30, 0.030, FONTS[1]),
    ("He said: “never again”", 5.0, 9.0, 0.75, 0.034, FONTS[0]),
    ("SERVE 47", 7.0, 9.0, 0.20, 0.070, FONTS[2]),
    ("SERVE 48", 9.0, 12.0, 0.20, 0.070, FONTS[2]),
    ("Über uns: 3 für 12,50 €", 9.0, 12.0, 0.60, 0.024, FONTS[2]),
    ("Don't try this at home!", 6.0, 12.0, 0.90, 0.022, FONTS[1]),
)


@pytest.mark.parametrize("size", [(540, 960), (1280, 720)], ids=["upright", "across"])
def test_every_line_drawn_on_the_frames_is_read_when_it_is_there(
    size: tuple[int, int], tmp_path: Path, local_script: LocalScript
):
    def draw(t: float) -> Image.Image:
        picture = backdrop(size, t)
        for text, start, end, top, share, name in WRITTEN:
            if start <= t < end:
                write(picture, text, top=round(top * size[1]), size=round(share * max(size)), name=name)
        return picture

    draft = script(local_script, make_film(tmp_path / "captions.mp4", draw, seconds=12))
    captions = [part for part in draft.segments if part.kind is SegmentKind.CAPTION]
    for text, start, end, *_ in WRITTEN:
        (found,) = [part for part in captions if plain(text) in plain(part.text)]
        assert found.start_ms == pytest.approx(start * 1000, abs=1000), text
        assert found.end_ms == pytest.approx(end * 1000, abs=1000), text
        assert f"[{found.text}]" in draft.text
    assert len(captions) == len(WRITTEN), [part.text for part in captions]


@pytest.mark.slow
def test_the_title_and_the_credits_of_a_trailer_are_read(shared: Path, local_script: LocalScript):
    draft = script(local_script, shared / "media" / "trailer_bbb.mp4")
    captions = [
        (part.text, part.start_ms // 1000) for part in draft.segments if part.kind is SegmentKind.CAPTION
    ]
    *texts_read, credit = [text for text, _ in captions]
    assert texts_read == [
        "The Blender Foundation and Peach Project presents",
        "BigBuck BUNNY",  # the title, in letters that touch
        "An unlucky bird",
        "A (slightly overweight) bunny",
        "And three rodent pests",
        "Revenge is coming...",
    ]
    assert credit.startswith("Made with M")  # the o is a reel of film
    assert [seconds for _, seconds in captions] == pytest.approx([3, 6, 10, 16, 32, 47, 52], abs=1)


# Both --------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("clip", "said", "shown", "n_scenes"),
    [
        ("101", "I wanted a shape that nobody has thought of yet.", "my own weird bowl", 1),
        ("201", "it was the best feeling ever.", "12 steps. one board.", 3),
    ],
)
def test_a_demo_clip_gives_its_spoken_line_and_its_caption(
    clip: str, said: str, shown: str, n_scenes: int, local_script: LocalScript
):
    draft = script(local_script, DEMO / f"7300000000000000{clip}.mp4")
    assert plain(said) in plain(" ".join(texts(draft, SegmentKind.SPEECH)))
    assert any(line.startswith('SPEAKER: "') for line in draft.text.splitlines())
    assert any(shown in text for text in texts(draft, SegmentKind.CAPTION))
    assert draft.facts["n_scenes"] == n_scenes
    assert "@" not in draft.text  # nobody's account
    assert draft.facts["n_handles_left_out"] == 1


def test_a_script_tells_nobody_apart_by_order_of_items(local_script: LocalScript, tmp_path: Path):
    """What was read in one video does not leak into the next."""

    def draw(t: float) -> Image.Image:
        picture = backdrop((360, 640), 0)
        write(picture, "first film", top=100, size=40)
        return picture

    first = make_film(tmp_path / "first.mp4", draw, seconds=2)
    second = make_film(tmp_path / "second.mp4", lambda t: backdrop((360, 640), 0), seconds=2)
    assert texts(script(local_script, first), SegmentKind.CAPTION) == ["first film"]
    assert texts(script(local_script, second), SegmentKind.CAPTION) == []
    assert script(local_script, first) == script(local_script, first)


# Beats -------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_beats_are_many_grow_to_one_and_come_from_the_caller(local_script: LocalScript):
    beats, threads = [], set()

    def beat(done: float) -> None:
        beats.append(done)
        threads.add(threading.current_thread())

    local_script.make(VideoInput(1, DEMO / "7300000000000000101.mp4"), beat=beat)
    assert len(beats) >= 13
    assert beats == sorted(beats)
    assert (beats[0], beats[-1]) == (0.0, 1.0)
    assert threads == {threading.current_thread()}


@pytest.mark.slow
def test_a_beat_that_interrupts_leaves_nothing_running(local_script: LocalScript):
    def beat(done: float) -> None:
        if done > 0.05:
            raise Interrupted

    before = threading.active_count()
    with pytest.raises(Interrupted):
        local_script.make(VideoInput(1, DEMO / "7300000000000000201.mp4"), beat=beat)
    assert threading.active_count() == before
