"""The figures of benchmarks/web.py as a table and as JSON."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from web import Measured

STEPS = ("floor", "next", "peek", "judgement", "submit")
AIMS = {"judgement": 8.0, "next": 25.0}  # ms, median, one coder


def p95(times: Sequence[float]) -> float:
    """The 95th percentile; the largest of a few."""
    return statistics.quantiles(times, n=20, method="inclusive")[-1] if len(times) > 1 else times[0]


def figures(row: Measured) -> dict[str, dict[str, float]]:
    """Of every step: how often, and median and 95th percentile in ms."""
    return {
        step: {
            "n": len(times),
            "median_ms": round(statistics.median(times) * 1000, 2),
            "p95_ms": round(p95(times) * 1000, 2),
        }
        for step in STEPS
        if (times := row.times.get(step))
    }


def machine() -> str:
    """What it ran on, without naming it."""
    model = platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:  # noqa: PTH123 - not a file of anybody's
            model = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return f"{os.cpu_count()} cores ({model}), Python {platform.python_version()}"


def pace() -> dict[str, float]:
    """How fast the machine is just now, and how many others want it: without these no figure says much."""
    loops = []
    for _turn in range(5):
        start = time.perf_counter()
        sum(range(1_000_000))
        loops.append(time.perf_counter() - start)
    return {"loop_ms": round(statistics.median(loops) * 1000, 1), "load": round(os.getloadavg()[0], 1)}


def as_json(
    rows: Sequence[Measured], *, trouble: Sequence[str], database: str, paces: Sequence[dict[str, float]]
) -> dict[str, Any]:
    """All figures."""
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": machine(),
        "database": database,
        "pace_before_and_after": list(paces),
        "rows": [
            {
                "study": row.size,
                "clients": row.n_clients,
                "codings": len(row.codings),
                "codings_per_minute": round(len(row.codings) / row.seconds * 60),
                "steps": figures(row),
                "errors": row.errors,
                "over_assigned": row.over,
                "lost_writes": row.lost,
            }
            for row in rows
        ],
        "server_log": list(trouble),
    }


def print_report(
    rows: Sequence[Measured],
    *,
    trouble: Sequence[str],
    database: str,
    seconds: float,
    paces: Sequence[dict[str, float]],
) -> None:
    """Tables: the steps, the growth, what went wrong."""
    print(f"{database}, {machine()}, {datetime.now(UTC):%Y-%m-%d}; took {seconds:.0f} s")
    for when, now in zip(("before", "after"), paces, strict=True):
        print(f"{when}: summing a million numbers takes {now['loop_ms']} ms, load average {now['load']}")
    print("Milliseconds, median / 95th percentile; “floor” is a page that asks the database nothing.\n")
    head = f"{'study':<22}{'clients':>8}" + "".join(f"{step:>18}" for step in STEPS)
    print(head + f"{'videos/min':>12}{'errors':>8}{'over':>6}{'lost':>6}")
    for row in rows:
        got = figures(row)
        cells = (
            f"{got[step]['median_ms']:.1f} / {got[step]['p95_ms']:.1f}" if step in got else "–"
            for step in STEPS
        )
        line = f"{row.size:<22}{row.n_clients:>8}" + "".join(f"{cell:>18}" for cell in cells)
        rate = len(row.codings) / row.seconds * 60
        print(line + f"{rate:>12.0f}{len(row.errors):>8}{len(row.over):>6}{len(row.lost):>6}")
    _print_growth(rows)
    _print_aims(rows)
    for row in rows:
        for kind, lines in (("error", row.errors), ("too many", row.over), ("lost", row.lost)):
            for line in lines[:5]:
                print(f"{kind} ({row.size}, {row.n_clients}): {line}")
    for line in trouble[:10]:
        print(f"server log: {line}")


def _print_growth(rows: Sequence[Measured]) -> None:
    """Medians as ratios to the first size with as many clients: 1 is no growth."""
    print(f"\n{'growth of medians':<22}{'clients':>8}" + "".join(f"{step:>18}" for step in STEPS))
    first = {}
    for row in rows:
        got = figures(row)
        base = first.setdefault(row.n_clients, got)
        if base is got or "judgement" not in got:
            continue
        cells = (f"{got[step]['median_ms'] / base[step]['median_ms']:.2f}" for step in STEPS)
        print(f"{row.size:<22}{row.n_clients:>8}" + "".join(f"{cell:>18}" for cell in cells))


def _print_aims(rows: Sequence[Measured]) -> None:
    """One coder against the aims."""
    print()
    for row in rows:
        if row.n_clients == 1:
            got = figures(row)
            said = (f"{step} {got[step]['median_ms']:.1f} of {aim:.0f} ms" for step, aim in AIMS.items())
            print(f"aim, one coder, {row.size}: " + ", ".join(said))
