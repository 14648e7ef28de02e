"""Creators and their videos."""

import secrets
from typing import Self
from urllib.parse import urlsplit

from django.db import models
from django.db.models import Exists, OuterRef, Q
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


class VideoQuerySet(models.QuerySet["Video"]):
    """Videos by where they stand."""

    def active(self) -> Self:
        """Not withdrawn."""
        return self.filter(withdrawn_at__isnull=True)

    def matching(self, words: str) -> Self:
        """Whose id, caption or creator holds every word."""
        found = self
        for word in words.split()[:8]:
            found = found.filter(
                Q(external_id__icontains=word)
                | Q(caption__icontains=word)
                | Q(creator__handle__icontains=word)
                | Q(creator__name__icontains=word)
            )
        return found

    def in_state(self, state: str, *, blind: bool = False) -> Self:
        """In one of the states of ``VideoState``; blind to gold, which may tell that coders agreed."""
        from annotator.models.coding import Coding, Slot  # they import this module

        slots = Slot.objects.filter(video=OuterRef("pk"))
        counted = Coding.objects.filter(video=OuterRef("pk"), slot__isnull=False)
        done = Q(pk__in=[]) if blind else Q(consolidation__state="done")
        if state == VideoState.GOLD:
            return self.filter(done)
        open_or_begun = Exists(slots.filter(is_open=True)) | Exists(counted.filter(submitted_at__isnull=True))
        coded = self.exclude(done).filter(Exists(counted))
        if state == VideoState.WAITING:
            return coded.exclude(open_or_begun)
        if state == VideoState.BEGUN:
            return coded.filter(open_or_begun)
        return self.exclude(done).filter(~Exists(counted))


class VideoState(models.TextChoices):
    """How far the people have come with a video."""

    FREE = "free", _("Not begun")
    BEGUN = "begun", _("Being coded")
    WAITING = "coded", _("Coded, no gold yet")
    GOLD = "gold", _("Gold")


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

    objects = VideoQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("study", "platform", "external_id"), name="video_once_per_study"),
            models.UniqueConstraint(
                fields=("study", "sha256"), condition=~models.Q(sha256=""), name="media_once_per_study"
            ),
        )
        indexes = (
            models.Index(fields=("batch", "position"), name="video_in_batch_order"),
            models.Index(fields=("study", "external_id"), name="videos_of_a_study_by_id"),
            models.Index(fields=("media",), name="videos_by_media"),
            models.Index(
                fields=("study",), condition=Q(withdrawn_at__isnull=True), name="active_videos_of_a_study"
            ),
        )

    def __str__(self) -> str:
        return self.external_id

    @property
    def other_hashtags(self) -> list[str]:
        """The hashtags that the caption does not spell out itself."""
        caption = self.caption.lower()
        return [tag for tag in self.hashtags if f"#{tag}".lower() not in caption]

    @property
    def post_text(self) -> str:
        """What coders read beside the video: the caption, and the hashtags that it does not spell out."""
        tags = " ".join(f"#{tag}" for tag in self.other_hashtags)
        return "\n".join(part for part in (self.caption, tags) if part)

    @property
    def link(self) -> str:
        """Where the video stands on its platform, if that is a web address; else empty."""
        return self.url if self.url.startswith(("https://", "http://")) else ""

    @property
    def link_host(self) -> str:
        """The site of the link, for people."""
        return (urlsplit(self.link).hostname or "").removeprefix("www.")

    @property
    def sound(self) -> str:
        """``audible``, ``silent`` or ``unknown``."""
        return {True: "audible", False: "silent", None: "unknown"}[self.has_sound]
