"""The vocabulary of coding, free of Django, so that metrics and pipelines can share it."""

import enum
from collections.abc import Iterable


class Stance(enum.IntEnum):
    """What a video does with a value."""

    CONFRONTED = -1
    ABSENT = 0
    ENDORSED = 1
    DOMINANT = 2  # only where the codebook allows it; counts as endorsed wherever models are scored

    @property
    def is_endorsed(self) -> bool:
        """True of endorsed and dominant alike."""
        return self >= Stance.ENDORSED

    @property
    def is_confronted(self) -> bool:
        """True of confronted alone."""
        return self == Stance.CONFRONTED


class ConflictKind(enum.StrEnum):
    """How far apart the stances on one value are."""

    OPPOSED = "opposed"  # somebody says endorsed, somebody confronted
    PRESENCE = "presence"  # absent against something
    DEGREE = "degree"  # endorsed against dominant: the lower kind


def scale(*, allow_dominant: bool) -> tuple[Stance, ...]:
    """The stances a codebook offers, in ascending order."""
    stances = (Stance.CONFRONTED, Stance.ABSENT, Stance.ENDORSED)
    return (*stances, Stance.DOMINANT) if allow_dominant else stances


def conflict_kind(stances: Iterable[int | None]) -> ConflictKind | None:
    """The kind of the conflict among given stances; None if they agree or fewer than two are set."""
    given = {Stance(stance) for stance in stances if stance is not None}
    if len(given) < 2:
        return None
    if Stance.CONFRONTED in given and any(stance.is_endorsed for stance in given):
        return ConflictKind.OPPOSED
    if Stance.ABSENT in given:
        return ConflictKind.PRESENCE
    return ConflictKind.DEGREE
