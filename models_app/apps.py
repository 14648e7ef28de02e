"""Pipelines, runs, predictions."""

from django.apps import AppConfig


class ModelsAppConfig(AppConfig):
    """Pipelines, runs, predictions."""

    name = "models_app"
    verbose_name = "Pipelines, runs, predictions"
