"""Backing sounds, made of sine waves and noise: no recording, no melody of anybody's."""

from __future__ import annotations

import numpy as np

from .voice import RATE, Sound

# Scale degrees of a chord loop, as semitones above the root; one chord lasts four beats.
MOODS: dict[str, tuple[float, float, list[list[int]]]] = {
    "warm": (92, 196.0, [[0, 4, 7], [-3, 0, 4], [5, 9, 12], [7, 11, 14]]),
    "bright": (112, 220.0, [[0, 4, 7], [7, 11, 14], [9, 12, 16], [5, 9, 12]]),
    "sly": (104, 164.8, [[0, 3, 7], [-2, 2, 5], [-4, 0, 3], [-5, -1, 2]]),
    "neon": (124, 174.6, [[0, 3, 7], [-4, 0, 3], [3, 7, 10], [-2, 2, 5]]),
    "tender": (76, 174.6, [[0, 4, 9], [-3, 0, 5], [2, 5, 9], [-5, -1, 4]]),
    "folk": (100, 146.8, [[0, 3, 7], [5, 8, 12], [-2, 2, 5], [0, 3, 7]]),
}


def tone(hertz: float, seconds: float, *, decay: float, bright: float = 0.3) -> Sound:
    """A plucked note."""
    t = np.arange(int(seconds * RATE)) / RATE
    wave = (
        np.sin(2 * np.pi * hertz * t)
        + bright * np.sin(4 * np.pi * hertz * t)
        + bright**2 * np.sin(6 * np.pi * hertz * t)
    )
    attack = np.minimum(t / 0.008, 1)
    return (wave * attack * np.exp(-t * decay)).astype(np.float32)


def drum(kind: str, rng: np.random.Generator) -> Sound:
    t = np.arange(int(0.22 * RATE)) / RATE
    if kind == "kick":
        return (np.sin(2 * np.pi * (48 * t + 26 * (1 - np.exp(-t * 30)) / 6)) * np.exp(-t * 16)).astype(
            np.float32
        )
    noise = rng.standard_normal(len(t))
    return (np.diff(noise, prepend=0.0) * np.exp(-t * 60) * 0.25).astype(np.float32)


def backing(mood: str, seconds: float) -> Sound:
    """A soft loop of this mood, as long as asked, fading at both ends."""
    tempo, root, chords = MOODS[mood]
    rng = np.random.default_rng(7)
    out = np.zeros(round(seconds * RATE), np.float32)
    beat = 60 / tempo

    def add(sound: Sound, at: float, gain: float) -> None:
        start = int(at * RATE)
        end = min(start + len(sound), len(out))
        if start < end:
            out[start:end] += gain * sound[: end - start]

    lively = mood in ("bright", "neon", "sly", "folk")
    n = 0
    while n * beat < seconds:
        chord = chords[(n // 4) % len(chords)]
        if n % 4 == 0:
            for step in chord:
                add(tone(root * 2 ** (step / 12), beat * 4, decay=1.1, bright=0.15), n * beat, 0.10)
            add(tone(root / 2 * 2 ** (chord[0] / 12), beat * 3, decay=1.6, bright=0.1), n * beat, 0.2)
        for half in range(2):
            step = chord[(2 * n + half) % 3] + 12
            add(tone(root * 2 ** (step / 12), 0.7, decay=6, bright=0.35), (n + half / 2) * beat, 0.09)
            if lively:
                add(drum("hat", rng), (n + half / 2) * beat, 0.10 if half else 0.05)
        if lively and n % 2 == 0:
            add(drum("kick", rng), n * beat, 0.34)
        n += 1
    fade = np.minimum(np.minimum(np.arange(len(out)), np.arange(len(out))[::-1]) / (0.4 * RATE), 1)
    return (out * fade / max(float(np.max(np.abs(out))), 1e-6) * 0.5).astype(np.float32)


def whoosh() -> Sound:
    """A short breath of noise for a change of shot."""
    rng = np.random.default_rng(11)
    n = int(0.3 * RATE)
    noise = np.convolve(rng.standard_normal(n), np.ones(24) / 24, "same")
    return (noise * np.hanning(n) * 0.16).astype(np.float32)
