"""Importing videos from tables, descriptions and media, together or one by one.

Tables are all read and checked before anything is written: one bad row, and nothing of this import goes in
(unless bad rows are to be skipped). Media and descriptions stand each on their own.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotator.actions.video_rows import Plan, plan_rows, put_rows
from annotator.actions.videos import (
    DuplicateMediaError,
    SameMediaError,
    add_from_media,
    batch_for,
    store_staged,
)
from annotator.errors import RefusedError
from annotator.imports.errors import ImportFileError
from annotator.imports.gather import MEDIA_SUFFIXES, Source, Sources
from annotator.imports.info_json import SUFFIX, read_info
from annotator.imports.links import LinkError, checked_id
from annotator.imports.outcomes import Kind, Outcome, Report
from annotator.imports.tables import read_table
from annotator.imports.videos import VideoRow, read_videos
from annotator.media.errors import MediaError
from annotator.media.probe import MediaInfo
from annotator.media.storage import staged
from annotator.models import Study, User, Video

BRACKETED = re.compile(r"\[([\w-]{4,})\]$")  # a downloader's "Title [id].mp4"


@dataclass(frozen=True, slots=True)
class Wishes:
    """How to import."""

    by: User | None = None
    batch: str | None = None  # name; the study's first if None
    skip_bad_rows: bool = False
    replace_media: bool = False


@dataclass(slots=True)
class Import:
    """One import under way."""

    study: Study
    wishes: Wishes
    report: Report
    # File names that will come later (the page sends media one by one), and where a table's files may lie
    expected: frozenset[str] = frozenset()
    may_look_beside: bool = False


def import_videos(
    *,
    study: Study,
    sources: Sources,
    wishes: Wishes,
    expected: Iterable[str] = (),
    may_look_beside: bool = False,
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> Report:
    """Import everything; the report has a line for every row and file.

    expected: names of media that will be sent later; may_look_beside: a table may name files relative to
    its own folder (never for uploads); tell: called with (done, total) after each media file.
    """
    work = Import(
        study=study,
        wishes=wishes,
        report=Report(),
        expected=frozenset(_plain(name) for name in expected),
        may_look_beside=may_look_beside,
    )
    for name in sources.missing:
        work.report.add([Outcome(source=name, kind=Kind.ERROR, message=_("no such file or folder."))])
    if sources.ignored:
        n = len(sources.ignored)
        note = ngettext("%(n)s other file ignored: %(names)s", "%(n)s other files ignored: %(names)s", n)
        work.report.notes.append(note % {"n": n, "names": ", ".join(sources.ignored[:5])})
    rows = _read_tables(work, sources)
    if rows is None:
        return work.report
    described = [row for info in sources.infos if (row := _read_description(work, info))]
    owners = _put(work, sources, rows, described)
    media = [(source, owners.get(source.path)) for source in sources.media]
    known = {source.path for source in sources.media}
    media += [(Source(path, path.name), pk) for path, pk in owners.items() if path not in known]
    for done, (source, pk) in enumerate(media, start=1):
        work.report.add([import_media(study=study, source=source, wishes=wishes, video=pk)])
        tell(done, len(media))
    return work.report


def import_media(*, study: Study, source: Source, wishes: Wishes, video: int | None = None) -> Outcome:
    """One media file, for a video given by its key, else by the file's name; its line of the result."""
    about = Video.objects.filter(study=study, pk=video).select_related("study").first() if video else None
    about = about or _video_named(study, source.name)
    shown = str(about) if about else ""
    try:
        with staged(source.path) as copy:
            if about is None:
                external_id = checked_id(_stem(source.name))
                made, info = add_from_media(
                    study=study, external_id=external_id, copy=copy, batch=wishes.batch, by=wishes.by
                )
                return Outcome(source.name, Kind.ADDED, video=str(made), pk=made.pk, message=describe(info))
            info = store_staged(video=about, copy=copy, by=wishes.by, replace=wishes.replace_media)
            return Outcome(source.name, Kind.UPDATED, video=shown, pk=about.pk, message=describe(info))
    except SameMediaError as error:
        return Outcome(source.name, Kind.UNCHANGED, video=shown, pk=about.pk if about else None,
                       message=str(error))  # fmt: skip
    except DuplicateMediaError as error:
        return Outcome(
            source.name, Kind.DUPLICATE, video=str(error.other), pk=error.other.pk, message=str(error)
        )
    except (MediaError, RefusedError, LinkError) as error:
        return Outcome(source.name, Kind.ERROR, video=shown, message=str(error))


def describe(info: MediaInfo) -> str:
    """What was found in the file, in one line."""
    sound = {True: _("with sound"), False: _("no sound"), None: _("sound not known")}[info.has_sound]
    seconds = _("%(n)s s") % {"n": round(info.duration_ms / 1000, 1)}
    return "; ".join([f"{seconds}, {info.width} × {info.height}, {sound}", *info.warnings])


def _read_tables(work: Import, sources: Sources) -> list[VideoRow] | None:
    """Rows of all tables; None if something is wrong and nothing may be written."""
    rows: list[VideoRow] = []
    is_bad = False
    for source in sources.tables:
        try:
            table = read_videos(read_table(source.path, name=source.name))
        except ImportFileError as error:
            work.report.add([Outcome.of(error)])
            is_bad = True
            continue
        if table.ignored:
            work.report.notes.append(
                _("%(file)s: columns ignored: %(names)s")
                % {"file": table.name, "names": ", ".join(table.ignored[:20])}
            )
        rows += table.rows
        kind = Kind.SKIPPED if work.wishes.skip_bad_rows else Kind.ERROR
        work.report.add(Outcome.of(error, kind=kind) for error in table.errors)
        is_bad |= bool(table.errors) and not work.wishes.skip_bad_rows
        if not table.rows and not table.errors:
            work.report.notes.append(_("%(file)s: no rows.") % {"file": table.name})
    if is_bad:
        _stop(work)
        return None
    return rows


def _stop(work: Import) -> None:
    work.report.is_stopped = True
    work.report.notes.append(_("Nothing was imported: mend the rows named, or have bad rows left out."))


def _read_description(work: Import, source: Source) -> tuple[Source, VideoRow] | None:
    try:
        return source, read_info(source.path, name=source.name)
    except ImportFileError as error:
        work.report.add([Outcome.of(error)])
        return None


def _put(
    work: Import, sources: Sources, rows: list[VideoRow], described: list[tuple[Source, VideoRow]]
) -> dict[Path, int]:
    """Write the rows; which media file belongs to which video."""
    skip = work.wishes.skip_bad_rows
    plan = plan_rows(study=work.study, rows=rows)
    if plan.errors:
        work.report.add(Outcome.of(error, kind=Kind.SKIPPED if skip else Kind.ERROR) for error in plan.errors)
        if not skip:
            _stop(work)
            sources.media.clear()
            return {}
    keys: dict[tuple[str, int | None], int] = {}
    if plan.rows:
        _put_plan(work, plan, keys)
    for _source, row in described:
        single = plan_rows(study=work.study, rows=[row])
        work.report.add(Outcome.of(error) for error in single.errors)
        if single.rows:
            _put_plan(work, single, keys)
    return _owners(work, sources, rows, described, keys)


@transaction.atomic
def _put_plan(work: Import, plan: Plan, keys: dict[tuple[str, int | None], int]) -> None:
    batch = batch_for(study=work.study, name=work.wishes.batch)
    outcomes = put_rows(study=work.study, plan=plan, batch=batch, by=work.wishes.by)
    work.report.add(outcomes)
    keys.update({(outcome.source, outcome.line): outcome.pk for outcome in outcomes if outcome.pk})


def _owners(
    work: Import,
    sources: Sources,
    rows: list[VideoRow],
    described: list[tuple[Source, VideoRow]],
    keys: dict[tuple[str, int | None], int],
) -> dict[Path, int]:
    """Which file belongs to which video: named by a row, or beside its description."""
    given = {_plain(source.name): source.path for source in sources.media}
    tables = {source.name: source.path.parent for source in sources.tables}
    owners: dict[Path, int] = {}
    for row in rows:
        pk = keys.get((row.source, row.line))
        if not row.file or pk is None:
            continue
        name = _plain(row.file)
        beside = tables[row.source] / row.file
        if name in given:
            owners[given[name]] = pk
        elif name in work.expected:
            work.report.files[name] = pk
        elif work.may_look_beside and beside.is_file():
            owners[beside] = pk
        else:
            message = _("the file %(name)s is not there; the video is in, without media.")
            work.report.add(
                [Outcome(row.source, Kind.ERROR, line=row.line, message=message % {"name": row.file})]
            )
    for source, _row in described:
        pk = keys.get((source.name, None))
        stem = _plain(source.name)[: -len(SUFFIX)]
        for suffix in MEDIA_SUFFIXES:
            if pk is None:
                break
            beside = source.path.with_name(source.path.name[: -len(SUFFIX)] + suffix)
            if stem + suffix in given:
                owners[given[stem + suffix]] = pk
            elif stem + suffix in work.expected:
                work.report.files[stem + suffix] = pk
            elif work.may_look_beside and beside.is_file():
                owners[beside] = pk
    return owners


def _video_named(study: Study, name: str) -> Video | None:
    """The study's video that a file's name means: its stem, or an id in brackets at its end."""
    stem = _stem(name)
    bracketed = BRACKETED.search(stem)
    for external_id in (stem, bracketed.group(1) if bracketed else None):
        if external_id:
            found = list(
                Video.objects.filter(study=study, external_id=external_id).select_related("study")[:2]
            )
            if len(found) == 1:
                return found[0]
    return None


def _plain(name: str) -> str:
    """A file's name without its folders, for comparing."""
    return name.replace("\\", "/").rpartition("/")[2].casefold()


def _stem(name: str) -> str:
    base = name.replace("\\", "/").rpartition("/")[2]
    return base.rpartition(".")[0] or base
