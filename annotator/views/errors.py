"""Pages for what went wrong before a view was reached."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse | JsonResponse:
    """A stale form or cookie: scripts get JSON that their outbox understands, people a page."""
    if request.headers.get("Accept", "").startswith("application/json"):
        message = _("This page is out of date. Reload it; your changes are kept.")
        return JsonResponse({"error": "csrf", "message": message}, status=403)
    return render(request, "403_csrf.html", status=403)
