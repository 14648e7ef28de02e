"""Kill workers at random moments of runs, again and again, and count what was lost or done twice.

    python benchmarks/kills.py --database postgres://USER@HOST/postgres --broker redis://HOST:6379/DB
    python benchmarks/kills.py --llm --kills 50 …

With --llm the runs ask a server of OpenAI's protocol, which fails at every tenth question: what was paid is
counted, too, and every fifth kill is of the process that starts a run, as the web server would. With
--own-redis in place of --broker, a Redis is started that is killed and comes back empty on the way. With
--disk, the lab lies in that folder, which should be a small file system of its own (mount -t tmpfs -o
size=64m tmpfs FOLDER): it is filled to the last byte at every fourth kill, for some seconds.

Without databases and brokers, SQLite and the folder of messages alone. The exit status is 1 when anything
was lost, stored twice, or done again although it had been stored.
"""

import argparse
import contextlib
import itertools
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.kills.lab import N_VALUES, ROOT, Lab, a_moment, kill, until
from tests.kills.redis_server import OwnRedis
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
LLM_ROW = "{:<11}{:<10}{:>6}{:>9}{:>6}{:>6}{:>7}{:>6}{:>7}{:>12}{:>7}{:>6}"
PRICE = Decimal("0.001")  # of every answer: 1,000 tokens at 1 a million


def main() -> int:
    """Kill, on every combination of what was given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--database", default="", help="a PostgreSQL server, to be tried beside SQLite")
    parser.add_argument("--broker", default="", help="a Redis database of its own, emptied on the way")
    parser.add_argument("--own-redis", action="store_true", help="with --llm: one that is killed, too")
    parser.add_argument("--disk", default="", help="with --llm: a small file system, filled on the way")
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
    names = ("database", "broker", "kills", "emptied", "full", "runs", "items", "lost", "twice", "paid twice")
    print(LLM_ROW.format(*names, "asked", "s"))
    n_bad = 0
    brokers = ["", "own" if options.own_redis else options.broker]
    for database, broker in itertools.product(dict.fromkeys(["", options.database]), dict.fromkeys(brokers)):
        with contextlib.ExitStack() as stack:
            folder = stack.enter_context(
                tempfile.TemporaryDirectory(prefix="kills", dir=options.disk or None)
            )
            redis = stack.enter_context(OwnRedis(folder)) if broker == "own" else None
            # Elsewhere: whoever runs a worker reads what it says, from a pipe that is never full.
            logs = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="axial-kills-logs-")))
            llm = LlmKills(
                Path(folder), logs, database, redis.url if redis else broker, redis, bool(options.disk)
            )
            n_bad += llm.run(n_kills=options.kills, n_items=options.items)
    return 1 if n_bad else 0


@dataclass
class LlmKills:
    """Kills on one combination, and what came of them."""

    folder: Path
    logs: Path
    database: str
    broker: str
    redis: OwnRedis | None
    fills_disk: bool
    runs: list[int] = field(default_factory=list)
    killed: int = 0
    emptied: int = 0
    full: int = 0

    def run(self, *, n_kills: int, n_items: int) -> int:
        """So many kills; how many items went wrong."""
        begun = time.monotonic()
        with OpenAiServer(latency=0.05) as server:
            server.usage = {"prompt_tokens": 900, "completion_tokens": 100, "total_tokens": 1000}
            server.storm(0.1, seed=random.randrange(10**6), faults=FAULTS)
            lab_folder = self.folder / f"lab{random.randrange(10**6)}"
            where = {"database": self.database, "broker": self.broker, "logs": self.logs}
            with Lab(lab_folder, provider=server.base_url, **where) as lab:
                worker = lab.start_worker()
                while self.killed < n_kills:
                    n_before = server.n_answered
                    self.runs.append(lab.start_llm_run(n_items))
                    worker = self._alive(lab, worker)
                    until(lambda n=n_before: server.n_answered > n, seconds=90)
                    while self.killed < n_kills and server.n_answered - n_before < n_items * 0.8:
                        worker = self._alive(lab, self._kill(lab, worker))
                ends = [lab.wait_for_end(run, seconds=600) for run in self.runs]
                bills = [lab.bill(run) for run in self.runs]
        return self._print(ends, bills, n_asked=server.n_questions, took=time.monotonic() - begun)

    def _alive(self, lab: Lab, worker: subprocess.Popen) -> subprocess.Popen:
        """The worker; where it ended by itself, another, as a supervisor would start, and its last words."""
        if worker.poll() is None:
            return worker
        print(f"   a worker ended by itself ({worker.returncode}):", worker.log.read_text()[-2000:])
        return lab.start_worker()

    def _kill(self, lab: Lab, worker: subprocess.Popen) -> subprocess.Popen:
        """Kill the worker at a random moment, and what else its turn brings; its successor."""
        following = lab.start_worker()
        a_moment(5)
        is_full = self.fills_disk and self.killed % 4 == 0
        with full_disk(self.folder) if is_full else contextlib.nullcontext():
            if is_full:
                self.full += 1
                a_moment(4)
            kill(worker)
            if is_full:
                a_moment(4)
        self.killed += 1
        if self.killed % 3 == 0:
            self._empty_broker(lab)
        if self.killed % 5 == 0:
            kill_a_starter(lab, self.runs)
            self.killed += 1
        return following

    def _empty_broker(self, lab: Lab) -> None:
        if self.redis:
            self.redis.kill()
            a_moment(3)
            self.redis.start()
        else:
            lab.empty_broker()
        self.emptied += 1

    def _print(self, ends: list[dict], bills: list[dict], *, n_asked: int, took: float) -> int:
        n_of = [sum(end["items"].values()) for end in ends]
        lost = sum(n - end["items"].get("done", 0) for n, end in zip(n_of, ends, strict=True))
        lost += sum(end["finished"] != 1 for end in ends)
        twice = sum(len(end["odd"]) for end in ends)
        paid = sum(len(bill["repeated"]) + bill["pending"] + bill["unpriced"] for bill in bills)
        paid += sum(Decimal(bill["cost"]) != PRICE * n for bill, n in zip(bills, n_of, strict=True))
        database = "PostgreSQL" if self.database else "SQLite"
        broker = "own Redis" if self.redis else "Redis" if self.broker else "folder"
        counts = (self.killed, self.emptied, self.full, len(self.runs), sum(n_of), lost, twice, paid)
        row = (database, broker, *counts, f"{n_asked / sum(n_of):.2f}", f"{took:.0f}")
        print(LLM_ROW.format(*row), flush=True)
        for end, bill in zip(ends, bills, strict=True):
            n = sum(end["items"].values())
            if end["items"] != {"done": n} or Decimal(bill["cost"]) != PRICE * n:
                print("   went wrong:", end["items"], end["failures"], bill)
        return lost + twice + paid


@contextlib.contextmanager
def full_disk(folder: Path) -> Iterator[None]:
    """The folder's file system without a free byte."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            with contextlib.suppress(OSError):
                while file.write(b"0" * size):
                    pass
    try:
        yield
    finally:
        ballast.unlink()


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
    runs[:] = lab.ask("runs")


if __name__ == "__main__":
    sys.exit(main())
