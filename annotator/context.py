"""What every page knows: the study it is in and the way to its other pages."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def page(request: HttpRequest) -> dict[str, Any]:
    """Variables of ``templates/base.html``."""
    return {
        "study": getattr(request, "study", None),
        "roles": getattr(request, "roles", frozenset()),
        "nav": [],
        "app_version": settings.VERSION,
    }
