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
    settings.STATIC_ROOT = os.environ["AXIAL_DATA_DIR"]  # exists, which is all that is asked of it here
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


class SkipWatch:
    """With AXIAL_FAIL_ON_SKIP set, as in CI where everything is there, a skipped test is a failure."""

    def __init__(self) -> None:
        self.skipped: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail"):
            self.skipped.append(f"{report.nodeid}: {report.longrepr}")

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.skipped and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for line in self.skipped:
            terminalreporter.write_line(f"unexpected skip: {line}", red=True)


def pytest_configure(config: pytest.Config) -> None:
    """Watch for skips where none is expected."""
    if os.environ.get("AXIAL_FAIL_ON_SKIP") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(SkipWatch())
