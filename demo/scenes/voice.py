"""Speech: Kokoro where its files are given, espeak-ng otherwise."""

from __future__ import annotations

import functools
import hashlib
import re
import shutil
import subprocess
import tempfile
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

RATE = 24_000
Sound = npt.NDArray[np.float32]

# espeak-ng writes diphthongs with a tie; Kokoro was trained with one letter for each.
TO_KOKORO = [
    ("a^ɪ", "I"), ("a^ʊ", "W"), ("d^ʒ", "ʤ"), ("t^ʃ", "ʧ"), ("e^ɪ", "A"), ("ɔ^ɪ", "Y"), ("ə^l", "ᵊl"),
    ("o^ʊ", "O"), ("ə^ʊ", "Q"), ("e^ə", "ɛː"), ("ɑː^ɹ", "ɑːɹ"), ("ɚ", "əɹ"), ("ɐ", "ə"), ("r", "ɹ"), ("ʔ", "t"), ("^", ""),
]  # fmt: skip


@dataclass(frozen=True)
class Voice:
    """One speaker: a Kokoro voice, and an espeak-ng variant for where Kokoro is missing."""

    kokoro: str
    espeak: str = "en-us+f2"
    speed: float = 1.0
    pitch: float = 1.0  # above 1: higher and younger


class Kokoro:
    """Kokoro-82M in ONNX, from a folder with model.onnx, vocab.json and voices/*.bin."""

    def __init__(self, folder: Path) -> None:
        import json

        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 2
        self.session: Any = onnxruntime.InferenceSession(
            str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self.vocab: dict[str, int] = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))["vocab"]
        self.folder = folder

    def say(self, text: str, voice: Voice) -> Sound:
        style = np.fromfile(self.folder / "voices" / f"{voice.kokoro}.bin", np.float32).reshape(-1, 256)
        tokens = [self.vocab[c] for c in phonemes(text, british=voice.kokoro[0] == "b") if c in self.vocab]
        (sound, *_) = self.session.run(
            None,
            {
                "tokens": np.array([[0, *tokens, 0]], np.int64),
                "style": style[min(len(tokens), len(style) - 1)][None],
                "speed": np.array([voice.speed], np.float32),
            },
        )
        return np.asarray(sound, np.float32).ravel()


def phonemes(text: str, *, british: bool) -> str:
    """In Kokoro's alphabet, with the text's punctuation, which carries the intonation."""
    pieces = re.findall(r"[^,.!?;:…—]+|[,.!?;:…—]", text)
    out = ""
    for piece in pieces:
        if piece in ",.!?;:…—":
            out += piece
        elif piece.strip():
            command = [
                "espeak-ng",
                "-q",
                "--ipa",
                "--tie=^",
                "-v",
                "en-gb" if british else "en-us",
                "--",
                piece.strip(),
            ]
            ipa = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            out += " " + " ".join(ipa.split())
    for old, new in TO_KOKORO:
        out = out.replace(old, new)
    return (out if british else out.replace("ɜːɹ", "ɜɹ").replace("ɜː", "ɜɹ").replace("ː", "")).strip()


def espeak(text: str, voice: Voice) -> Sound:
    if shutil.which("espeak-ng") is None:
        raise SystemExit("espeak-ng is missing: install it (apt install espeak-ng)")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "line.wav"
        command = [
            "espeak-ng",
            "-v",
            voice.espeak,
            "-s",
            str(round(165 * voice.speed)),
            "-w",
            str(path),
            "--",
            text,
        ]
        subprocess.run(command, check=True)
        with wave.open(str(path)) as file:
            rate = file.getframerate()
            sound = np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float32) / 32768
    return resample(sound, rate / RATE)


def resample(sound: Sound, factor: float) -> Sound:
    """Read factor times as fast: shorter and higher for factor > 1."""
    n = int(len(sound) / factor)
    return np.interp(np.arange(n) * factor, np.arange(len(sound)), sound).astype(np.float32)


@functools.cache
def kokoro_at(folder: Path) -> Kokoro:
    return Kokoro(folder)


def speak(text: str, voice: Voice, kokoro: Path | None, cache: Path | None = None) -> Sound:
    """The line in mono at RATE, trimmed of silence, at a common loudness; cache keeps it between runs."""
    name = hashlib.sha256(repr((text, voice, bool(kokoro))).encode()).hexdigest()[:24]
    if cache and (cache / f"{name}.npy").exists():
        return np.asarray(np.load(cache / f"{name}.npy"), np.float32)
    sound = _speak(text, voice, kokoro)
    if cache:
        cache.mkdir(parents=True, exist_ok=True)
        np.save(cache / f"{name}.npy", sound)
    return sound


def _speak(text: str, voice: Voice, kokoro: Path | None) -> Sound:
    slower = Voice(voice.kokoro, voice.espeak, voice.speed / voice.pitch)
    sound = kokoro_at(kokoro).say(text, slower) if kokoro else espeak(text, slower)
    sound = resample(sound, voice.pitch)
    loud = np.flatnonzero(np.abs(sound) > 0.01)
    sound = sound[max(loud[0] - 600, 0) : loud[-1] + 2400]
    rms = float(np.sqrt(np.mean(sound**2)))
    return np.clip(sound * (0.11 / rms), -0.95, 0.95).astype(np.float32)
