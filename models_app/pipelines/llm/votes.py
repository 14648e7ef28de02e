"""Self-consistency: a model is asked several times, and the majority counts.

Each of the two answers is voted on by itself. A tie is not broken: nothing is said (None), with a score of
one half. The share of votes is the score, so that there is none where one answer was asked for.
"""

from collections import Counter
from collections.abc import Callable, Sequence

from models_app.pipelines.base import Prediction
from models_app.pipelines.llm.answers import Answer, ValueAnswer


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
    endorsed, p_endorsed = _majority(said, lambda answer: answer.endorsed)
    confronted, p_confronted = _majority(said, lambda answer: answer.confronted)
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


def _majority(
    said: Sequence[ValueAnswer], answer: Callable[[ValueAnswer], bool]
) -> tuple[bool | None, float]:
    n_yes = sum(answer(one) for one in said)
    share = n_yes / len(said)
    return (None if 2 * n_yes == len(said) else 2 * n_yes > len(said)), share
