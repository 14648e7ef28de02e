"""People with a temporary password choose their own before anything else."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from annotator.views.errors import wants_json

FREE = {
    "annotator:password_change",
    "annotator:logout",
    "annotator:healthz",
    "annotator:robots",
    "set_language",
}


class TemporaryPasswordMiddleware:
    """Leads whoever logged in with a temporary password to the page where it is changed."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        """Stop before the view; scripts get an answer that they understand."""
        match = request.resolver_match
        if match is None or match.view_name in FREE:
            return None
        if not getattr(request.user, "must_change_password", False):
            return None
        address = reverse("annotator:password_change")
        if wants_json(request):
            message = _("Choose a password of your own first; your changes are kept.")
            return JsonResponse({"error": "login", "message": message}, status=401)
        if request.headers.get("HX-Request") == "true":
            return HttpResponse(headers={"HX-Redirect": address})
        return redirect(address)
