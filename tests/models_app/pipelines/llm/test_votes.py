"""Several answers become one: majorities, shares, ties."""

import pytest

from models_app.pipelines.llm.answers import Answer, ValueAnswer
from models_app.pipelines.llm.votes import predictions_of, sound_of

YES, NO, AGAINST, BOTH = (True, False), (False, False), (False, True), (True, True)


def answers(*said, sound=None):
    return [
        Answer({"face": ValueAnswer(*one, reason=f"Vote {n}.", evidence_ms=n)}, has_sound=sound)
        for n, one in enumerate(said)
    ]


def voted(*said):
    (prediction,) = predictions_of(answers(*said), video_id=1, values=("face",))
    return prediction


def test_one_answer_has_no_score():
    prediction = voted(YES)
    assert (prediction.endorsed, prediction.confronted) == YES
    assert (prediction.p_endorsed, prediction.p_confronted) == (None, None)
    assert (prediction.reason, prediction.evidence_ms) == ("Vote 0.", 0)


def test_majority_counts_and_the_share_is_the_score():
    prediction = voted(NO, YES, YES)
    assert (prediction.endorsed, prediction.confronted) == YES
    assert (prediction.p_endorsed, prediction.p_confronted) == (2 / 3, 0)
    assert (prediction.reason, prediction.evidence_ms) == ("Vote 1.", 1)


def test_each_answer_is_voted_on_by_itself():
    prediction = voted(NO, NO, YES, BOTH, BOTH)
    assert (prediction.endorsed, prediction.confronted) == YES
    assert (prediction.p_endorsed, prediction.p_confronted) == (3 / 5, 2 / 5)
    assert prediction.reason == "Vote 2."


@pytest.mark.parametrize(
    ("votes", "outcome"),
    [
        ((YES, AGAINST, NO), (None, None)),
        ((YES, YES, AGAINST, AGAINST, NO), (None, None)),
        ((YES, YES, AGAINST, NO, NO), (None, False)),
        ((YES, AGAINST, AGAINST, NO, NO), (False, None)),
        ((YES, YES, YES, AGAINST, AGAINST, NO, NO), (None, None)),
        ((BOTH, YES, NO, NO, NO), NO),
        ((BOTH, YES, AGAINST, NO, NO), NO),
        ((YES, YES, NO, NO, NO), NO),
    ],
)
def test_absent_is_said_only_where_it_was_said_more_often_than_anything_else(votes, outcome):
    prediction = voted(*votes)
    assert (prediction.endorsed, prediction.confronted) == outcome
    assert prediction.p_endorsed == sum(vote[0] for vote in votes) / len(votes)
    assert prediction.p_confronted == sum(vote[1] for vote in votes) / len(votes)
    assert bool(prediction.reason) == (outcome == NO)


def test_tie_says_nothing():
    prediction = voted(YES, NO)
    assert (prediction.endorsed, prediction.confronted) == (None, False)
    assert (prediction.p_endorsed, prediction.p_confronted) == (0.5, 0)
    assert (prediction.reason, prediction.evidence_ms) == ("", None)


def test_sound_is_what_most_say_of_those_that_say():
    assert sound_of([*answers(YES, sound=True), *answers(YES, YES), *answers(YES, sound=True)]) is True
    assert sound_of([*answers(YES, sound=True), *answers(YES, sound=False)]) is None
    assert sound_of(answers(YES)) is None
