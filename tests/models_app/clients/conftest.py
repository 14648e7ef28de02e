"""What tests of clients share."""

import pytest

from models_app.clients.keys import NAMES

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
