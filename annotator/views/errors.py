"""Answers to what went wrong outside of a view: a stale token, a failing database, our own mistakes."""

import sys

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template import loader
from django.utils.translation import gettext as _

from annotator.outages import RETRY_SECONDS, is_outage, unavailable


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A stale form or cookie: scripts get JSON that their outbox understands, people a page."""
    if wants_json(request):
        message = _("This page is out of date. Reload it; your changes are kept.")
        return JsonResponse({"error": "csrf", "message": message}, status=403)
    return render(request, "403_csrf.html", status=403)


def server_error(request: HttpRequest) -> HttpResponse:
    """handler500; an outage passes, so it is a 503.

    The pages are drawn without the request: what the usual ones read may be what failed.
    """
    if is_outage(sys.exc_info()[1]):
        if wants_json(request):
            return unavailable()
        page = loader.get_template("503.html").render()
        return HttpResponse(page, status=503, headers={"Retry-After": str(RETRY_SECONDS)})
    if wants_json(request):
        message = _("Something failed on the server and was logged. Your changes are not saved yet.")
        return JsonResponse({"error": "failed", "message": message}, status=500)
    return HttpResponse(loader.get_template("500.html").render(), status=500)


def wants_json(request: HttpRequest) -> bool:
    """Whether one of our scripts asks, not a person's browser."""
    return request.headers.get("Accept", "").startswith("application/json")
