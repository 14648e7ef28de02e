"""What a run said, as a stance, and how far it is from gold."""

import pytest

from models_app.queries.answers import Answer


@pytest.mark.parametrize(
    ("endorsed", "confronted", "stance"),
    [
        (True, False, 1),
        (False, True, -1),
        (False, False, 0),
        (True, True, "both"),
        (None, None, "not-said"),
        (True, None, 1),
        (None, True, -1),
        (False, None, "not-said"),
        (None, False, "not-said"),
    ],
)
def test_an_answer_becomes_a_stance_only_where_it_is_one(endorsed, confronted, stance):
    assert Answer(endorsed, confronted).stance == stance


@pytest.mark.parametrize(
    ("answer", "gold", "n"),
    [
        ((True, False), 1, 0),
        ((True, False), 2, 0),  # dominant counts as endorsed
        ((True, True), 1, 1),
        ((True, True), 0, 2),
        ((False, False), -1, 1),
        ((True, False), -1, 2),
        ((None, None), 0, 0),  # as in scoring: not said is not predicted
        ((None, None), -1, 1),
        ((None, True), -1, 0),
    ],
)
def test_each_of_the_two_labels_differs_by_itself(answer, gold, n):
    assert Answer(*answer).differs_from(gold) == n


def test_half_an_answer_is_partial():
    assert Answer(True, None).is_partial
    assert not Answer(None, None).is_partial
    assert not Answer(True, False).is_partial
