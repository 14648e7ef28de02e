"""Workers: who was last heard of, so that a page can say that nobody is working."""

from django.db import models


class WorkerBeat(models.Model):
    """When a worker process last reported, and what it takes on."""

    name = models.CharField(max_length=200, unique=True)
    queues = models.JSONField(default=list)
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
