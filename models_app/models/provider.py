"""What all workers share about a provider: how fast it may be asked, whether it answers, who is asking."""

from django.db import models

from models_app.models.run import Run


class ProviderGate(models.Model):
    """One provider, as all workers see it; made when it is first asked."""

    client = models.CharField(max_length=20, unique=True)  # models_app.clients.base.ClientName
    # Where the requests and tokens granted so far end on the clock (a leaky bucket, one row for all workers).
    requests_until = models.DateTimeField(null=True, blank=True)
    tokens_until = models.DateTimeField(null=True, blank=True)
    closed_until = models.DateTimeField(null=True, blank=True)  # the provider asked us to wait
    n_down = models.PositiveIntegerField(default=0)  # requests in a row that found it down
    n_opened = models.PositiveIntegerField(default=0)  # times in a row that runs were paused for it

    def __str__(self) -> str:
        return self.client


class ProviderSlot(models.Model):
    """Leave to have one request in flight, held by a worker's thread while its lease runs."""

    client = models.CharField(max_length=20)
    number = models.PositiveSmallIntegerField()
    run = models.ForeignKey(Run, on_delete=models.SET_NULL, null=True, blank=True, related_name="slots")
    token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("client", "number"), name="slot_once_per_client"),)

    def __str__(self) -> str:
        return f"{self.client} {self.number}"
