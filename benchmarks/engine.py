"""What the run engine costs: a run of trivial items, in a real worker with one slot.

python benchmarks/engine.py --database postgres://USER@HOST/postgres --broker redis://HOST:6379/DB
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.kills.lab import ROOT, Lab

AIM_MS = 5.0
POLL = """
import django, time
django.setup()
from models_app.models import Run
from models_app.queries.runs import progress_of
took = []
while True:
    begun = time.monotonic()
    progress_of(Run.objects.first())
    took.append(time.monotonic() - begun)
    print(f"{1000 * sorted(took)[len(took) // 2]:.1f}", flush=True)
    time.sleep(0.5)
"""


def main() -> int:
    """Measure, on the default and on the services that were given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--database", default="", help="a PostgreSQL server, to be tried beside SQLite")
    parser.add_argument("--broker", default="", help="a Redis database of its own, emptied on the way")
    parser.add_argument("--items", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print(f"a run of {options.items:,} trivial items, one slot; aim: {AIM_MS} ms an item")
    print(
        "{:<22}{:>22}{:>22}{:>12}{:>14}".format(
            "", "ms an item", "... while polled", "a poll, ms", "worker, MB"
        )
    )
    places = [("SQLite, folder", "", "")]
    if options.database:
        places.append(("PostgreSQL, Redis", options.database, options.broker))
    for name, database, broker in places:
        measure(name, database, broker, n_items=options.items, rounds=options.rounds)
    return 0


def measure(name: str, database: str, broker: str, *, n_items: int, rounds: int) -> None:
    """One line: medians and the rounds behind them."""
    with (
        tempfile.TemporaryDirectory(prefix="axial-engine-") as folder,
        Lab(Path(folder) / "engine", database=database, broker=broker, seconds=0, lease=60) as lab,
    ):
        lab.env.pop("JOURNAL")
        worker = lab.start_worker(concurrency=1)
        one_run(lab, 100)  # warms up
        process = psutil.Process(worker.pid)
        before = process.memory_info().rss
        cpu_before = sum(process.cpu_times()[:2])
        quiet = [one_run(lab, n_items) for _round in range(rounds)]
        cpu = (sum(process.cpu_times()[:2]) - cpu_before) / n_items / rounds * 1000
        poller = subprocess.Popen(
            [sys.executable, "-c", POLL], env=lab.env, cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        try:
            polled = [one_run(lab, n_items) for _round in range(rounds)]
        finally:
            poller.kill()
        polls = poller.communicate()[0].split()
        after = process.memory_info().rss
    memory = f"{before / 1e6:.0f} → {after / 1e6:.0f}"
    row = (name, said(quiet), said(polled), f"{cpu:.2f}", polls[-1] if polls else "–", memory)
    print("{:<20}{:>22}{:>22}{:>16}{:>12}{:>12}".format(*row), flush=True)


def one_run(lab: Lab, n_items: int) -> float:
    """Milliseconds an item, from the first claim to the run's end by the database's clock."""
    run = lab.start_run(n_items)
    end = lab.wait_for_end(run, seconds=600)
    if end["items"] != {"done": n_items}:
        raise RuntimeError(f"the run went wrong: {end['items']}")
    begun, ended = lab.ask("times", run)
    return (ended - begun) / n_items * 1000


def said(figures: list[float]) -> str:
    """The median, and all."""
    middle = sorted(figures)[len(figures) // 2]
    return f"{middle:.2f} ({', '.join(f'{figure:.1f}' for figure in figures)})"


if __name__ == "__main__":
    begun = time.monotonic()
    status = main()
    print(f"took {time.monotonic() - begun:.0f} s")
    sys.exit(status)
