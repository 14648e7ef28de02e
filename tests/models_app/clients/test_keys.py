"""Keys come from the environment and reach no text."""

import io
import logging
import logging.config

import pytest
from django.conf import settings

from config.celery import hide_keys_in
from models_app.clients import keys
from models_app.clients.base import ClientName, DeniedError

KEY = "a-secret-of-no-known-shape"


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch):
    for name in (*keys.NAMES, "GEMINI_BASE_URL", "OPENAI_BASE_URL", "GOOGLE_GENAI_USE_VERTEXAI"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def lines():
    """What handlers as of the settings write, with their filters."""
    stream = io.StringIO()
    console = {**settings.LOGGING["handlers"]["console"], "stream": stream}
    said = {**settings.LOGGING, "handlers": {"console": console}, "loggers": {}}
    said["root"] = {}
    said["loggers"]["httpx.of.tests"] = {"handlers": ["console"], "level": "DEBUG", "propagate": False}
    logging.config.dictConfig(said)
    yield stream
    logging.getLogger("httpx.of.tests").handlers.clear()
    logging.config.dictConfig(settings.LOGGING)


def test_key_is_read_when_it_is_used(monkeypatch):
    monkeypatch.setenv("GEMINI_API_KEY", f" {KEY}\n")
    monkeypatch.setenv("GEMINI_BASE_URL", "http://127.0.0.1:1")
    assert keys.gemini_access() == keys.Access(KEY, "http://127.0.0.1:1")
    assert KEY not in repr(keys.gemini_access())
    monkeypatch.setenv("GEMINI_API_KEY", KEY + "-2")
    assert keys.gemini_access().key == KEY + "-2"


@pytest.mark.parametrize(
    ("access", "name"), [(keys.gemini_access, "GEMINI_API_KEY"), (keys.openai_access, "OPENAI_API_KEY")]
)
def test_missing_key_names_its_variable(monkeypatch, access, name):
    with pytest.raises(DeniedError, match=name):
        access()
    monkeypatch.setenv(name, "two words")
    with pytest.raises(DeniedError, match=name) as denied:
        access()
    assert "two words" not in str(denied.value)


def test_server_of_ones_own_needs_no_key(monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:8000/v1")
    assert keys.openai_access() == keys.Access("", "http://127.0.0.1:8000/v1")


@pytest.mark.parametrize(
    ("told", "address"),
    [
        ("", ""),
        ("https://api.openai.com/v1/", ""),
        (" http://Localhost:8000/V1/ ", "http://localhost:8000/V1"),
        ("https://me:pass@host/v1", "https://host/v1"),
        ("localhost", "localhost"),
    ],
)
def test_server_in_a_providers_place_is_known_by_its_address(monkeypatch, told, address):
    monkeypatch.setenv("OPENAI_BASE_URL", told)
    assert keys.own_address(ClientName.OPENAI) == address
    assert keys.own_address(ClientName.GEMINI) == keys.own_address(ClientName.TRANSFORMERS) == ""
    monkeypatch.setenv("GEMINI_BASE_URL", "https://generativelanguage.googleapis.com/")
    assert keys.own_address(ClientName.GEMINI) == ""
    monkeypatch.setenv("GEMINI_BASE_URL", "http://proxy")
    assert keys.own_address(ClientName.GEMINI) == "http://proxy"


def test_vertex_needs_a_project_and_no_key(monkeypatch):
    monkeypatch.setenv("GOOGLE_GENAI_USE_VERTEXAI", "True")
    monkeypatch.delenv("GOOGLE_CLOUD_PROJECT", raising=False)
    monkeypatch.delenv("GOOGLE_CLOUD_LOCATION", raising=False)
    with pytest.raises(DeniedError, match="GOOGLE_CLOUD_PROJECT"):
        keys.gemini_access()
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "values")
    assert keys.gemini_access() == keys.VertexAccess("values", "global")


@pytest.mark.parametrize(
    "text",
    [
        f"refused: {KEY}",
        "https://x.test/v1?alt=json&key=abc123&b=1",
        "headers: {'Authorization': 'Bearer abc123.def456'}",
        "{'x-goog-api-key': 'abc123'}",
        "Incorrect API key provided: sk-abc123*********wxyz.",
        "http://user:abc123@proxy.test/",
        "key AIzaabc123" + "x" * 33,
    ],
)
def test_text_is_told_without_keys(monkeypatch, text):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    told = keys.redact(text)
    assert keys.HIDDEN in told
    assert KEY not in told
    assert "abc123" not in told


@pytest.mark.parametrize(
    "text", ["API key not valid.", "a risk-averse-and-quite-long-sentence", "basic guidelines", "none of it"]
)
def test_text_without_keys_stays_as_it_is(monkeypatch, text):
    monkeypatch.setenv("OPENAI_API_KEY", "none")  # what people give a server of their own
    assert keys.redact(text) == text


def test_log_hides_keys_in_message_arguments_exception_and_stack(monkeypatch, lines):
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    logger = logging.getLogger("httpx.of.tests")
    logger.info("POST %s", f"https://x.test/?key={KEY}")
    logger.info(f"with {KEY}", stack_info=True)
    try:
        raise ValueError(KEY)
    except ValueError:
        logger.exception("It broke")
    said = lines.getvalue()
    assert KEY not in said
    assert said.count(keys.HIDDEN) >= 3
    assert "ValueError" in said
    assert "Stack (most recent call last)" in said


def test_log_of_celery_hides_keys(monkeypatch):
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    stream = io.StringIO()
    logger = logging.Logger("of a worker")
    logger.addHandler(logging.StreamHandler(stream))
    hide_keys_in(logger=logger)
    hide_keys_in(logger=logger)
    assert len(logger.handlers[0].filters) == 1
    logger.error("asked with %s", KEY)
    assert stream.getvalue() == f"asked with {keys.HIDDEN}\n"
