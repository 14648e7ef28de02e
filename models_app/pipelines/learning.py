"""What all pipelines that learn from gold do alike: whom they learn from, and how their answers are told."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from models_app.pipelines.base import Dataset, Example, ItemError, Prediction


def teaching_examples(data: Dataset, *, fold: int, with_text: bool = False) -> list[Example]:
    """The other folds' examples with gold; ItemError if there are none, or if their gold holds no label."""
    taught = [example for example in data.examples if example.fold != fold and example.gold is not None]
    if not taught:
        message = f"Outside fold {fold + 1} no video has gold: there is nothing to learn from."
        raise ItemError("no_gold", message)
    if with_text:
        n_with_gold = len(taught)
        taught = [example for example in taught if example.text.strip()]
        if not taught:
            message = f"All {n_with_gold} scripts with gold outside fold {fold + 1} are empty."
            raise ItemError("empty_script", message)
    if not binary_labels(taught).any():
        message = (
            f"The gold of all {len(taught)} videos outside fold {fold + 1} is “absent” throughout: "
            "there is nothing endorsed or confronted to learn from."
        )
        raise ItemError("no_positives", message)
    return taught


def binary_labels(examples: Sequence[Example]) -> npt.NDArray[np.bool_]:
    """Endorsed labels of all values, then confronted ones; shape (n_examples, 2 * n_values)."""
    stances = np.array([example.gold for example in examples], dtype=np.int64)
    return np.hstack([stances >= 1, stances == -1])


def predictions_of(
    example: Example,
    values: Sequence[str],
    *,
    score: npt.NDArray[np.float64],
    yes: npt.NDArray[np.bool_],
    known: npt.NDArray[np.bool_],
) -> list[Prediction]:
    """One prediction for each value. Of a label without a positive example to learn from nothing is said.

    score, yes, known: shape (2 * n_values,), in the order of `binary_labels`.
    """
    n_values = len(values)

    def said(label: int) -> tuple[bool | None, float | None]:
        return (bool(yes[label]), float(score[label])) if known[label] else (None, None)

    answers = []
    for number, value in enumerate(values):
        endorsed, p_endorsed = said(number)
        confronted, p_confronted = said(n_values + number)
        answers.append(
            Prediction(
                video_id=example.video_id,
                value=value,
                endorsed=endorsed,
                confronted=confronted,
                p_endorsed=p_endorsed,
                p_confronted=p_confronted,
                fold=example.fold,
            )
        )
    return answers
