"""A data folder, a database and the default server, for one size of study; gone when the block ends."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import httpx

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
PATIENCE = 60  # seconds for the server to answer its first request
TROUBLE = re.compile(r"Traceback|\bERROR\b|CRITICAL|database is locked|deadlock detected")


@dataclass(frozen=True, slots=True)
class Site:
    """A running server and the environment that it and its commands see."""

    url: str
    env: dict[str, str]
    log: Path

    def manage(self, *arguments: str) -> None:
        """Run a command of manage.py there."""
        subprocess.run([BIN / "python", "manage.py", *arguments], cwd=ROOT, env=self.env, check=True)

    def study(self, *arguments: str, given: str = "") -> str:
        """Run benchmarks/web_study.py there; what it prints."""
        command = [BIN / "python", ROOT / "benchmarks" / "web_study.py", *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=self.env, input=given, text=True, stdout=subprocess.PIPE, check=True
        )
        return done.stdout

    def trouble(self) -> list[str]:
        """Lines of the server's log that tell of errors."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return [line for line in lines if TROUBLE.search(line)]


@contextmanager
def serving(folder: Path, *, database: str) -> Iterator[Site]:
    """The default server on a free port, started as `make serve` does, on an empty database."""
    folder.mkdir(parents=True)
    with _database(database) as address, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        site = Site(
            url=f"http://127.0.0.1:{port}", env=_environment(folder, port, address), log=folder / "log"
        )
        site.manage("migrate", "--verbosity", "0")
        site.manage("collectstatic", "--noinput", "--verbosity", "0")
        (ROOT / "var").mkdir(exist_ok=True)  # supervisord asks for the folder of its usual pid file
        with site.log.open("wb") as log:
            command = [BIN / "supervisord", "-c", "deploy/supervisord.conf", "--pidfile", folder / "pid"]
            server = subprocess.Popen(command, cwd=ROOT, env=site.env, stdout=log, stderr=log)
            try:
                _wait_for(site, server)
                yield site
            finally:
                server.send_signal(signal.SIGTERM)
                server.wait(timeout=120)


def _environment(folder: Path, port: int, database: str) -> dict[str, str]:
    """Nothing of this machine's own settings: what the server does with none set."""
    ours = ("AXIAL_", "CELERY_", "DATABASE_URL", "DJANGO_", "PORT")
    env = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    env |= {
        "AXIAL_DATA_DIR": str(folder / "data"),
        "AXIAL_READ_DOTENV": "false",
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "PORT": str(port),
    }
    for name in ("AXIAL_WEB_WORKERS", "AXIAL_WEB_THREADS"):  # worth trying other numbers
        if name in os.environ:
            env[name] = os.environ[name]
    return env | ({"DATABASE_URL": database} if database else {})


@contextmanager
def _database(server: str) -> Iterator[str]:
    """The address of a new PostgreSQL database, dropped afterwards; nothing for SQLite."""
    if not server:
        yield ""
        return
    import psycopg  # needed by nobody else here

    name = f"axial_bench_{uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    try:
        yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _wait_for(site: Site, server: subprocess.Popen[bytes]) -> None:
    """Until the server answers."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if server.poll() is not None:
            break
        try:
            if httpx.get(f"{site.url}/healthz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    sys.exit(f"the server did not start:\n{site.log.read_text(encoding='utf-8', errors='replace')[-3000:]}")
