"""Addresses of runs, scripts and predictions."""

from django.urls import URLPattern

app_name = "models_app"

urlpatterns: list[URLPattern] = []
