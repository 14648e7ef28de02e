"""Creators and their videos."""

import secrets

from django.db import models
from django.utils.translation import gettext_lazy as _

from annotator.models.batch import Batch


def new_position() -> int:
    """A random place in the study's neutral order."""
    return secrets.randbelow(2**31)


def new_code() -> str:
    """A pseudonym for a creator, safe to publish."""
    return secrets.token_hex(4)


class Creator(models.Model):
    """The influencer who posted a video: the unit of clustering."""

    study = models.ForeignKey("annotator.Study", on_delete=models.CASCADE, related_name="creators")
    platform = models.CharField(max_length=40, default="tiktok")
    handle = models.CharField(max_length=200)
    code = models.CharField(max_length=20, default=new_code)  # what exports show instead of the handle
    name = models.CharField(max_length=200, blank=True)
    genre = models.CharField(max_length=120, blank=True)
    nominated_by = models.CharField(max_length=300, blank=True)
    verified_by = models.CharField(max_length=300, blank=True)
    is_minor = models.BooleanField(default=False, help_text=_("The account is a minor's."))

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("study", "platform", "handle"), name="creator_once_per_study"),
            models.UniqueConstraint(fields=("study", "code"), name="creator_code_once_per_study"),
        )

    def __str__(self) -> str:
        return f"@{self.handle}"


class Video(models.Model):
    """A short video to be coded; its media may be known only by a link."""

    study = models.ForeignKey("annotator.Study", on_delete=models.CASCADE, related_name="videos")
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, null=True, blank=True, related_name="videos")
    creator = models.ForeignKey(
        Creator, on_delete=models.PROTECT, null=True, blank=True, related_name="videos"
    )
    platform = models.CharField(max_length=40, default="tiktok")
    external_id = models.CharField(max_length=200)  # the last segment of its link
    url = models.URLField(max_length=500, blank=True)
    genre = models.CharField(max_length=120, blank=True)
    caption = models.TextField(blank=True)
    hashtags = models.JSONField(default=list, blank=True)
    counts = models.JSONField(default=dict, blank=True)  # likes, comments, shares, views: hidden from coders
    is_pinned = models.BooleanField(default=False)
    posted_at = models.DateTimeField(null=True, blank=True)
    position = models.PositiveIntegerField(default=new_position)  # in the neutral order of its batch

    media = models.FileField(upload_to="", blank=True, max_length=200)  # named by its SHA-256
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.PositiveBigIntegerField(null=True, blank=True)  # bytes
    content_type = models.CharField(max_length=100, blank=True)
    duration_ms = models.PositiveIntegerField(null=True, blank=True)
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    has_audio_stream = models.BooleanField(null=True, blank=True)
    has_sound = models.BooleanField(null=True, blank=True)  # from what is audible; NULL = not known
    thumbnail = models.FileField(upload_to="", blank=True, max_length=200)

    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_because = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("study", "platform", "external_id"), name="video_once_per_study"),
            models.UniqueConstraint(
                fields=("study", "sha256"), condition=~models.Q(sha256=""), name="media_once_per_study"
            ),
        )
        indexes = (models.Index(fields=("batch", "position"), name="video_in_batch_order"),)

    def __str__(self) -> str:
        return self.external_id
