"""Batches."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from annotator.models.user import User


class Purpose(models.TextChoices):
    """What a batch is coded for."""

    MAIN = "main", _("Main")
    TRAINING = "training", _("Training of coders")
    PILOT = "pilot", _("Pilot")
    CHECK = "check", _("Check for drift")
    DEVELOPMENT = "development", _("Development of prompts (never scored)")


class Batch(models.Model):
    """A named group of videos coded and consolidated together."""

    study = models.ForeignKey("annotator.Study", on_delete=models.CASCADE, related_name="batches")
    name = models.CharField(max_length=120)
    purpose = models.CharField(max_length=20, choices=Purpose.choices, default=Purpose.MAIN)
    order = models.PositiveIntegerField(default=1)  # everybody finishes a lower one first
    is_open = models.BooleanField(default=True, help_text=_("Coders get videos from open batches only."))
    released_at = models.DateTimeField(null=True, blank=True)  # coders may then see gold and differences
    released_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "batches"
        ordering = ("study", "order", "pk")
        constraints = (models.UniqueConstraint(fields=("study", "name"), name="batch_name_once_per_study"),)
        indexes = (models.Index(fields=("study", "order", "id"), name="batches_in_order"),)

    def __str__(self) -> str:
        return self.name
