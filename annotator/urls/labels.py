"""Addresses of labels."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
