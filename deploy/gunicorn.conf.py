"""The web server: a few processes of several threads, so that a slow upload or video holds up nobody."""

import os
import sys
from pathlib import Path
from typing import Any

from dotenv import load_dotenv

if os.environ.get("AXIAL_READ_DOTENV", "").lower() not in ("0", "false", "no", "off"):
    load_dotenv(Path(__file__).resolve().parent.parent / ".env")

bind = f"{os.environ.get('AXIAL_BIND', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
worker_class = "gthread"
workers = int(os.environ.get("AXIAL_WEB_WORKERS", "4"))
threads = int(os.environ.get("AXIAL_WEB_THREADS", "4"))
timeout = 120  # of a silent worker process; a thread at work keeps it awake
graceful_timeout = 20
keepalive = 15  # a coder's next save finds the connection open
errorlog = "-"
if Path("/dev/shm").is_dir():  # noqa: S108  (the heartbeat must not wait for a disk)
    worker_tmp_dir = "/dev/shm"  # noqa: S108


def post_fork(_server: Any, _worker: Any) -> None:
    """Let a thread that was waiting for the database run soon: others wait for what it holds."""
    sys.setswitchinterval(0.0005)  # seconds; 0.005 is Python's own
