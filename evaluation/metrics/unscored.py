"""Why a score is undefined: stable codes for data; evaluation.reasons says them to people."""

from __future__ import annotations

import enum


class Unscored(enum.StrEnum):
    """Why a score against gold, or its interval, has no value."""

    NO_GOLD = "no_gold"  # nothing to score on
    NO_REPORTED_LABELS = "no_reported_labels"  # no label of the direction is in 5 % of the gold videos
    NO_SUPPORT = "no_support"  # none of these videos carries the label (or any of the reported ones)
    NEVER_PREDICTED = "never_predicted"
    NEITHER = "neither_in_gold_nor_predicted"
    TOO_FEW_CREATORS = "too_few_creators"
    RESAMPLES_UNDEFINED = "resamples_undefined"
