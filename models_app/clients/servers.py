"""Whose answer it is, where the model's name alone does not tell: a server of one's own, or a folder."""

import hashlib
from pathlib import Path

from models_app.clients.base import ClientName
from models_app.clients.keys import own_address

# What a model is loaded from. A folder may hold logs and notes as well, which change nothing.
SUFFIXES = frozenset({".json", ".jinja", ".txt", ".model", ".safetensors", ".bin"})


def server_of(client: ClientName, model: str) -> str:
    """What tells a model from another of the same name; empty at a provider, where names are unique."""
    return files_of(model) if client == ClientName.TRANSFORMERS else own_address(client)


def files_of(model: str) -> str:
    """A hash of the names, sizes and last changes of a folder's files; empty for the id of a hub.

    Weights are too large to be read for each question, and one that was trained anew has the same size.
    """
    try:
        files = sorted(file for file in Path(model).expanduser().iterdir() if file.suffix in SUFFIXES)
        told = [(file.name, (stat := file.stat()).st_size, stat.st_mtime_ns) for file in files]
    except (OSError, RuntimeError, ValueError):  # no folder, no home, no name: loading it will say so
        return ""
    return hashlib.sha256(repr(told).encode()).hexdigest()
