"""How fast and how safe the human loop is: the default server under coders at work, over HTTP.

    python benchmarks/web.py [--database postgres://user@host/postgres] [--json]

Three sites, each with a data folder, a database and a server of its own, started as `make serve` does: a
study of 1,000 videos, one of 20,000, and one of 20,000 in which each coder has submitted 1,000 before. They
take turns, with one coder and with eight at once, each a process with one connection: the next video, 19
judgements saved one by one, submit, as fast as the answers come. Afterwards the database is compared with
what the coders were told. Then eight coders rush for the last places of a small study.

Exit status 1 on an error, a coder too many or a lost write; never for being slow. docs/performance.md tells
what the figures mean.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from web_report import as_json, pace, print_report
from web_server import BIN, ROOT, Site, serving

CODERS = 8
PASSWORD = "bench-password-1"  # noqa: S105
RUSH_VIDEOS = 40


@dataclass(frozen=True, slots=True)
class Size:
    """A study to be measured."""

    name: str
    n_videos: int
    n_history: int = 0  # codings that each coder has submitted before


@dataclass(slots=True)
class Measured:
    """What a number of clients saw at one size."""

    size: str
    n_clients: int
    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))  # seconds, by step
    errors: list[str] = field(default_factory=list)
    codings: dict[str, Any] = field(default_factory=dict)  # what the clients were told
    seconds: float = 0.0
    lost: list[str] = field(default_factory=list)
    over: list[str] = field(default_factory=list)

    def add(self, results: Sequence[dict[str, Any]]) -> None:
        """Take up what the clients of one round report."""
        for result in results:
            for step, times in result["times"].items():
                self.times[step] += times
            self.errors += result["errors"]
            self.codings |= result["codings"]
        self.seconds += max(result["seconds"] for result in results)

    def look_at(self, found: dict[str, Any]) -> None:
        """Take up what the database says."""
        self.lost, self.over = found["lost"], found["over"]

    @property
    def is_sound(self) -> bool:
        """Nothing failed, nothing was lost, nobody too many."""
        return not (self.errors or self.lost or self.over)


def work(site: Site, *, study: str, coders: Sequence[int], n_videos: int, seed: int) -> list[dict[str, Any]]:
    """Coders at work at the same time; 0 videos is the rush. What each reports."""
    clients = []
    for coder in coders:
        command = [BIN / "python", ROOT / "benchmarks" / "web_client.py"]
        client = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        job = {"url": site.url, "study": study, "username": f"coder{coder}", "password": PASSWORD}
        _tell(client, json.dumps(job | {"videos": n_videos, "seed": seed * 100 + coder}))
        clients.append(client)
    for client in clients:
        if _hear(client) != "ready":
            sys.exit("a client could not begin")
    for client in clients:
        _tell(client, "go")
    results = [json.loads(_hear(client)) for client in clients]
    for client in clients:
        client.wait()
    return results


def _tell(client: subprocess.Popen[str], line: str) -> None:
    if client.stdin:
        client.stdin.write(f"{line}\n")
        client.stdin.flush()


def _hear(client: subprocess.Popen[str]) -> str:
    return client.stdout.readline().strip() if client.stdout else ""


def measure(sites: dict[Size, Site], *, rounds: int, n_videos: int) -> list[Measured]:
    """All sizes in turn, so that a busy moment of the machine falls on all of them."""
    measured = [Measured(size.name, n) for size in sites for n in (1, CODERS)]
    for turn in range(rounds):
        pairs = ((size, site, n) for size, site in sites.items() for n in (1, CODERS))
        for row, (_size, site, n) in zip(measured, pairs, strict=True):
            coders = [turn % CODERS + 1] if n == 1 else range(1, CODERS + 1)
            row.add(work(site, study="bench", coders=coders, n_videos=n_videos, seed=turn))
    for row, site in zip(measured, (site for site in sites.values() for _n in (1, CODERS)), strict=True):
        row.look_at(json.loads(site.study("check", "bench", given=json.dumps(row.codings))))
    return measured


def rush(site: Site) -> Measured:
    """Eight coders compete for the places of a small study until none is left."""
    row = Measured("rush", CODERS)
    row.add(work(site, study="rush", coders=range(1, CODERS + 1), n_videos=0, seed=0))
    found = json.loads(site.study("check", "rush", given=json.dumps(row.codings)))
    row.look_at(found)
    if not found["n_codings"] == found["n_places"] == len(row.codings):
        row.lost.append(
            f"{found['n_places']} places, {len(row.codings)} told, {found['n_codings']} submitted"
        )
    return row


def main() -> int:
    """Run it all and print it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--database", default="", help="a PostgreSQL server; SQLite if not given")
    parser.add_argument("--videos", type=int, default=10, help="videos a client codes in each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--sizes", default="1000,20000,20000+1000", help="VIDEOS or VIDEOS+HISTORY, by commas"
    )
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # stop servers and drop databases all the same
    started, before = time.perf_counter(), pace()
    with tempfile.TemporaryDirectory(prefix="axial-bench-") as folder, ExitStack() as stack:
        sites = {}
        for size in map(_size, args.sizes.split(",")):
            site = stack.enter_context(serving(Path(folder) / str(len(sites)), database=args.database))
            site.study("load", "bench", "--videos", str(size.n_videos), "--history", str(size.n_history))
            sites[size] = site
        first = next(iter(sites.values()))
        first.study("load", "rush", "--videos", str(RUSH_VIDEOS))
        print(f"loaded in {time.perf_counter() - started:.0f} s", file=sys.stderr)
        rows = [*measure(sites, rounds=args.rounds, n_videos=args.videos), rush(first)]
        trouble = [line for site in sites.values() for line in site.trouble()]
        seconds = time.perf_counter() - started
    paces = (before, pace())
    database = "PostgreSQL" if args.database else "SQLite"
    if args.json:
        print(json.dumps(as_json(rows, trouble=trouble, database=database, paces=paces), indent=1))
    else:
        print_report(rows, trouble=trouble, database=database, seconds=seconds, paces=paces)
    return 0 if all(row.is_sound for row in rows) and not trouble else 1


def _size(text: str) -> Size:
    n_videos, _plus, history = text.partition("+")
    name = f"{int(n_videos):,}" + (f", {int(history):,} coded" if history else "")
    return Size(name=name, n_videos=int(n_videos), n_history=int(history or 0))


if __name__ == "__main__":
    sys.exit(main())
