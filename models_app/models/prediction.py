"""Predictions: a run's answers."""

from django.db import models
from django.db.models import Q

from annotator.models import Value, Video
from models_app.models.run import Run

SCORE = Q(p_endorsed__isnull=True) | Q(p_endorsed__gte=0, p_endorsed__lte=1)
OTHER_SCORE = Q(p_confronted__isnull=True) | Q(p_confronted__gte=0, p_confronted__lte=1)


class Prediction(models.Model):
    """A run's answer for a (video, value): two yes/no answers, both of which can be yes.

    NULL where the model said nothing: never the same as no.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="predictions")
    video = models.ForeignKey(Video, on_delete=models.CASCADE, related_name="predictions")
    value = models.ForeignKey(Value, on_delete=models.PROTECT, related_name="+")
    endorsed = models.BooleanField(null=True, blank=True)
    confronted = models.BooleanField(null=True, blank=True)
    p_endorsed = models.FloatField(null=True, blank=True)  # a score in [0, 1]; NULL if the model gives none
    p_confronted = models.FloatField(null=True, blank=True)
    fold = models.PositiveSmallIntegerField(null=True, blank=True)  # held out when this was predicted
    reason = models.TextField(blank=True)  # the model's own, short
    evidence_ms = models.PositiveIntegerField(null=True, blank=True)  # where the model saw it

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("run", "video", "value"), name="one_prediction_per_value"),
            models.CheckConstraint(condition=SCORE, name="p_endorsed_is_a_score"),
            models.CheckConstraint(condition=OTHER_SCORE, name="p_confronted_is_a_score"),
        )
        indexes = (models.Index(fields=("video", "run"), name="predictions_of_a_video"),)

    def __str__(self) -> str:
        return f"{self.video_id}, value {self.value_id}, run {self.run_id}"
