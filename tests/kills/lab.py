"""A lab to kill things in: a database and a broker of its own, workers as processes, a run, its journal."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent.parent
N_VALUES = 19
PRICES = """
currency: USD
prices:
  - client: openai
    model: test-model
    input: 1
    output: 1
    as_of: 2026-01-01
    source: https://example.org/prices
"""


class Lab:
    """One database, one broker, one run at a time; its own process only asks, in subprocesses."""

    def __init__(
        self, folder, *, database="", broker="", seconds=0.02, lease=2.0, sweep=0.5, provider="", logs=None
    ):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.database, self.broker = database, broker
        self.journal = self.folder / "journal"
        self.logs = Path(logs or self.folder)
        self.workers = []
        self._asked = self._asked_in = None
        self.env = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.kills.settings",
            "AXIAL_DATA_DIR": str(self.folder / "data"),
            "AXIAL_READ_DOTENV": "false",
            "AXIAL_SECRET_KEY": "only-for-tests",
            "AXIAL_LEASE_SECONDS": str(lease),
            "AXIAL_SWEEP_SECONDS": str(sweep),
            "AXIAL_LOG_LEVEL": "WARNING",
            "JOURNAL": str(self.journal),
            "JOURNAL_SECONDS": str(seconds),
            "PYTHONPATH": str(ROOT),
        }
        if provider:  # the real pipelines and the real client, against a server of OpenAI's protocol
            prices = self.folder / "prices.yaml"
            prices.write_text(PRICES, encoding="utf-8")
            self.env |= {
                "JOURNAL": "",
                "OPENAI_BASE_URL": provider,
                "OPENAI_API_KEY": "none",
                "AXIAL_PRICES": str(prices),
            }
        for name, value in (("DATABASE_URL", self._database_url()), ("CELERY_BROKER_URL", broker)):
            self.env.pop(name, None)
            if value:
                self.env[name] = value

    def __enter__(self):
        if self.database:
            self._sql(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)', f'CREATE DATABASE "{self.name}"')
        if self.broker:
            self.empty_broker()
        self.ask("migrate")
        return self

    def __exit__(self, *_exception):
        for process in (*self.workers, *([self._asked] if self._asked else [])):
            kill(process)
        if self.database:
            self._sql(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')
        if self.broker:
            self.empty_broker()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def name(self):
        """The database's, on a server."""
        return f"kills_{self.folder.name.replace('-', '_')}"

    def _database_url(self):
        return f"{self.database.rpartition('/')[0]}/{self.name}" if self.database else ""

    def _sql(self, *statements):
        import psycopg

        server = f"{self.database.rpartition('/')[0]}/postgres"
        with psycopg.connect(server, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def ask(self, name, *given):
        """What a function of tests.kills.inside gives, in a process of the app's."""
        if self._asked is None or self._asked_in != self.env:
            self._start_asked()
        self._asked.stdin.write(json.dumps([name, given]) + "\n")
        self._asked.stdin.flush()
        line = self._asked.stdout.readline()
        said = json.loads(line) if line else {"error": "the process has ended"}
        if "error" in said:
            raise RuntimeError(said["error"])
        return said["result"]

    def _start_asked(self):
        if self._asked:
            kill(self._asked)
        self._asked_in = dict(self.env)
        command = [sys.executable, "-m", "tests.kills.asked"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "bufsize": 1}
        with (self.logs / "asked.log").open("ab") as log:
            self._asked = subprocess.Popen(command, env=self.env, cwd=ROOT, stderr=log, **pipes)

    def start_run(self, n_items):
        """Start a run of so many items; its number."""
        return self.ask("start", n_items)

    def start_llm_run(self, n_items):
        """Start a run of so many items that asks the provider; its number."""
        return self.ask("start_llm", n_items)

    def bill(self, run):
        """What the run asked and paid: answers by item, and what they cost in all."""
        return self.ask("bill", run)

    def look(self, run):
        """How the run stands: state, items by state, predictions, whether anything is wrong."""
        return self.ask("look", run)

    def start_worker(self, *, queues="io", concurrency=2):
        """A worker process, as deploy/ starts it."""
        name = f"w{uuid.uuid4().hex[:8]}@test"
        log = (self.logs / f"{name}.log").open("wb")
        command = (
            f"-m celery --app config worker --hostname {name} --pool threads --concurrency {concurrency}"
        )
        command += f" --queues {queues} --without-gossip --without-mingle --loglevel INFO"
        worker = subprocess.Popen(
            [sys.executable, *command.split()], env=self.env, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT
        )
        worker.log = Path(log.name)
        log.close()
        self.workers.append(worker)
        return worker

    def ended(self):
        """How many items the journal says were worked through."""
        return sum(line.startswith("end") for line in self.lines())

    def lines(self):
        """The journal's lines."""
        return self.journal.read_text().splitlines() if self.journal.exists() else []

    def wait_for_items(self, n, *, seconds=60):
        """Until so many items have been worked through, once or more."""
        until(lambda: self.ended() >= n, seconds=seconds)

    def wait_for_end(self, run, *, seconds=120):
        """Until the run is finished; how it stands then."""
        until(lambda: self.ask("state", run) == "finished", seconds=seconds, pause=0.2)
        return self.look(run)

    def empty_broker(self):
        """Delete every message there is."""
        if self.broker:
            import redis

            redis.Redis.from_url(self.broker).flushdb()
            return
        for path in (self.folder / "data/broker/messages").glob("*.msg"):
            path.unlink(missing_ok=True)

    def stored_when_begun(self, run):
        """Items begun although their results had been stored before."""
        ended = {int(key): at for key, at in self.look(run)["ended"].items()}
        begun = [
            (int(line.split()[1]), float(line.split()[3])) for line in self.lines() if line.startswith("b")
        ]
        return [key for key, at in begun if key in ended and at > ended[key] + 0.05]


def kill(worker):
    """SIGKILL to the process and its children, at once; its pipes are closed."""
    try:
        family = [psutil.Process(worker.pid), *psutil.Process(worker.pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        family = []
    for process in family:
        try:
            process.send_signal(signal.SIGKILL)
        except psutil.NoSuchProcess:
            continue
    worker.wait()
    for pipe in (worker.stdin, worker.stdout):
        if pipe:
            pipe.close()


def until(is_so, *, seconds, pause=0.05):
    """Wait for something, but not for ever."""
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            raise TimeoutError(f"not within {seconds} s")
        time.sleep(pause)


def a_moment(longest=0.5):
    """A random one."""
    time.sleep(random.uniform(0, longest))
