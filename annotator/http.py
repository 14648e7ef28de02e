"""What views read of a request."""

from django.http import HttpRequest

LONGEST = 200  # characters


def asked(request: HttpRequest, name: str) -> str:
    """A text of the query, fit to be looked for: PostgreSQL refuses a NUL wherever it stands."""
    return request.GET.get(name, "").replace("\x00", "").strip()[:LONGEST]
