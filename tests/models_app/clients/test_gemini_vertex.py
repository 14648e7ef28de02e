"""Gemini by Vertex AI: Google's credentials in the place of a key, and no Files API."""

import google.auth
import google.auth.credentials
import google.auth.exceptions
import pytest

from models_app.clients.base import DeniedError, DownError, RefusedRequestError
from models_app.clients.gemini import GeminiClient
from tests.loopback.gemini import GeminiServer, told
from tests.models_app.clients.geminis import SCHEMA, a_clip, a_request

TOKEN = "ya29-a-token-of-tests"


class Credentials(google.auth.credentials.Credentials):
    """As found on a machine; ``problem`` is raised where a token is to be had."""

    problem = None

    def refresh(self, request):
        if self.problem:
            raise self.problem
        self.token = TOKEN


@pytest.fixture
def credentials(monkeypatch):
    found = Credentials()
    monkeypatch.setattr(google.auth, "default", lambda **_more: (found, "found-project"))
    return found


@pytest.fixture
def server(monkeypatch):
    with GeminiServer(key=f"Bearer {TOKEN}") as server:
        monkeypatch.setenv("GEMINI_BASE_URL", server.url)
        monkeypatch.setenv("GOOGLE_GENAI_USE_VERTEXAI", "true")
        monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "values")
        monkeypatch.setenv("GOOGLE_CLOUD_LOCATION", "europe-west4")
        yield server


@pytest.fixture
def client(server, credentials):
    client = GeminiClient(inline_bytes=10_000)
    yield client
    client.close()


def test_vertex_is_asked_with_a_token_within_the_project(server, client, tmp_path):
    reply = client.ask(a_request(a_clip(tmp_path), schema=SCHEMA), timeout=5)
    assert reply.text == '{"stance": "absent"}'
    [call] = server.calls
    where = "projects/values/locations/europe-west4/publishers/google/models/gemini-test:generateContent"
    assert call.path.endswith(where)
    assert "inlineData" in told(call)["contents"][0]["parts"][0]
    assert told(call)["generationConfig"]["responseJsonSchema"] == SCHEMA


def test_clip_too_large_for_vertex_is_refused_with_its_size(server, client, tmp_path):
    with pytest.raises(RefusedRequestError, match=r"2\.5 MB") as error:
        client.ask(a_request(a_clip(tmp_path, bytes(2_500_000))), timeout=5)
    assert error.value.code == "too-large"
    assert server.calls == []


def test_batches_of_vertex_are_refused(server, client):
    with pytest.raises(RefusedRequestError, match="Vertex"):
        client.submit({"a": a_request()}, label="axial-1", timeout=5)
    assert server.calls == []


@pytest.mark.parametrize(
    ("problem", "kind"),
    [
        (google.auth.exceptions.RefreshError("revoked"), DeniedError),
        (google.auth.exceptions.TransportError("unreachable"), DownError),
    ],
)
def test_credentials_that_give_no_token_are_told(client, credentials, problem, kind):
    credentials.problem = problem
    with pytest.raises(kind):
        client.ask(a_request(), timeout=5)


def test_machine_without_credentials_is_denied(server, monkeypatch):
    def nothing(**_more):
        raise google.auth.exceptions.DefaultCredentialsError("none found")

    monkeypatch.setattr(google.auth, "default", nothing)
    client = GeminiClient()
    with pytest.raises(DeniedError):
        client.ask(a_request(), timeout=5)
    client.close()
