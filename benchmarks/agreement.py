"""How fast agreement is beside irrCAC, krippendorff and the least that NumPy could do.

    python benchmarks/agreement.py

Makes .bench/agreement/, an environment of their own for the two libraries, when it is missing.
All start from the same int8 codes in memory; making the libraries' own containers (data frames,
float matrices) is not counted against them. Everything takes turns; medians are compared.
Exit status 1 if a ratio misses its floor.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(threads, "1")  # one core for everybody, before NumPy is loaded
ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
from scipy.special import stdtrit  # noqa: E402

from evaluation.metrics.agreement import (  # noqa: E402
    BatchAgreement,
    batch_from_histograms,
    batch_from_patterns,
    bootstrap_by_cluster,
    cluster_histograms,
    histogram_patterns,
    rating_histograms,
)
from evaluation.rating_counts import count_patterns  # noqa: E402

STANCES = [-1, 0, 1]
N_VALUES, N_RATERS = 19, 2
N_RESAMPLES = 1000
BINS = (len(STANCES) + 1) ** N_RATERS
PER_CREATOR = 10  # videos
RIVALS = ("irrCAC", "krippendorff")


def simulated(n_subjects: int) -> np.ndarray:
    """Sparse stances on which two raters mostly agree; codes of shape (values, subjects, raters)."""
    rng = np.random.default_rng(7)
    truth = rng.choice(3, size=(N_VALUES, n_subjects, 1), p=[0.06, 0.76, 0.18])
    strays = rng.random((N_VALUES, n_subjects, N_RATERS)) < 0.12
    return np.where(strays, rng.integers(0, 3, strays.shape), truth).astype(np.int8)


# What is measured: ours, and the floor -------------------------------------------------------------


def ours(codes: np.ndarray) -> BatchAgreement:
    histograms = rating_histograms(codes, n_categories=3)
    return batch_from_histograms(histograms, n_raters=2, categories=STANCES)


def ours_in_a_study(codes: np.ndarray, *, clusters: np.ndarray) -> BatchAgreement:
    """As the report on a study does it: whoever sat where, any number of seats, counted by creator too."""
    counted = count_patterns(codes, clusters=clusters, scale=tuple(STANCES))
    return batch_from_patterns(counted.patterns, counted.by_value, categories=STANCES)


def ours_bootstrap(codes: np.ndarray) -> float:
    """Every video its own cluster, as irrCAC is resampled below; pooled and mean come with it."""
    counts = cluster_histograms(codes, clusters=range(codes.shape[1]), n_categories=3)
    patterns = histogram_patterns(categories=STANCES, n_raters=2)
    return bootstrap_by_cluster(
        counts, patterns=patterns, categories=STANCES, n_resamples=N_RESAMPLES, seed=1
    ).mean.se


def floor_histogram(codes: np.ndarray) -> np.ndarray:
    bins = (codes[..., 0] + 1) * np.int8(4) + (codes[..., 1] + 1)
    if codes.shape[1] > 4096:  # whichever of the two is faster
        return np.stack([np.bincount(row, minlength=BINS) for row in bins]).astype(float)
    bins = bins + np.arange(N_VALUES)[:, None] * BINS
    return np.bincount(bins.ravel(), minlength=N_VALUES * BINS).reshape(N_VALUES, BINS).astype(float)


FIRST, SECOND = np.divmod(np.arange(BINS), 4)
TALLIES = np.stack([np.equal(FIRST, k).astype(float) + np.equal(SECOND, k) for k in (1, 2, 3)], axis=1)
RATED = (TALLIES.sum(axis=1) > 0).astype(float)
PAIRED = (TALLIES.sum(axis=1) == 2).astype(float)
AGREED = ((FIRST == SECOND) & (FIRST > 0)).astype(float)
SHARES = TALLIES / np.maximum(TALLIES.sum(axis=1), 1)[:, None]


def floor(codes: np.ndarray) -> dict[str, np.ndarray]:
    """AC1, se and interval in bare NumPy: no checks, no other coefficient, scale or design."""
    h = floor_histogram(codes)
    n, n_paired = h @ RATED, h @ PAIRED
    pi = h @ SHARES / n[:, None]
    pa, pe = h @ AGREED / n_paired, (1 - (pi**2).sum(axis=1)) / 2
    coef = (pa - pe) / (1 - pe)
    k = (n / n_paired / (1 - pe))[:, None] * (AGREED - pe[:, None] * PAIRED)
    k -= (2 * (1 - coef) / (1 - pe))[:, None] * ((1 - pi) @ SHARES.T / 2 - pe[:, None])
    v = (h * (k - coef[:, None]) ** 2 * RATED).sum(axis=1) / (n * (n - 1))
    se = np.sqrt(v)
    half = stdtrit(n - 1, 0.975) * se
    return {"coef": coef, "se": se, "ci_low": coef - half, "ci_high": np.minimum(coef + half, 1)}


def floor_bootstrap(codes: np.ndarray) -> float:
    """Resample weights @ one-hot bins, then AC1 of every resample and its percentiles."""
    n_subjects = codes.shape[1]
    bins = (codes[..., 0] + 1) * np.int8(4) + (codes[..., 1] + 1)
    onehot = (bins.T[:, :, None] == np.arange(BINS)).reshape(n_subjects, -1).astype(float)
    rng = np.random.default_rng(1)
    drawn = rng.integers(0, n_subjects, (N_RESAMPLES, n_subjects))
    drawn += np.arange(N_RESAMPLES)[:, None] * n_subjects
    weights = np.bincount(drawn.ravel(), minlength=N_RESAMPLES * n_subjects).astype(float)
    h = (weights.reshape(N_RESAMPLES, -1) @ onehot).reshape(N_RESAMPLES, N_VALUES, BINS)
    pi = h @ SHARES / (h @ RATED)[..., None]
    pa, pe = h @ AGREED / (h @ PAIRED), (1 - (pi**2).sum(axis=-1)) / 2
    coef = (pa - pe) / (1 - pe)
    np.quantile(coef, [0.025, 0.975], axis=0)
    return float(coef.mean(axis=1).std(ddof=1))


# Taking turns --------------------------------------------------------------------------------------


class Rivals:
    """The libraries in their own environment, asked for one timing at a time."""

    def __init__(self, python: Path) -> None:
        script = Path(__file__).with_name("agreement_rivals.py")
        self._process = subprocess.Popen(
            [python, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Rivals:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def seconds(self, library: str, file: Path, *, repeats: int = 1) -> float:
        """Seconds of one pass over all values, the mean of so many passes in a row."""
        self._process.stdin.write(f"{library} {file} {repeats}\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit(f"{library} failed; see its message above")
        return float(answer) / repeats


def rivals_python() -> Path:
    home = ROOT / ".bench" / "agreement"
    python = home / "bin" / "python"
    if not (home / "complete").exists():
        print("installing irrCAC and krippendorff into", home.relative_to(ROOT), "…", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", home], check=True)
        wanted = Path(__file__).with_name("requirements-agreement.txt")
        subprocess.run([python, "-m", "pip", "install", "-q", "-r", wanted], check=True)
        (home / "complete").touch()
    return python


def seconds(work: Callable[[np.ndarray], object], codes: np.ndarray, *, repeats: int = 1) -> float:
    began = time.perf_counter()
    for _ in range(repeats):
        work(codes)
    return (time.perf_counter() - began) / repeats


def medians(timers: dict[str, Callable[[], float]], *, rounds: int, rival_rounds: int) -> dict[str, float]:
    """Median seconds of each; the libraries, slow as they are, sit out the later rounds."""
    times: dict[str, list[float]] = {name: [] for name in timers}
    for number in range(rounds):
        for name, timer in timers.items():
            if name not in RIVALS or number < rival_rounds:
                times[name].append(timer())
    return {name: statistics.median(several[1:] or several) for name, several in times.items()}


def report(title: str, times: dict[str, float], *, at_least: float) -> bool:
    over_irrcac = times["irrCAC"] / times["ours"]
    over_floor = times["ours"] / times["floor"]
    print(f"\n{title}")
    for name, time_taken in times.items():
        print(f"  {name:<14}{time_taken * 1e3:>12.3f} ms")
    print(f"  {over_irrcac:,.0f} times as fast as irrCAC (floor {at_least:,.0f})")
    print(f"  {times['krippendorff'] / times['ours']:,.0f} times as fast as krippendorff (alpha, no se)")
    print(f"  {over_floor:.2f} times the bare NumPy floor (limit 1.50)")
    if "in a study" in times:
        print(f"  {times['irrCAC'] / times['in a study']:,.0f} times as fast as irrCAC in a study's report")
    return over_irrcac >= at_least and over_floor <= 1.5


def check_same(ours: BatchAgreement, floor: dict[str, Any]) -> None:
    for name, expected in floor.items():
        np.testing.assert_allclose(getattr(ours, name), expected, rtol=1e-9)


def main() -> int:
    good = True
    with tempfile.TemporaryDirectory() as folder, Rivals(rivals_python()) as rivals:
        sizes = ((885, 100, 20, 4, 200), (100_000, 12, 1, 3, 60))
        for n_subjects, rounds, repeats, rival_rounds, at_least in sizes:
            codes = simulated(n_subjects)
            file = Path(folder) / f"{n_subjects}.npy"
            np.save(file, codes)
            by_video = np.ascontiguousarray(codes.transpose(1, 2, 0))  # as they come from the database
            creators = np.arange(n_subjects) // PER_CREATOR
            check_same(ours(codes), floor(codes))
            check_same(ours_in_a_study(by_video, clusters=creators), floor(codes))
            times = medians(
                {
                    "ours": lambda c=codes, r=repeats: seconds(ours, c, repeats=r),
                    "floor": lambda c=codes, r=repeats: seconds(floor, c, repeats=r),
                    "in a study": lambda c=by_video, of=creators, r=repeats: seconds(
                        partial(ours_in_a_study, clusters=of), c, repeats=r
                    ),
                    "irrCAC": lambda f=file: rivals.seconds("irrcac", f),
                    "krippendorff": lambda f=file: rivals.seconds("krippendorff", f),
                },
                rounds=rounds,
                rival_rounds=rival_rounds,
            )
            title = f"AC1 + se + interval, {n_subjects:,} subjects x {N_RATERS} raters x {N_VALUES} values"
            good &= report(title, times, at_least=at_least)

        codes, file = simulated(885), Path(folder) / "885.npy"
        np.testing.assert_allclose(ours_bootstrap(codes), floor_bootstrap(codes), rtol=1e-9)
        times = medians(
            {
                "ours": lambda: seconds(ours_bootstrap, codes),
                "floor": lambda: seconds(floor_bootstrap, codes),
                "irrCAC": lambda: rivals.seconds("irrcac", file, repeats=3) * N_RESAMPLES,
                "krippendorff": lambda: rivals.seconds("krippendorff", file, repeats=3) * N_RESAMPLES,
            },
            rounds=20,
            rival_rounds=5,
        )
        title = f"{N_RESAMPLES:,} bootstraps over {N_VALUES} values, 885 subjects"
        good &= report(title, times, at_least=2000)
        print(f"  (irrCAC and krippendorff extrapolated: 3 passes a round, times {N_RESAMPLES:,})")
    print("\nall floors hold" if good else "\nA FLOOR IS MISSED")
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
