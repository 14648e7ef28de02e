"""Agreement of a plain table of ratings: a row per unit, a column per rater, empty where missing."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from annotator.errors import RefusedError
from annotator.imports.errors import ImportFileError, shorten
from annotator.imports.tables import Table
from evaluation.metrics.agreement import agreement, category_shares, specific_agreement
from evaluation.rating_counts import unique_rows

MOST_CATEGORIES = 100
MOST_RATERS = 200
# Columns that name the unit rather than rate it.
UNIT_COLUMNS = {"unit", "id", "video_id", "subject", "item", "(1)"}
COEFFICIENTS = {
    "percent": "percent_agreement",
    "ac1": "gwet_ac",
    "alpha": "krippendorff",
    "kappa": "conger",
    "fleiss": "fleiss",
    "brennan_prediger": "brennan_prediger",
}


@dataclass(frozen=True, slots=True)
class RatingTable:
    """The ratings of a file."""

    name: str
    raters: list[str]
    ratings: list[list[Any]]  # (n, r): members of the scale, None where missing


def read_categories(text: str) -> list[Any]:
    """A scale like "-1,0,1" or "no,maybe,yes"; numbers where all are, else words."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) > MOST_CATEGORIES:
        raise RefusedError(f"--categories: more than {MOST_CATEGORIES}")
    if not all(parts):
        raise RefusedError(f"--categories “{shorten(text)}”: one of them is empty")
    numbers = [_number(part) for part in parts]
    categories: list[Any] = parts if None in numbers else numbers
    for place, category in enumerate(categories):
        if category in categories[:place]:
            raise RefusedError(f"--categories: “{parts[place]}” is declared twice")
    return categories


def read_ratings_table(table: Table, *, categories: Sequence[Any]) -> RatingTable:
    """The ratings, or ImportFileError naming the line and the column of the first that is none."""
    if table.errors:
        first = table.errors[0]
        raise ImportFileError(first.message, name=first.name, line=first.line, column=first.column)
    raters = [column for column in table.columns if column.strip().lower() not in UNIT_COLUMNS]
    if not raters:
        raise ImportFileError("no column of ratings: there must be a column per rater", name=table.name)
    if len(raters) > MOST_RATERS:
        raise ImportFileError(f"more than {MOST_RATERS} columns of ratings", name=table.name)
    are_numbers = all(isinstance(category, int | float) for category in categories)
    ratings = []
    for line, row in table:
        cells = []
        for rater in raters:
            rating = _rating(row.get(rater), are_numbers=are_numbers)
            if rating is not None and rating not in categories:
                scale = ", ".join(str(category) for category in categories)
                message = f"“{shorten(row.get(rater))}” is not one of the categories {scale}"
                raise ImportFileError(message, name=table.name, line=line, column=shorten(rater))
            cells.append(rating)
        ratings.append(cells)
    return RatingTable(name=table.name, raters=raters, ratings=ratings)


def agreement_in_file(
    table: RatingTable, *, categories: Sequence[Any], weights: str, confidence: float
) -> dict[str, Any]:
    """All coefficients of a table, as data."""
    if weights in ("linear", "quadratic") and not all(isinstance(c, int | float) for c in categories):
        raise RefusedError(f"--weights {weights} needs categories that are numbers")
    coefficients = dict(COEFFICIENTS)
    if len(table.raters) == 2:
        coefficients["cohen"] = "cohen_complete"
    rows = table.ratings or [[None] * len(table.raters)]
    found = {
        name: agreement(rows, categories, coefficient=coefficient, weights=weights, confidence=confidence)
        for name, coefficient in coefficients.items()
    }
    patterns, counts = unique_rows(rows)
    specific = specific_agreement(patterns, counts, categories=categories)[0]
    shares = category_shares(patterns, counts, categories=categories)[0]
    some = found["percent"]
    return {
        "file": table.name,
        "n_units": some.n_subjects,
        "n_pairable": some.n_pairable,
        "n_raters": len(table.raters),
        "raters": table.raters,
        "scale": list(categories),
        "weights": weights,
        "confidence": confidence,
        **{
            name: {
                "coef": one.coef,
                "se": one.se,
                "ci_low": one.ci_low,
                "ci_high": one.ci_high,
                "observed": one.pa,
                "by_chance": one.pe,
                "undefined_because": one.undefined_because,
            }
            for name, one in found.items()
        },
        "specific": {str(c): float(x) for c, x in zip(categories, specific, strict=True)},
        "share": {str(c): float(x) for c, x in zip(categories, shares, strict=True)},
    }


def _rating(cell: Any, *, are_numbers: bool) -> Any:
    """A cell as a member of the scale could be; None for an empty one; the cell itself if it is neither."""
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        return None
    if isinstance(cell, bool | list | dict):
        return str(cell)
    if are_numbers:
        number = _number(str(cell))
        return str(cell) if number is None else number
    return str(cell).strip()


def _number(text: str) -> int | float | None:
    try:
        number = float(text.strip().replace("−", "-"))
    except ValueError:
        return None
    if not math.isfinite(number):
        return None
    return int(number) if number.is_integer() else number
