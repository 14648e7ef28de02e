"""What happens in the clips: one module per creator, one function per shot."""

from __future__ import annotations

from demo.scenes.film import Clip

from . import juno, lena, mira, nana, noor, ollie, tamar, theo

CLIPS: tuple[Clip, ...] = tuple(
    clip for module in (mira, theo, lena, noor, tamar, juno, ollie, nana) for clip in module.CLIPS
)
