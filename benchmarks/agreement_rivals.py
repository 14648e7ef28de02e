"""Times irrCAC and krippendorff on request; runs in the environment that has them.

Reads lines "LIBRARY FILE REPEATS" and answers each with seconds, so that the caller can take turns.
FILE: int8 codes of shape (values, subjects, raters), nothing missing.
"""

import sys
import time
import warnings
from pathlib import Path

import krippendorff
import numpy as np
import pandas as pd
from irrCAC.raw import CAC

warnings.simplefilter("ignore")
CATEGORIES = [0, 1, 2]


def irrcac(tables):
    """AC1 with standard error and interval; the data frames are made beforehand."""
    return [CAC(table, categories=CATEGORIES).gwet()["est"] for table in tables]


def alpha(matrices):
    """Alpha only: the library gives no standard error."""
    return [krippendorff.alpha(m, value_domain=CATEGORIES, level_of_measurement="nominal") for m in matrices]


PREPARE = {
    "irrcac": lambda codes: [pd.DataFrame(value) for value in codes],
    "krippendorff": lambda codes: [value.T.astype(float) for value in codes],
}
RUN = {"irrcac": irrcac, "krippendorff": alpha}


def main():
    prepared = {}
    for line in sys.stdin:
        library, file, repeats = line.split()
        if (library, file) not in prepared:
            prepared[library, file] = PREPARE[library](np.load(Path(file)))
        began = time.perf_counter()
        for _ in range(int(repeats)):
            RUN[library](prepared[library, file])
        print(time.perf_counter() - began, flush=True)


if __name__ == "__main__":
    main()
