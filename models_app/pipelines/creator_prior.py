"""Creator → labels, and nothing else: what a model could score by recognising whose video it is."""

from typing import Any

import numpy as np

from models_app.pipelines.base import Beat, Dataset, Example, Prediction
from models_app.pipelines.learning import binary_labels, predictions_of, teaching_examples

SMOOTHING = 1.0  # the prior counts as much as this many videos of the creator


class CreatorPrior:
    """Predicts each label by how often the creator's videos in the other folds carry it.

    The score is that frequency, drawn towards the one over all creators. Yes is said where the creator has
    the label more often than creators at large: half would be too much to ask of labels this rare. A creator
    whom no other fold knows gets the score of all, and no: with folds grouped by creator it knows nothing.
    """

    def __init__(self, settings: Any) -> None:
        # models_app.specs.CreatorPriorSettings, which knows Django and therefore is not imported here
        self.settings = settings

    def fit_predict(self, data: Dataset, *, fold: int, seed: int, beat: Beat) -> list[Prediction]:
        """Count the other folds' gold; predict each example of this one."""
        beat(0.0)
        taught = teaching_examples(data, fold=fold)
        labels = binary_labels(taught)
        creators = np.array([example.creator for example in taught])
        prior = labels.mean(axis=0)
        known = prior > 0

        def judge(example: Example) -> list[Prediction]:
            own = labels[creators == example.creator]
            score = (own.sum(axis=0) + SMOOTHING * prior) / (len(own) + SMOOTHING)
            # In whole numbers, so that a creator just like all others is never above them by rounding.
            yes = own.sum(axis=0) * len(labels) > labels.sum(axis=0) * len(own)
            return predictions_of(example, data.values, score=score, yes=yes, known=known)

        answers = [answer for example in data.examples if example.fold == fold for answer in judge(example)]
        beat(1.0)
        return answers
