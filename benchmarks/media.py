"""How long `local-script` takes: beside its speech recognition alone, and beside the length of clips.

    python benchmarks/media.py [--rounds 3] [--json]

Makes a speech-dense clip of more than a minute (the LibriVox clips of ../shared/media, joined, over a picture
that moves and carries changing captions) and one with a picture that stands still, then times the whole
pipeline and its speech recognition alone in turns, models loaded. Then other clips, against their length.
Medians are compared. Exit status 1 if a ratio misses its aim.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from models_app.pipelines.base import VideoInput  # noqa: E402
from models_app.pipelines.local_script import LocalScript  # noqa: E402
from models_app.pipelines.media import contents_of  # noqa: E402
from models_app.pipelines.sound import SoundTrack  # noqa: E402
from tests.models_app.pipelines.films import backdrop, make_film, speech_of, write  # noqa: E402

SHARED = ROOT.parent / "shared" / "media"
BESIDE_SPEECH = 1.5  # at most, on a clip full of speech
BESIDE_LENGTH = 0.5  # at most, elsewhere
SETTINGS = SimpleNamespace(speech_model="whisper-base", language="", frames_per_second=1.0)
WORDS = ("my morning routine", "part two: the kitchen", "no sugar, no regrets", "wait for it", "and… done!")


def dense_clip(path: Path, *, is_moving: bool) -> Path:
    """More than a minute of reading, over a vertical picture with a new caption every four seconds."""
    sound = speech_of(*sorted(SHARED.glob("librivox_*.wav")) * 3)

    still = backdrop((540, 960), 0.0)

    def draw(t: float) -> Any:
        picture = backdrop((540, 960), t) if is_moving else still.copy()
        write(picture, WORDS[int(t / 4) % len(WORDS)], top=200, size=44)
        return picture

    return make_film(path, draw, seconds=len(sound) / 16_000, fps=10, sound=sound, preset="ultrafast")


def seconds_of(work: Callable[[], Any]) -> tuple[float, float]:
    """Wall clock and processor."""
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - processor


def measured(path: Path, pipeline: LocalScript, *, n_rounds: int) -> dict[str, Any]:
    """The whole and its speech recognition, in turns."""
    length = contents_of(path).seconds or 0.0
    has_sound = contents_of(path).has_sound_track
    whole, speech = [], []
    for _ in range(n_rounds):
        if has_sound:
            speech.append(
                seconds_of(lambda: pipeline.speech.read(SoundTrack(path), seconds=length, progress=_nothing))
            )
        whole.append(seconds_of(lambda: pipeline.make(VideoInput(1, path), beat=_nothing)))
    middle = [statistics.median(part) for part in zip(*whole, strict=True)]
    alone = [statistics.median(part) for part in zip(*speech, strict=True)] if speech else [None, None]
    return {
        "clip": path.name,
        "seconds": round(length, 1),
        "whole": round(middle[0], 2),
        "whole_cpu": round(middle[1], 2),
        "speech": alone[0] and round(alone[0], 2),
        "speech_cpu": alone[1] and round(alone[1], 2),
        "of_speech": alone[0] and round(middle[0] / alone[0], 2),
        "of_length": round(middle[0] / length, 2),
    }


def _nothing(_done: float) -> None:
    """A beat that nobody hears."""


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    pipeline = LocalScript(SETTINGS)
    others = [SHARED / name for name in ("trailer_bbb.mp4", "bigbuckbunny.mp4", "carphone_silent.mp4")]
    others += [ROOT / "demo" / "clips" / f"7300000000000000{n}.mp4" for n in (101, 302, 501, 601)]
    with tempfile.TemporaryDirectory() as folder:
        dense = [
            dense_clip(Path(folder) / "dense_moving.mp4", is_moving=True),
            dense_clip(Path(folder) / "dense_still.mp4", is_moving=False),
        ]
        pipeline.make(VideoInput(1, others[3]), beat=_nothing)  # loads the models
        rows = []
        if not asked.json:
            show_head()
        for path in dense + others:
            row = measured(path, pipeline, n_rounds=asked.rounds)
            row["aim"] = "of_speech" if path in dense else "of_length"
            row["is_met"] = row[row["aim"]] <= (BESIDE_SPEECH if path in dense else BESIDE_LENGTH)
            rows.append(row)
            if not asked.json:
                show(row)
    if asked.json:
        print(json.dumps({"cores": os.cpu_count(), "load": os.getloadavg()[0], "clips": rows}))
    return 0 if all(row["is_met"] for row in rows) else 1


def show_head() -> None:
    """What the columns are."""
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; seconds of wall clock (processor)\n")
    print(f"{'clip':26}{'length':>8}{'whole':>16}{'speech alone':>16}{'of speech':>11}{'of length':>11}  aim")


def show(row: dict[str, Any]) -> None:
    """A line for people, as soon as it is known."""
    whole = f"{row['whole']} ({row['whole_cpu']})"
    speech = f"{row['speech']} ({row['speech_cpu']})" if row["speech"] else "–"
    aim = f"≤ {BESIDE_SPEECH} of speech" if row["aim"] == "of_speech" else f"≤ {BESIDE_LENGTH} of length"
    print(
        f"{row['clip']:26}{row['seconds']:>8}{whole:>16}{speech:>16}{row['of_speech'] or '–':>11}"
        f"{row['of_length']:>11}  {aim}: {'met' if row['is_met'] else 'MISSED'}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
