"""What views read of a request by hand; forms refuse a NUL themselves, and PostgreSQL takes none."""

from django.http import HttpRequest

LONGEST = 200  # characters of what is looked for


def asked(request: HttpRequest, name: str) -> str:
    """A text of the query, fit to be looked for."""
    return without_nul(request.GET.get(name, "")).strip()[:LONGEST]


def posted(request: HttpRequest, name: str) -> str:
    """A text that was sent, fit to be stored."""
    return without_nul(request.POST.get(name, ""))


def without_nul(text: str) -> str:
    """The text as every database takes it."""
    return text.replace("\x00", "")
