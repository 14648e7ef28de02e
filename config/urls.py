"""Every address of Axial, by application."""

from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.i18n import set_language

handler500 = "annotator.views.errors.server_error"

urlpatterns = [
    path("", include("annotator.urls")),
    path("", include("models_app.urls")),
    path("", include("evaluation.urls")),
    # Also for people who have yet to log in.
    path("i18n/setlang/", login_not_required(set_language), name="set_language"),
]
