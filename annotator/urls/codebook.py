"""Addresses of codebook."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
