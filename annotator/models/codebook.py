"""Codebooks: each row is one version of a study's coding scheme."""

from django.db import models

from annotator.labels import Stance, scale
from annotator.models.user import User


class Codebook(models.Model):
    """One version of a study's coding scheme; it freezes when it is first used."""

    study = models.ForeignKey("annotator.Study", on_delete=models.CASCADE, related_name="codebooks")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=200)
    document = models.JSONField()  # the file as read: annotator.codebooks.file
    content_hash = models.CharField(max_length=64)
    allow_dominant = models.BooleanField(default=False)
    is_editorial = models.BooleanField(default=False)  # keeps the identity of the values it changed
    based_on = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    note = models.TextField(blank=True)
    frozen_at = models.DateTimeField(null=True, blank=True)
    frozen_by_what = models.CharField(max_length=200, blank=True)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("study", "number")
        constraints = (
            models.UniqueConstraint(fields=("study", "number"), name="codebook_number_once_per_study"),
        )

    def __str__(self) -> str:
        return f"{self.name}, version {self.number}"

    @property
    def scale(self) -> tuple[Stance, ...]:
        """The stances this version offers."""
        return scale(allow_dominant=self.allow_dominant)


class Value(models.Model):
    """One entry of a codebook version."""

    codebook = models.ForeignKey(Codebook, on_delete=models.CASCADE, related_name="values")
    slug = models.SlugField(max_length=60)
    name = models.CharField(max_length=120)
    short = models.CharField(max_length=40)
    hint = models.CharField(max_length=120, blank=True)
    position = models.PositiveSmallIntegerField()  # on the circle, from 1
    group = models.SlugField(max_length=60, blank=True)  # the primary higher-order group
    content_hash = models.CharField(max_length=64)
    # Equal in two versions when judgements made under them may be pooled: the content hash of the
    # version that last changed the meaning. An editorial change keeps it, any other renews it.
    identity = models.CharField(max_length=64, db_index=True)

    class Meta:
        ordering = ("codebook", "position")
        constraints = (
            models.UniqueConstraint(fields=("codebook", "slug"), name="value_once_per_codebook"),
            models.UniqueConstraint(fields=("codebook", "position"), name="position_once_per_codebook"),
        )

    def __str__(self) -> str:
        return self.name
