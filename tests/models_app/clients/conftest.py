"""What tests of clients share."""

import pytest

from models_app.clients.gemini import GeminiClient
from models_app.clients.keys import NAMES
from tests.loopback.gemini import GeminiServer
from tests.models_app.clients.geminis import KEY

ADDRESSES = (
    "GEMINI_BASE_URL",
    "OPENAI_BASE_URL",
    "GOOGLE_GENAI_USE_VERTEXAI",
    "GOOGLE_CLOUD_PROJECT",
    "GOOGLE_CLOUD_LOCATION",
)


@pytest.fixture(autouse=True)
def _no_providers(monkeypatch):
    """Whatever the machine has in its environment, no test meets a real provider."""
    for name in (*NAMES, *ADDRESSES):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server(monkeypatch):
    """Gemini on this machine, and the environment that leads there."""
    with GeminiServer(key=KEY) as server:
        monkeypatch.setenv("GEMINI_BASE_URL", server.url)
        monkeypatch.setenv("GEMINI_API_KEY", KEY)
        yield server


@pytest.fixture
def client(server):
    """A client of Gemini that does not wait long between looks."""
    client = GeminiClient(poll_seconds=0.01)
    yield client
    client.close()
