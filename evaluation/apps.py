"""Agreement and evaluation."""

from django.apps import AppConfig


class EvaluationConfig(AppConfig):
    """Agreement and evaluation."""

    name = "evaluation"
    verbose_name = "Agreement and evaluation"
