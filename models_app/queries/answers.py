"""What a run said of one (video, value), as people read it, and whether gold says otherwise."""

from dataclasses import dataclass

from annotator.labels import Stance

BOTH, MISSING, NOT_SAID = "both", "missing", "not-said"


@dataclass(frozen=True, slots=True)
class Answer:
    """Two yes/no answers with their scores; None where the model said nothing, or gave no score."""

    endorsed: bool | None
    confronted: bool | None
    p_endorsed: float | None = None
    p_confronted: float | None = None

    @property
    def stance(self) -> int | str:
        """As a stance; "both" and "not-said" are none, and never become one."""
        if self.endorsed and self.confronted:
            return BOTH
        if self.endorsed:
            return Stance.ENDORSED.value
        if self.confronted:
            return Stance.CONFRONTED.value
        return NOT_SAID if None in (self.endorsed, self.confronted) else Stance.ABSENT.value

    @property
    def is_partial(self) -> bool:
        """Whether one of the two answers is lacking, and the other is there."""
        return (self.endorsed is None) != (self.confronted is None)

    @property
    def unsaid(self) -> str:
        """Which of the two answers is lacking while the other is there; else empty."""
        if not self.is_partial:
            return ""
        return "endorsed" if self.endorsed is None else "confronted"

    def differs_from(self, gold: int) -> int:
        """How many of the two binary labels differ; what was not said counts as no, as in scoring."""
        stance = Stance(gold)
        return (bool(self.endorsed) != stance.is_endorsed) + (bool(self.confronted) != stance.is_confronted)
