"""Kill workers at random moments of runs, again and again, and count what was lost or done twice.

    python benchmarks/kills.py --database postgres://USER@HOST/postgres --broker redis://HOST:6379/DB
    python benchmarks/kills.py --llm --kills 50 …

With --llm the runs ask a server of OpenAI's protocol, which fails at every tenth question: what was paid is
counted, too, and every fifth kill is of the process that starts a run, as the web server would.

Without them, SQLite and the folder of messages alone. The exit status is 1 when anything was lost, stored
twice, or done again although it had been stored.
"""

import argparse
import itertools
import random
import subprocess
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.kills.lab import N_VALUES, ROOT, Lab, a_moment, kill, until
from tests.loopback.openai import OpenAiServer
from tests.loopback.server import Fault

FAULTS = (
    Fault.limited(after=0),
    Fault.status(500),
    Fault.slow(0.2),
    Fault.cut(),
    Fault.drop(),
    Fault.garble(),
)
PRICE = Decimal("0.001")  # of every answer: 1,000 tokens at 1 a million


def main() -> int:
    """Kill, on every combination of what was given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--database", default="", help="a PostgreSQL server, to be tried beside SQLite")
    parser.add_argument("--broker", default="", help="a Redis database of its own, emptied on the way")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--items", type=int, default=600, help="in each run")
    parser.add_argument("--llm", action="store_true", help="runs that ask a provider which fails at will")
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args()
    random.seed(options.seed)
    if options.llm:
        return try_llm(options)
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


# --- Runs that ask a provider ----------------------------------------------------------------------------


def try_llm(options: argparse.Namespace) -> int:
    """Every combination; 1 if anything was lost, stored twice, paid twice or not at all."""
    head = (
        "database",
        "broker",
        "kills",
        "emptied",
        "runs",
        "items",
        "lost",
        "twice",
        "paid twice",
        "asked",
        "s",
    )
    print("{:<11}{:<12}{:>6}{:>9}{:>6}{:>7}{:>6}{:>7}{:>12}{:>7}{:>6}".format(*head))
    databases = dict.fromkeys(["", options.database])
    pairs = list(itertools.product(databases, dict.fromkeys(["", options.broker])))
    return 1 if sum(try_llm_on(*pair, n_kills=options.kills, n_items=options.items) for pair in pairs) else 0


def try_llm_on(database: str, broker: str, *, n_kills: int, n_items: int) -> int:
    """So many kills on one combination; how many items went wrong."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="axial-kills-") as folder, OpenAiServer(latency=0.05) as server:
        server.usage = {"prompt_tokens": 900, "completion_tokens": 100, "total_tokens": 1000}
        server.storm(0.1, seed=random.randrange(10**6), faults=FAULTS)
        lab_folder = Path(folder) / f"lab{random.randrange(10**6)}"
        with Lab(lab_folder, database=database, broker=broker, provider=server.base_url) as lab:
            runs, killed, emptied = [], 0, 0
            worker = lab.start_worker()
            while killed < n_kills:
                n_before = server.n_answered
                runs.append(lab.start_llm_run(n_items))
                until(lambda n=n_before: server.n_answered > n, seconds=90)
                while killed < n_kills and server.n_answered - n_before < n_items * 0.8:
                    following = lab.start_worker()
                    a_moment(5)
                    kill(worker)
                    worker, killed = following, killed + 1
                    if killed % 3 == 0:
                        lab.empty_broker()
                        emptied += 1
                    if killed % 5 == 0:
                        kill_a_starter(lab, runs)
                        killed += 1
            ends = [lab.wait_for_end(run, seconds=600) for run in runs]
            bills = [lab.bill(run) for run in runs]
    n_of = [sum(end["items"].values()) for end in ends]
    lost = sum(n - end["items"].get("done", 0) for n, end in zip(n_of, ends, strict=True))
    lost += sum(end["finished"] != 1 for end in ends)
    twice = sum(len(end["odd"]) for end in ends)
    paid = sum(len(bill["repeated"]) + bill["pending"] + bill["unpriced"] for bill in bills)
    paid += sum(Decimal(bill["cost"]) != PRICE * n for bill, n in zip(bills, n_of, strict=True))
    name, carrier = ("PostgreSQL" if database else "SQLite"), ("Redis" if broker else "folder")
    took = time.monotonic() - begun
    asked = f"{server.n_questions / sum(n_of):.2f}"
    row = (name, carrier, killed, emptied, len(runs), sum(n_of), lost, twice, paid, asked, took)
    print("{:<11}{:<12}{:>6}{:>9}{:>6}{:>7}{:>6}{:>7}{:>12}{:>7}{:>6.0f}".format(*row), flush=True)
    return lost + twice + paid


def kill_a_starter(lab: Lab, runs: list[int]) -> None:
    """Kill a process while it starts runs; those that are there are there whole."""
    code = (
        "import django; django.setup()\nfrom tests.kills.inside import start_llm\n"
        "for _i in range(50): print(start_llm(10), flush=True)"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", code], env=lab.env, cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    starter.stdout.readline()
    a_moment(0.3)
    kill(starter)
    starter.stdout.close()
    there = lab.python("from models_app.models import Run\nprint(*Run.objects.values_list('pk', flat=True))")
    runs[:] = [int(pk) for pk in there.split()]


if __name__ == "__main__":
    sys.exit(main())
