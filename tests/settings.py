"""The app's settings for tests: a data folder of their own, fixed before anything reads it."""

import atexit
import os
import shutil
import tempfile

# Every process of a parallel run makes its own, so that no two share a database file.
os.environ["AXIAL_DATA_DIR"] = tempfile.mkdtemp(prefix="axial-tests-")


def forget(folder: str, *, owner: int) -> None:
    """Delete the folder with the process that made it, not with a child of it."""
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)


atexit.register(forget, os.environ["AXIAL_DATA_DIR"], owner=os.getpid())
os.environ["AXIAL_READ_DOTENV"] = "false"
os.environ["AXIAL_SECRET_KEY"] = "only-for-tests"

from config.settings import *  # noqa: E402, F403, TID251

STATIC_ROOT = os.environ["AXIAL_DATA_DIR"]  # exists, which is all that is asked of it here
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # quick
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
