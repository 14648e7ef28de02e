"""A Gemini client beside a loopback server, and what it is asked."""

import hashlib

import pytest

from models_app.clients.base import Clip, ProviderError, Request, Text

KEY = "AIza-this-is-a-secret-of-tests-0123456789"
SCHEMA = {
    "type": "object",
    "properties": {"stance": {"type": "string", "enum": ["endorsed", "absent"]}},
    "required": ["stance"],
}


def a_request(*parts, **more):
    told = {
        "model": "gemini-test",
        "system": "Judge what you are given.",
        "parts": parts or (Text("A film."),),
    }
    return Request(**(told | more))


def a_clip(folder, content=b"film", name="a.mp4"):
    path = folder / name
    path.write_bytes(content)
    return Clip(path, hashlib.sha256(content).hexdigest(), "video/mp4")


def refusal(client, request=None, *, timeout=5):
    """The error that asking ends in."""
    with pytest.raises(ProviderError) as caught:
        client.ask(request or a_request(), timeout=timeout)
    return caught.value
