"""What stands in `.env` reaches the settings, and those who read the environment: clients of providers."""

import os
import shutil
import subprocess
import sys

from django.conf import settings

PRINT = """
import django; django.setup()
from django.conf import settings
from models_app.clients.keys import gemini_access, openai_access
print(settings.LANGUAGE_CODE, openai_access().base_url, openai_access().key, gemini_access().key)
"""


def printed(folder, dotenv, **environment):
    """What a process prints whose settings lie beside this `.env`."""
    shutil.copytree(
        settings.BASE_DIR / "config", folder / "config", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copy(settings.BASE_DIR / "VERSION", folder)
    (folder / ".env").write_text(dotenv, encoding="utf-8")
    ours = ("AXIAL_", "OPENAI_", "GEMINI_", "DATABASE_", "CELERY_", "DJANGO_")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    paths = {
        "PYTHONPATH": f"{folder}{os.pathsep}{settings.BASE_DIR}",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", PRINT],
        env=inherited | paths | environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.returncode, done.stderr
    return done.stdout.split()


def test_settings_and_clients_read_it(tmp_path):
    dotenv = (
        "AXIAL_LANGUAGE=he\nOPENAI_BASE_URL=http://localhost:1/v1\nOPENAI_API_KEY=one\nGEMINI_API_KEY='two'\n"
    )
    assert printed(tmp_path, dotenv) == ["he", "http://localhost:1/v1", "one", "two"]


def test_environment_goes_before_it(tmp_path):
    dotenv = (
        "AXIAL_LANGUAGE=he\nOPENAI_BASE_URL=http://localhost:1/v1\nOPENAI_API_KEY=one\nGEMINI_API_KEY=two\n"
    )
    said = printed(tmp_path, dotenv, OPENAI_API_KEY="other", AXIAL_LANGUAGE="en")
    assert said == ["en", "http://localhost:1/v1", "other", "two"]
