"""What all tests share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.utils import translation

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"


@pytest.fixture(autouse=True)
def _own_media(settings: LazySettings, tmp_path: Path) -> None:
    """Media in a folder of the test's own."""
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """A page in another language leaves it active in its thread: every test begins and ends in English."""
    translation.activate("en")
    yield
    translation.activate("en")


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
