"""What all tests share."""

import os
import tempfile

# Before the settings are read: tests never touch this machine's data, nor its .env file.
os.environ.setdefault("AXIAL_DATA_DIR", tempfile.mkdtemp(prefix="axial-tests-"))
os.environ["AXIAL_READ_DOTENV"] = "false"
os.environ.setdefault("AXIAL_SECRET_KEY", "only-for-tests")

from pathlib import Path

import pytest
from django.conf import LazySettings

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"


@pytest.fixture(autouse=True)
def _test_settings(settings: LazySettings, tmp_path: Path) -> None:
    """Fast password hashing, plain static files, media in a folder of the test's own."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture(scope="session")
def shared() -> Path:
    """Real data kept beside the project; a test that needs it skips where it is missing."""
    if not SHARED.is_dir():
        pytest.skip("the folder ../shared with real data is missing")
    return SHARED
