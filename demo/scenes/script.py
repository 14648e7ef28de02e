"""A clip in words: the master-scene script that its shots amount to."""

from __future__ import annotations

from .film import Clip


def master_scene(clip: Clip) -> str:
    """Scene headings, action, dialogue in quotes, words on the screen in square brackets."""
    parts: list[str] = []
    heading = ""
    for n, shot in enumerate(clip.shots):
        if shot.heading != heading:
            heading = shot.heading
            parts.append(heading.upper())
        parts.append(shot.action)
        words = ([clip.title] if n == 0 else []) + [*shot.screen] + ([shot.caption] if shot.caption else [])
        parts += [f"[{w}]" for w in words]
        parts += [f'{clip.creator.cast[who].name.upper()}: "{said}"' for who, said in shot.lines]
    if clip.audio in ("silent", "none"):
        parts.append("No sound.")
    elif not any(s.lines for s in clip.shots):
        parts.append("Music only, nobody speaks.")
    return "\n\n".join(parts)
