"""Waiting for what no element says. Playwright's own way needs eval, which our policy forbids to pages."""

import time
from typing import Any

from playwright.sync_api import Page

PATIENCE = 20  # seconds


def until(page: Page, condition: str) -> Any:
    """The value of a JavaScript expression once it is true; fails where that never comes."""
    end = time.monotonic() + PATIENCE
    while not (value := page.evaluate(condition)):
        assert time.monotonic() < end, f"never came: {condition}"
        page.wait_for_timeout(50)
    return value
