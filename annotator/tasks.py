"""Celery shells: what the worker does for the human loop."""

from celery import shared_task

from annotator.actions.tidying import tidy as tidy_now


@shared_task(ignore_result=True)
def tidy() -> None:
    """Put slots and receipts in order; safe to run twice, or never."""
    tidy_now()
