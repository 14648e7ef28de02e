"""Kill workers at random moments of runs, again and again, and count what was lost or done twice.

    python benchmarks/kills.py --database postgres://USER@HOST/postgres --broker redis://HOST:6379/DB

Without them, SQLite and the folder of messages alone. The exit status is 1 when anything was lost, stored
twice, or done again although it had been stored.
"""

import argparse
import itertools
import random
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.kills.lab import N_VALUES, Lab, a_moment, kill, until


def main() -> int:
    """Kill, on every combination of what was given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--database", default="", help="a PostgreSQL server, to be tried beside SQLite")
    parser.add_argument("--broker", default="", help="a Redis database of its own, emptied on the way")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--items", type=int, default=600, help="in each run")
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args()
    random.seed(options.seed)
    head = (
        "database",
        "broker",
        "kills",
        "emptied",
        "runs",
        "items",
        "stored",
        "lost",
        "twice",
        "redone",
        "s",
    )
    print("{:<11}{:<12}{:>6}{:>9}{:>6}{:>7}{:>8}{:>6}{:>7}{:>8}{:>6}".format(*head))
    n_bad = 0
    databases = dict.fromkeys(["", options.database])
    for database, broker in itertools.product(databases, dict.fromkeys(["", options.broker])):
        n_bad += try_it(database, broker, n_kills=options.kills, n_items=options.items)
    return 1 if n_bad else 0


def try_it(database: str, broker: str, *, n_kills: int, n_items: int) -> int:
    """So many kills on one combination; how many items went wrong."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="axial-kills-") as folder:
        lab_folder = Path(folder) / f"lab{random.randrange(10**6)}"
        with Lab(lab_folder, database=database, broker=broker, seconds=0.03) as lab:
            runs, killed, emptied = [], 0, 0
            worker = lab.start_worker()
            while killed < n_kills:
                n_before = lab.ended()
                runs.append(lab.start_run(n_items))
                until(lambda n=n_before: lab.ended() > n, seconds=60)
                while killed < n_kills and lab.ended() - n_before < n_items - 50:
                    # The next one starts while this one works, and takes over what it leaves.
                    following = lab.start_worker()
                    a_moment(6)
                    kill(worker)
                    worker, killed = following, killed + 1
                    if killed % 3 == 0:
                        lab.empty_broker()
                        emptied += 1
            ends = [lab.wait_for_end(run, seconds=300) for run in runs]
            stored = sum(end["n_predictions"] for end in ends) // N_VALUES
            lost = n_items * len(runs) - sum(end["items"].get("done", 0) for end in ends)
            lost += sum(end["finished"] != 1 for end in ends)
            twice = sum(len(end["odd"]) for end in ends)
            redone = sum(len(lab.stored_when_begun(run)) for run in runs)
    name, carrier = ("PostgreSQL" if database else "SQLite"), ("Redis" if broker else "folder")
    took = time.monotonic() - begun
    row = (name, carrier, killed, emptied, len(runs), n_items * len(runs), stored, lost, twice, redone, took)
    print("{:<11}{:<12}{:>6}{:>9}{:>6}{:>7}{:>8}{:>6}{:>7}{:>8}{:>6.0f}".format(*row), flush=True)
    return lost + twice + redone


if __name__ == "__main__":
    sys.exit(main())
