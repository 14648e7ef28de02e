"""What somebody looks for, as an address carries it."""

from django.http import HttpRequest


def asked(request: HttpRequest, name: str) -> str:
    """The text of a query parameter, fit for a look-up: PostgreSQL refuses NUL in any text."""
    return request.GET.get(name, "").replace("\x00", "").strip()
