"""What the tests of pipelines share."""

import csv

import numpy as np
import pytest

STANCE = {"": 0, "present": 1, "dominant": 2, "conflict": -1}


@pytest.fixture(scope="session")
def published(shared):
    """The 888 published TikToks: creators from 0 and stances, shape (888, 19), in its order."""
    with (shared / "data" / "tiktok_values_published_format.csv").open(
        newline="", encoding="utf-8-sig"
    ) as lines:
        rows = list(csv.DictReader(lines))
    values = [column for column in rows[0] if column.endswith("_values")]
    codes = [row["1_Link1"].split("@")[1].split("/")[0] for row in rows]
    numbers = {code: number for number, code in enumerate(dict.fromkeys(codes))}
    return [numbers[code] for code in codes], np.array([[STANCE[row[v]] for v in values] for row in rows])
