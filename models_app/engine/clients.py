"""The providers' clients that this process holds: one each, with its connections, as long as it is wanted."""

import atexit
import logging
import threading
from collections.abc import Callable

from models_app.clients.base import Client, ClientName

log = logging.getLogger(__name__)
ClientOf = Callable[[ClientName], Client]


class Clients:
    """Clients by name, made when they are first asked for; safe for many threads."""

    def __init__(self) -> None:
        self._made: dict[ClientName, tuple[ClientOf, Client]] = {}
        self._lock = threading.Lock()

    def get(self, name: ClientName, client_of: ClientOf) -> Client:
        """The client of that name; another way to make it replaces it."""
        with self._lock:
            made_by, client = self._made.get(name, (None, None))
            if client is not None and made_by == client_of:
                return client
            if client is not None:
                del self._made[name]
                _close(client)
            client = client_of(name)
            self._made[name] = (client_of, client)
            return client

    def close(self) -> None:
        """Let go of all connections, and of what was uploaded."""
        with self._lock:
            made = [client for _made_by, client in self._made.values()]
            self._made.clear()
        for client in made:
            _close(client)


def _close(client: Client) -> None:
    try:
        client.close()
    except Exception:  # whatever it is, nobody needs the client any more
        log.warning("Could not close %s", client.name, exc_info=True)


CLIENTS = Clients()
atexit.register(CLIENTS.close)
