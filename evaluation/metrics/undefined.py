"""Why a figure is undefined: stable codes for data and the same in words for people."""

from __future__ import annotations

import enum
from typing import Final


class Undefined(enum.StrEnum):
    """Why a coefficient, or its standard error, has no value."""

    NO_RATINGS = "no_ratings"
    NO_PAIRS = "no_pairs"
    ONE_CATEGORY = "one_category"
    CHANCE_IS_ONE = "chance_is_one"
    RATER_WITHOUT_RATINGS = "rater_without_ratings"
    TOO_FEW_FOR_SE = "too_few_for_se"
    TOO_FEW_CLUSTERS = "too_few_clusters"
    RESAMPLES_UNDEFINED = "resamples_undefined"
    NO_VALUES = "no_values"


WORDS: Final[dict[Undefined, str]] = {
    Undefined.NO_RATINGS: "nothing has been rated yet",
    Undefined.NO_PAIRS: "nothing has been rated by two or more people",
    Undefined.ONE_CATEGORY: "the scale has only one category, so nobody could have disagreed",
    Undefined.CHANCE_IS_ONE: (
        "every rating that can be compared is the same, so chance alone would agree always"
    ),
    Undefined.RATER_WITHOUT_RATINGS: "one of the raters has not rated anything",
    Undefined.TOO_FEW_FOR_SE: (
        "a standard error needs at least two rated subjects; the coefficient itself is defined"
    ),
    Undefined.TOO_FEW_CLUSTERS: "resampling needs at least two clusters",
    Undefined.RESAMPLES_UNDEFINED: (
        "the coefficient was undefined in too many of the resamples to give an interval"
    ),
    Undefined.NO_VALUES: "no value has a defined coefficient to average",
}

# Arrays hold reasons as small integers: 0 is "defined", i is BY_NUMBER[i].
BY_NUMBER: Final[tuple[Undefined | None, ...]] = (None, *Undefined)
NUMBER: Final[dict[Undefined, int]] = {reason: i for i, reason in enumerate(Undefined, start=1)}


def reason_in_words(code: str | None) -> str:
    """Plain English for a code of `undefined_because`; empty for None, ValueError if unknown."""
    return "" if code is None else WORDS[Undefined(code)]
