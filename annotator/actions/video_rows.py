"""Putting rows that describe videos into a study: all of them in one transaction, a few statements each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from annotator.actions.assignment import open_slots
from annotator.imports.errors import RowError, shorten
from annotator.imports.outcomes import Kind, Outcome
from annotator.imports.videos import VideoRow
from annotator.models import Batch, Change, Creator, Study, User, Video

CHUNK = 1000
DEFAULT_PLATFORM = "tiktok"
# Written to the history by name only: withdrawing a video must be able to make them disappear.
NOT_REPEATED = {"caption", "hashtags", "counts", "url"}


# (platform, account, field) → what was said first, and where
Said = dict[tuple[str, str, str], tuple[Any, VideoRow]]


@dataclass(slots=True)
class Plan:
    """What the rows will do; made first, so that errors are told before anything is written."""

    known: dict[tuple[str, str], Video] = field(default_factory=dict)
    platforms: dict[str, list[str]] = field(default_factory=dict)  # id → platforms it is known on
    creators: dict[tuple[str, str], Creator] = field(default_factory=dict)
    errors: list[RowError] = field(default_factory=list)
    rows: list[tuple[VideoRow, str]] = field(default_factory=list)  # with the platform settled


def plan_rows(*, study: Study, rows: Sequence[VideoRow]) -> Plan:
    """Settle which video each row means; rows that contradict each other are errors."""
    plan = Plan()
    for part in _chunks([row.external_id for row in rows]):
        for video in Video.objects.filter(study=study, external_id__in=part).select_related("creator"):
            plan.known[video.platform, video.external_id] = video
            plan.platforms.setdefault(video.external_id, []).append(video.platform)
    if any(row.handle for row in rows):
        for creator in Creator.objects.filter(study=study):
            plan.creators[creator.platform, creator.handle.casefold()] = creator
    said: Said = {}
    taken: dict[tuple[str, str], VideoRow] = {}
    for row in rows:
        platforms = plan.platforms.get(row.external_id, [])
        if row.platform or not platforms:
            platform = row.platform or DEFAULT_PLATFORM
        elif len(platforms) == 1:
            platform = platforms[0]
        else:
            message = _("the id is known on several platforms (%(names)s): name one.")
            _refuse(plan, row, message % {"names": ", ".join(sorted(platforms))})
            continue
        first = taken.setdefault((platform, row.external_id), row)
        if first is not row:
            message = _("the video stands already in %(file)s, line %(line)s.")
            _refuse(plan, row, message % {"file": first.source, "line": first.line})
            continue
        clashes = [
            found
            for name, value in row.creator.items()
            if (found := _contradiction(said, (platform, row.handle.casefold(), name), value, row))
        ]
        if clashes:
            _refuse(plan, row, clashes[0])
            continue
        plan.rows.append((row, platform))
    return plan


def _contradiction(said: Said, about: tuple[str, str, str], value: Any, row: VideoRow) -> str | None:
    """Two rows that say different things of one creator: neither is guessed to be right."""
    before, first = said.setdefault(about, (value, row))
    if before == value:
        return None
    return _("%(field)s of creator %(creator)s is “%(here)s” here and “%(there)s” on line %(line)s.") % {
        "field": about[2],
        "creator": shorten(row.handle),
        "here": shorten(value),
        "there": shorten(before),
        "line": first.line,
    }


def _refuse(plan: Plan, row: VideoRow, message: str) -> None:
    plan.errors.append(RowError(row.source, row.line or 1, message))


@transaction.atomic
def put_rows(*, study: Study, plan: Plan, batch: Batch, by: User | None) -> list[Outcome]:
    """Write what was planned; the outcome of each row in its order."""
    _put_creators(study, plan, by=by)
    outcomes, added, updated, history = [], [], [], []
    for row, platform in plan.rows:
        video = plan.known.get((platform, row.external_id))
        if video and video.withdrawn_at:
            message = _("was withdrawn and stays so.")
            outcomes.append((Kind.WITHDRAWN, row, video, message))
            continue
        creator = plan.creators.get((platform, row.handle.casefold())) if row.handle else None
        if video is None:
            video = Video(study=study, external_id=row.external_id, platform=platform)
            _apply(video, row, creator)
            plan.known[platform, row.external_id] = video
            added.append(video)
            outcomes.append((Kind.ADDED, row, video, ""))
            continue
        changed = _apply(video, row, creator)
        if changed:
            updated.append(video)
            history.append((video, changed))
        names = ", ".join(sorted(changed))
        outcomes.append((Kind.UPDATED if changed else Kind.UNCHANGED, row, video, names))
    Video.objects.bulk_create(added, batch_size=CHUNK)
    Video.objects.bulk_update(updated, UPDATABLE, batch_size=200)
    _write_history(study, added=added, updated=history, by=by)
    videos = [video for _kind, _row, video, _message in outcomes]
    for part in _chunks([video for video in videos if not video.batch_id and not video.withdrawn_at]):
        open_slots(videos=part, batch=batch)
    return [
        Outcome(
            source=row.source,
            line=row.line,
            kind=kind,
            video=video.external_id,
            pk=video.pk,
            message=message,
        )
        for kind, row, video, message in outcomes
    ]


UPDATABLE = ("url", "creator", "genre", "caption", "hashtags", "counts", "is_pinned", "posted_at")


def _apply(video: Video, row: VideoRow, creator: Creator | None) -> dict[str, tuple[Any, Any]]:
    """Give the video what the row says; (before, after) of what changed. What it leaves open stays."""
    wanted = dict(row.fields)
    if creator:
        wanted["creator"] = creator
    if row.counts:
        wanted["counts"] = {**video.counts, **row.counts}
    changed = {}
    for name, value in wanted.items():
        before = getattr(video, name)
        if before != value:
            changed[name] = (before, value)
            setattr(video, name, value)
    return changed


def _put_creators(study: Study, plan: Plan, *, by: User | None) -> None:
    """Make the creators that are new, give known ones what the rows say of them."""
    new: dict[tuple[str, str], Creator] = {}
    changed: dict[int, Creator] = {}
    history = []
    for row, platform in plan.rows:
        if not row.handle:
            continue
        key = (platform, row.handle.casefold())
        creator = plan.creators.get(key)
        if creator is None:
            creator = Creator(study=study, platform=platform, handle=row.handle)
            plan.creators[key] = new[key] = creator
        before = {name: getattr(creator, name) for name in row.creator}
        before = {name: value for name, value in before.items() if value != row.creator[name]}
        for name in before:
            setattr(creator, name, row.creator[name])
        if before and creator.pk:
            changed[creator.pk] = creator
            after = {name: row.creator[name] for name in before}
            history.append((creator, before, after))
    Creator.objects.bulk_create(new.values(), batch_size=CHUNK)
    fields = ("name", "genre", "nominated_by", "verified_by", "is_minor")
    Creator.objects.bulk_update(changed.values(), fields, batch_size=200)
    Change.objects.bulk_create(
        Change(
            study=study,
            by=by,
            what="creator.edited",
            before={"creator": creator.code, **before},
            after={"creator": creator.code, **after},
        )
        for creator, before, after in history
    )


def _write_history(
    study: Study,
    *,
    added: Iterable[Video],
    updated: Iterable[tuple[Video, dict[str, tuple[Any, Any]]]],
    by: User | None,
) -> None:
    changes = [Change(study=study, by=by, what="video.added", video=video) for video in added]
    changes += [
        Change(
            study=study,
            by=by,
            what="video.updated",
            video=video,
            before={name: _recorded(name, before) for name, (before, _after) in changed.items()},
            after={name: _recorded(name, after) for name, (_before, after) in changed.items()},
        )
        for video, changed in updated
    ]
    Change.objects.bulk_create(changes, batch_size=CHUNK)


def _recorded(name: str, value: Any) -> Any:
    if name in NOT_REPEATED:
        return None
    if isinstance(value, Creator):
        return value.code
    return value.isoformat() if hasattr(value, "isoformat") else value


def _chunks(items: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (items[start : start + CHUNK] for start in range(0, len(items), CHUNK))
