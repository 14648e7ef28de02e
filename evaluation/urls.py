"""Addresses of agreement and evaluation."""

from django.urls import URLPattern

app_name = "evaluation"

urlpatterns: list[URLPattern] = []
