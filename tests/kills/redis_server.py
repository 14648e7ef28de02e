"""A Redis of one's own, to be killed: it keeps nothing."""

import shutil
import socket
import subprocess

from tests.kills.lab import kill, until


class OwnRedis:
    """A redis-server on a port that nobody listens on, from entering to leaving."""

    def __init__(self, folder):
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]

    @property
    def url(self):
        """As CELERY_BROKER_URL has it."""
        return f"redis://127.0.0.1:{self.port}/0"

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_exception):
        self.kill()

    def start(self):
        """Serve, with nothing in it."""
        command = [shutil.which("redis-server"), "--port", str(self.port), "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=self.folder)
        until(self._answers, seconds=10)

    def kill(self):
        """SIGKILL; what it held is gone."""
        kill(self._process)

    def _answers(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return True
        except OSError:
            return False
