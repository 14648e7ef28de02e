"""The demo's committed clips and lists: complete, consistent, and what they say they are."""

import csv
import importlib
import json
import shutil
from collections import Counter
from functools import cache
from pathlib import Path

import av
import numpy as np
import pytest

DEMO = Path(__file__).resolve().parents[2] / "demo"
VALUES = [
    "self-direction-thought",
    "self-direction-action",
    "stimulation",
    "hedonism",
    "achievement",
    "power-dominance",
    "power-resources",
    "face",
    "security-personal",
    "security-societal",
    "tradition",
    "conformity-rules",
    "conformity-interpersonal",
    "humility",
    "benevolence-dependability",
    "benevolence-caring",
    "universalism-concern",
    "universalism-nature",
    "universalism-tolerance",
]
QUIET = 1e-4  # root mean square below which nobody hears anything


def lines_of(name):
    return [json.loads(line) for line in (DEMO / name).read_text(encoding="utf-8").splitlines()]


VIDEOS = lines_of("videos.jsonl")
IDS = [video["video_id"] for video in VIDEOS]


def truth():
    with (DEMO / "truth.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def probed(video_id):
    """Size, seconds, codec and loudness of a clip, decoded to its end."""
    with av.open(str(DEMO / "clips" / f"{video_id}.mp4")) as file:
        stream = file.streams.video[0]
        found = {
            "size": (stream.width, stream.height),
            "seconds": file.duration / av.time_base,
            "codec": stream.codec_context.name,
            "pixels": stream.pix_fmt,
            "audio_streams": len(file.streams.audio),
            "loudness": 0.0,
        }
        found["frames"] = sum(1 for _ in file.decode(video=0))
        if file.streams.audio:
            file.seek(0)
            heard = np.concatenate([frame.to_ndarray().ravel() for frame in file.decode(audio=0)])
            found["loudness"] = float(np.sqrt(np.mean(heard.astype(np.float64) ** 2)))
    return found


def test_lists_name_the_same_videos_once():
    assert len(IDS) == len(set(IDS)) >= 24
    assert [line["video_id"] for line in lines_of("scripts.jsonl")] == IDS
    assert {row["video_id"] for row in truth()} == set(IDS)
    assert {path.stem for path in (DEMO / "clips").glob("*.mp4")} == set(IDS)


def test_truth_endorses_every_value_and_confronts_several():
    stances = Counter((row["value"], row["stance"]) for row in truth())
    assert {value for value, _ in stances} == set(VALUES)
    assert {stance for _, stance in stances} == {"1", "-1"}
    assert max(Counter((r["video_id"], r["value"]) for r in truth()).values()) == 1
    endorsed_once_only = [value for value in VALUES if stances[value, "1"] < 2]
    assert endorsed_once_only == []
    assert sum(stances[value, "-1"] > 0 for value in VALUES) >= 7


def test_creators_and_posts_are_complete():
    creators = {video["creator"]: video for video in VIDEOS}
    assert len(creators) >= 7
    assert len({video["genre"] for video in VIDEOS}) >= 7
    assert sum(video["is_minor"] for video in creators.values()) == 1
    for video in VIDEOS:
        assert video["url"] == f"https://example.com/@{video['creator']}/video/{video['video_id']}"
        assert video["file"] == f"clips/{video['video_id']}.mp4"
        assert len(video["verified_by"]) == 2
        assert video["nominated_by"]
        assert 0 < video["comments"] < video["likes"] < video["views"]
        assert all(f"#{tag}" in video["caption"] for tag in video["hashtags"])


def test_scripts_have_headings_dialogue_and_captions():
    by_id = {line["video_id"]: line["text"] for line in lines_of("scripts.jsonl")}
    for video_id, text in by_id.items():
        assert text.startswith(("INT. ", "EXT. ")), video_id
        assert "[" in text
    assert sum('"' in text for text in by_id.values()) >= 20
    assert any("א" <= letter <= "ת" for text in by_id.values() for letter in text)


@pytest.mark.parametrize("video", VIDEOS, ids=IDS)
def test_clip_is_a_short_vertical_h264_film(video):
    found = probed(video["video_id"])
    assert found["size"] == (540, 960)
    assert 8 <= found["seconds"] <= 20
    assert (found["codec"], found["pixels"]) == ("h264", "yuv420p")
    assert found["frames"] == pytest.approx(25 * found["seconds"], abs=3)


@pytest.mark.parametrize("video", VIDEOS, ids=IDS)
def test_clip_sounds_as_its_list_says(video):
    assert (probed(video["video_id"])["loudness"] > QUIET) is video["sound"]


def test_clips_without_sound_are_of_both_kinds():
    silent = [video["video_id"] for video in VIDEOS if not video["sound"]]
    assert sorted(probed(video_id)["audio_streams"] for video_id in silent) == [0, 1]


def test_clips_have_their_index_first_so_that_players_can_seek():
    for video_id in IDS:
        head = (DEMO / "clips" / f"{video_id}.mp4").read_bytes()[:4096]
        assert b"moov" in head, video_id


def test_clips_together_stay_small():
    assert sum(path.stat().st_size for path in (DEMO / "clips").glob("*.mp4")) < 12_000_000


@pytest.fixture
def film():
    for module in ("skia", "bidi"):
        try:
            importlib.import_module(module)
        except ImportError as exc:
            pytest.skip(f"{exc}: pip install -r demo/requirements.txt, apt install libegl1 libgl1")
    for program in ("espeak-ng", "fc-match"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    from demo.scenes import film

    return film


def test_rendering_draws_a_moving_picture_and_its_voice(film):
    from demo.stories import CLIPS

    clip = next(clip for clip in CLIPS if clip.slug == "wonky-bowl")
    shots = film.timeline(clip, kokoro=None, cache=None)
    pictures = [picture.copy() for picture in film.frames(clip, shots, every=60)]
    assert all(picture.shape == (960, 540, 4) for picture in pictures)
    assert len(np.unique(pictures[1].reshape(-1, 4), axis=0)) > 200  # drawn, not blank
    assert (pictures[0] != pictures[1]).any()
    assert (next(film.frames(clip, shots)) == pictures[0]).all()  # the same again
    assert np.sqrt(np.mean(film.soundtrack(clip, shots) ** 2)) > 0.01


def test_lists_are_what_the_stories_say(film, tmp_path):
    from demo import make_clips

    make_clips.write_lists(tmp_path)
    for name in ("videos.jsonl", "scripts.jsonl", "truth.csv"):
        assert (tmp_path / name).read_bytes() == (DEMO / name).read_bytes(), (
            f"run make_clips.py --lists-only: {name}"
        )


def test_captions_keep_every_word_and_stay_short(film):
    from demo.stories import CLIPS

    for clip in CLIPS:
        for shot in clip.shots:
            for _, words in shot.lines:
                shown = film.chunks(words)
                assert " ".join(shown).split() == words.split()
                assert max(map(len, shown)) <= 46
