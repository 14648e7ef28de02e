"""Self-consistency: a model is asked several times, and the majority counts.

Each of the two answers is voted on by itself; the share of votes is its score, so that there is none where
one answer was asked for. A tie is not broken: nothing is said (None). And as who says “endorsed” says “not
confronted” too, most may say no to both where hardly anybody says “absent”: that is no vote for absent, and
what was said as often instead leaves its answer unsaid.
"""

from collections import Counter
from collections.abc import Sequence

from models_app.pipelines.base import Prediction
from models_app.pipelines.llm.answers import ABSENT, Answer, ValueAnswer


def predictions_of(
    answers: Sequence[Answer], *, video_id: int, values: Sequence[str]
) -> tuple[Prediction, ...]:
    """A prediction for each value, from one or more answers."""
    if len(answers) == 1:
        return tuple(answers[0].values[slug].prediction(video_id, slug) for slug in values)
    return tuple(_voted([answer.values[slug] for answer in answers], video_id, slug) for slug in values)


def sound_of(answers: Sequence[Answer]) -> bool | None:
    """Whether the video has sound, by the majority of those that say so."""
    said = Counter(answer.has_sound for answer in answers if answer.has_sound is not None)
    return None if said[True] == said[False] else said[True] > said[False]


def _voted(said: Sequence[ValueAnswer], video_id: int, slug: str) -> Prediction:
    stances = [(answer.endorsed, answer.confronted) for answer in said]
    p_endorsed, p_confronted = (sum(answers) / len(stances) for answers in zip(*stances, strict=True))
    endorsed, confronted = _outcome(Counter(stances), (_majority(p_endorsed), _majority(p_confronted)))
    # The grounds are those of the first vote that says what came of the vote.
    grounds = next((a for a in said if (a.endorsed, a.confronted) == (endorsed, confronted)), None)
    return Prediction(
        video_id,
        slug,
        endorsed=endorsed,
        confronted=confronted,
        p_endorsed=p_endorsed,
        p_confronted=p_confronted,
        reason=grounds.reason if grounds else "",
        evidence_ms=grounds.evidence_ms if grounds else None,
    )


def _majority(share: float) -> bool | None:
    return None if share == 0.5 else share > 0.5


def _outcome(
    votes: Counter[tuple[bool, bool]], majority: tuple[bool | None, bool | None]
) -> tuple[bool | None, bool | None]:
    """What the majorities say of the two answers; absent only as far as no other stance has as many votes."""
    if majority != ABSENT:
        return majority
    rivals = [stance for stance, n in votes.items() if stance != ABSENT and n >= votes[ABSENT]]
    endorsed, confronted = (None if any(yes) else False for yes in zip(ABSENT, *rivals, strict=True))
    return endorsed, confronted
