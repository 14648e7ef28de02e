"""Settings of the worker processes of the kill tests: a data folder that they share, and fake pipelines."""

import os

os.environ.setdefault("AXIAL_READ_DOTENV", "false")
os.environ.setdefault("AXIAL_SECRET_KEY", "only-for-tests")

from config.settings import *  # noqa: F403, TID251
from config.settings import INSTALLED_APPS  # noqa: TID251

INSTALLED_APPS = [*INSTALLED_APPS, "tests.kills.apps.Fakes"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
