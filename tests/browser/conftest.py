"""A live server and Chromium, for whoever tests pages as people use them.

`page_as(user)` opens a page logged in as somebody, in a browser context of its own; whatever the page's
scripts complain about fails the test. $CHROMIUM names the browser where it is not /usr/bin/chromium.
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.test import Client, override_settings
from playwright.sync_api import BrowserContext, Page

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
HERE = Path(__file__).parent
DESKTOP = {"width": 1366, "height": 768}


@pytest.hookimpl(tryfirst=True)  # before -m looks at the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The live server is another thread: it needs a database in a file, and tests that really commit."""
    ours = [item for item in items if HERE in item.path.parents]
    for item in ours:
        item.add_marker(pytest.mark.browser)
        item.add_marker(pytest.mark.django_db(transaction=True))
    database = connections["default"].settings_dict
    if ours and "sqlite" in database["ENGINE"]:
        folder = tempfile.mkdtemp(prefix="axial-browser-tests-")
        database["TEST"]["NAME"] = str(Path(folder) / "test.sqlite3")


@pytest.fixture(scope="session", autouse=True)
def _sync_playwright_beside_django() -> Iterator[None]:
    """Playwright's synchronous interface keeps an event loop running, which Django would object to."""
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    yield
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="session", autouse=True)
def _static_root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Static files come from where they are kept; WhiteNoise wants its folder all the same."""
    with override_settings(STATIC_ROOT=str(tmp_path_factory.mktemp("staticfiles"))):
        yield


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The Chromium of this machine."""
    if not Path(CHROMIUM).exists():
        pytest.skip(f"no Chromium at {CHROMIUM} (set $CHROMIUM): the browser tests did not run")
    args = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required", "--mute-audio"]
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": args}


@pytest.fixture
def context_as(browser: Any, live_server: Any) -> Iterator[Callable[..., BrowserContext]]:
    """A browser of a user's own: `context_as(user, viewport=…, color_scheme=…)`."""
    contexts: list[BrowserContext] = []

    def open_context(user: Any, **options: Any) -> BrowserContext:
        context = browser.new_context(
            base_url=live_server.url, **{"viewport": DESKTOP, "locale": "en-GB", **options}
        )
        context.set_default_timeout(20_000)
        contexts.append(context)
        if user is not None:
            log_in(context, user, live_server.url)
        return context

    yield open_context
    for context in contexts:
        context.close()


@pytest.fixture
def page_as(context_as: Callable[..., BrowserContext]) -> Iterator[Callable[..., Page]]:
    """A page of a user's own, whose script errors fail the test; `page.complaints` lists them."""
    pages: list[Page] = []

    def open_page(user: Any, **options: Any) -> Page:
        page = watched(context_as(user, **options).new_page())
        pages.append(page)
        return page

    yield open_page
    assert [complaint for page in pages for complaint in page.complaints] == []


def watched(page: Page) -> Page:
    """The page with `complaints`: uncaught errors and what the content security policy stopped."""
    page.complaints = []
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on(
        "console",
        lambda message: page.complaints.append(message.text) if "Content Security" in message.text else None,
    )
    # Leaving with unsent changes asks first; tests mean what they do.
    page.on("dialog", lambda dialog: dialog.accept())
    return page


def log_in(context: BrowserContext, user: Any, url: str) -> None:
    """A session without the login page."""
    client = Client()
    client.force_login(user)
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": url}])
