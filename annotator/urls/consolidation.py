"""Addresses of consolidation."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
