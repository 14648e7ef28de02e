"""What tells a model from another of the same name."""

import os

import pytest

from models_app.clients.base import ClientName
from models_app.clients.servers import server_of


@pytest.fixture
def folder(tmp_path):
    for name in ("config.json", "model.safetensors", "trainer.log"):
        (tmp_path / name).write_text(name)
        os.utime(tmp_path / name, ns=(10, 10))
    return tmp_path


def local(folder) -> str:
    return server_of(ClientName.TRANSFORMERS, str(folder))


def test_server_is_told_by_its_address_whatever_the_model(monkeypatch, folder):
    assert server_of(ClientName.OPENAI, str(folder)) == ""
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:8000/v1")
    assert server_of(ClientName.OPENAI, "m") == "http://localhost:8000/v1"
    assert server_of(ClientName.GEMINI, "m") == ""


def test_folder_is_told_by_its_files(folder, monkeypatch):
    before = local(folder)
    assert before
    os.utime(folder / "trainer.log", ns=(20, 20))
    assert local(folder) == before
    monkeypatch.setenv("HOME", str(folder.parent))
    assert local(f"~/{folder.name}") == before


@pytest.mark.parametrize("change", ["time", "size", "name", "more", "less"])
def test_folder_with_another_model_is_told_apart(folder, change):
    before, weights = local(folder), folder / "model.safetensors"
    match change:
        case "time":
            os.utime(weights, ns=(11, 11))
        case "size":
            weights.write_text("more")
            os.utime(weights, ns=(10, 10))
        case "name":
            weights.rename(folder / "other.safetensors")
        case "more":
            (folder / "tokenizer.json").write_text("{}")
        case "less":
            weights.unlink()
    assert local(folder) not in ("", before)


@pytest.mark.parametrize("name", ["org/model", "/no/such/folder", "~nobody-of-this-name/model", "a\0b"])
def test_name_that_is_no_folder_is_all_there_is_to_know(name):
    assert local(name) == ""
