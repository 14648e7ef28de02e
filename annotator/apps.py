"""People, codebook, videos, coding, consolidation."""

from django.apps import AppConfig


class AnnotatorConfig(AppConfig):
    """People, codebook, videos, coding, consolidation."""

    name = "annotator"
    verbose_name = "People, codebook, videos, coding, consolidation"
