"""What the tests of access share."""

import logging

import pytest
from django.http import HttpResponse

from config import urls


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    """Thousands of refusals are expected here: writing each with its traceback takes longer than asking."""
    monkeypatch.setattr(logging.getLogger("django.request"), "disabled", True)


@pytest.fixture
def refuse_plainly(monkeypatch):
    """When called, refusals come without their page from then on: only their status is looked at."""

    def answer(status):
        return lambda request, exception=None, **_more: HttpResponse(status=status)

    def refuse():
        for status in (400, 403, 404):
            monkeypatch.setattr(urls, f"handler{status}", answer(status), raising=False)

    return refuse


@pytest.fixture
def plain_errors(refuse_plainly):
    """Refusals without their page, all along."""
    refuse_plainly()
