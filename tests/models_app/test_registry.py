"""From names to what does the work: all can be had, without a key and without a request."""

import pytest

from models_app import registry
from models_app.clients.base import Client, ClientName
from models_app.pipelines.base import ItemError
from models_app.registry import client_of, pipeline_of
from models_app.specs import SPECS


@pytest.mark.parametrize("name", SPECS)
def test_every_pipeline_can_be_had(name):
    spec = SPECS[name]
    does = {"scripts": "make", "predictions": "judge"}[spec.gives]
    pipeline = pipeline_of(name, spec.read_settings({}))
    assert callable(getattr(pipeline, "work" if spec.steps else "fit_predict" if spec.learns else does))


@pytest.mark.parametrize("name", ClientName)
def test_every_client_can_be_had(name, monkeypatch):
    for key in ("GEMINI_API_KEY", "OPENAI_API_KEY", "OPENAI_BASE_URL", "GEMINI_BASE_URL"):
        monkeypatch.delenv(key, raising=False)
    client: Client = client_of(name)
    assert client.name == name
    assert callable(client.ask)
    client.close()


def test_client_whose_packages_are_missing_says_what_installs_them(monkeypatch):
    monkeypatch.setitem(registry.CLIENT_PACKAGES, ClientName.TRANSFORMERS, ("nowhere_to_be_found",))
    with pytest.raises(ItemError, match=r"nowhere_to_be_found.*make install-models"):
        client_of(ClientName.TRANSFORMERS)
