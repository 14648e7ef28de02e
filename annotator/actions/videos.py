"""Single videos: adding one, giving it media, withdrawing it.

Media are written before the transaction that refers to them, so that copying never holds the database;
what a failed transaction leaves behind is deleted.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from annotator.actions.assignment import open_slots
from annotator.errors import RefusedError
from annotator.locks import locked
from annotator.media.errors import MediaError
from annotator.media.probe import MediaInfo, probe
from annotator.media.storage import Staged, discard_unused, keep, name_of, staged
from annotator.models import Batch, Change, Coding, Creator, Slot, Study, User, Video

FIRST_BATCH = "Batch 1"
WITH_WITHDRAWAL: list[Callable[[Video], None]] = []


def on_withdrawal(delete: Callable[[Video], None]) -> None:
    """Let applications built on this one delete what they hold of a withdrawn video, in its transaction."""
    WITH_WITHDRAWAL.append(delete)


class DuplicateMediaError(MediaError):
    """The same content is another video's already."""

    def __init__(self, other: Video) -> None:
        self.other = other
        if other.withdrawn_at:
            message = _("the same content as video %(id)s, which was withdrawn.") % {"id": other}
        else:
            message = _("duplicate of video %(id)s: the same content.") % {"id": other}
        super().__init__(message)


class SameMediaError(MediaError):
    """The video holds exactly this content already: nothing to do."""


def batch_for(*, study: Study, name: str | None = None) -> Batch:
    """The batch of that name, else the study's first; made where there is none."""
    if name:
        found, _made = Batch.objects.get_or_create(
            study=study, name=name.strip()[:120], defaults={"order": study.batches.count() + 1}
        )
        return found
    return study.batches.order_by("order", "pk").first() or Batch.objects.create(
        study=study, name=FIRST_BATCH, order=1
    )


@transaction.atomic
def add_video(
    *,
    study: Study,
    external_id: str,
    platform: str = "tiktok",
    batch: Batch | None = None,
    creator: Creator | None = None,
    by: User | None = None,
    **fields: Any,
) -> Video:
    """A new video known by its id, in a batch (default: the study's first) with its slots open."""
    if Video.objects.filter(study=study, platform=platform, external_id=external_id).exists():
        raise RefusedError(_("Video %(id)s is in this study already.") % {"id": external_id})
    video = Video.objects.create(
        study=study, external_id=external_id, platform=platform, creator=creator, **fields
    )
    open_slots(videos=[video], batch=batch or batch_for(study=study))
    video.refresh_from_db(fields=["batch"])
    Change.objects.record(study=study, by=by, what="video.added", video=video)
    return video


def store_media(
    *, video: Video, path: Path | BinaryIO, by: User | None = None, replace: bool = False
) -> MediaInfo:
    """Probe a file and make it the video's media; MediaError says why not, and nothing was kept."""
    with staged(path) as copy:
        return store_staged(video=video, copy=copy, by=by, replace=replace)


def store_staged(
    *,
    video: Video,
    copy: Staged,
    by: User | None = None,
    replace: bool = False,
    info: MediaInfo | None = None,
) -> MediaInfo:
    """``store_media`` for a file that is staged, and perhaps probed, already."""
    refuse_media(study=video.study, video=video, sha256=copy.sha256, replace=replace)
    info = info or probe(copy.path)
    old = [video.media.name, video.thumbnail.name]
    media = name_of(copy.sha256, info.suffix)
    thumbnail = name_of(copy.sha256, "webp")
    made = []
    try:
        if info.thumbnail and keep(thumbnail, info.thumbnail):
            made.append(thumbnail)
        if keep(media, copy.path):
            made.append(media)
        with transaction.atomic():
            video = locked(Video.objects.select_related("study")).get(pk=video.pk)
            refuse_media(study=video.study, video=video, sha256=copy.sha256, replace=replace)
            before = {"sha256": video.sha256} if video.sha256 else None
            _describe(video, info, copy=copy, media=media, thumbnail=thumbnail)
            Change.objects.record(
                study=video.study,
                by=by,
                what="video.media-replaced" if before else "video.media-stored",
                video=video,
                before=before,
                after={"sha256": copy.sha256, "duration_ms": info.duration_ms},
            )
    except IntegrityError as error:  # somebody stored the same content a moment ago
        discard_unused(made)
        refuse_media(study=video.study, video=video, sha256=copy.sha256, replace=replace)
        raise MediaError(_("the video was changed at the same time; try again.")) from error
    except BaseException:
        discard_unused(made)
        raise
    discard_unused(name for name in old if name and name not in (media, thumbnail))
    return info


def add_from_media(
    *, study: Study, external_id: str, copy: Staged, batch: str | None, by: User | None
) -> tuple[Video, MediaInfo]:
    """A new video made from its media alone; MediaError says why not, and nothing was kept."""
    refuse_media(study=study, video=None, sha256=copy.sha256, replace=False)
    info = probe(copy.path)
    try:
        with transaction.atomic():
            into = batch_for(study=study, name=batch)
            video = add_video(study=study, external_id=external_id, batch=into, by=by)
            store_staged(video=video, copy=copy, by=by, info=info)
    except BaseException:
        discard_unused([name_of(copy.sha256, info.suffix), name_of(copy.sha256, "webp")])
        raise
    return video, info


def refuse_media(*, study: Study, video: Video | None, sha256: str, replace: bool) -> None:
    """Raise if this content may not become the video's media."""
    holder = Video.objects.filter(study=study, sha256=sha256).first()
    if holder and (video is None or holder.pk != video.pk):
        raise DuplicateMediaError(holder)
    known = holder or video
    if known and known.withdrawn_at:
        raise MediaError(_("video %(id)s was withdrawn: its media are not taken back.") % {"id": known})
    if holder:
        raise SameMediaError(_("video %(id)s holds this file already.") % {"id": video})
    if video is not None and video.media and not replace:
        raise MediaError(
            _("video %(id)s has other media already; replacing them must be asked for.") % {"id": video}
        )


def _describe(video: Video, info: MediaInfo, *, copy: Staged, media: str, thumbnail: str) -> None:
    described = {
        "media": media,
        "thumbnail": thumbnail if info.thumbnail else "",
        "sha256": copy.sha256,
        "size": copy.size,
        "content_type": info.content_type,
        "duration_ms": info.duration_ms,
        "width": info.width,
        "height": info.height,
        "has_audio_stream": info.has_audio_stream,
        "has_sound": info.has_sound,
    }
    for name, value in described.items():
        setattr(video, name, value)
    video.save(update_fields=list(described))


def withdraw_video(*, video: Video, because: str, by: User | None) -> None:
    """Take a video out: its media, post text and scripts go, that it was there and why it went stays.

    Labels given so far are kept. Content that another study holds too stays there.
    """
    because = because.strip()
    if not because:
        raise RefusedError(_("Say why the video is withdrawn."))
    with transaction.atomic():
        video = locked(Video.objects.select_related("study")).get(pk=video.pk)
        if video.withdrawn_at:
            raise RefusedError(_("Video %(id)s was withdrawn already.") % {"id": video})
        names = [video.media.name, video.thumbnail.name]
        video.withdrawn_at, video.withdrawn_because = timezone.now(), because[:300]
        # The hash stays, so that the same content is not taken in again under another id.
        cleared = {"media": "", "thumbnail": "", "caption": "", "hashtags": [], "counts": {}}
        for name, value in cleared.items():
            setattr(video, name, value)
        video.save(update_fields=["withdrawn_at", "withdrawn_because", *cleared])
        Slot.objects.filter(video=video, is_open=True).update(is_open=False, reserved_for=None)
        for delete in WITH_WITHDRAWAL:
            delete(video)
        Change.objects.record(
            study=video.study,
            by=by,
            what="video.withdrawn",
            video=video,
            after={"because": because[:300], "codings_kept": Coding.objects.filter(video=video).count()},
        )
        transaction.on_commit(lambda: discard_unused(name for name in names if name))
