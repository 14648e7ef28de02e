"""The pipeline with its models, loaded once for all tests."""

from types import SimpleNamespace

import pytest

from models_app.pipelines.local_script import LocalScript


@pytest.fixture(scope="session")
def local_script() -> LocalScript:
    return LocalScript(SimpleNamespace(speech_model="whisper-base", language="", frames_per_second=1.0))
