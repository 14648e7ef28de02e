"""Videos from tables: which column is what, and rows as ``VideoRow``."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.utils.translation import gettext as _

from annotator.imports import cells
from annotator.imports.errors import ImportFileError, RowError, shorten
from annotator.imports.links import checked_id, parse_link
from annotator.imports.tables import Table

# What people call our columns, lower-cased and with underscores; docs/importing-videos.md lists them.
ALIASES: Mapping[str, tuple[str, ...]] = {
    "video_id": ("id", "videoid", "video", "external_id", "aweme_id", "post_id"),
    "url": ("link", "video_url", "webpage_url", "share_url", "post_url", "permalink"),
    "platform": ("site", "extractor"),
    "creator": (
        "author",
        "uploader",
        "username",
        "user",
        "account",
        "handle",
        "influencer",
        "author_unique_id",
    ),
    "genre": ("category",),
    "caption": ("desc", "description", "text", "post_text", "title"),
    "hashtags": ("tags", "hashtag", "challenges"),
    "likes": ("like_count", "digg_count", "diggcount", "num_likes", "hearts"),
    "comments": ("comment_count", "commentcount", "num_comments"),
    "shares": ("share_count", "sharecount", "repost_count", "num_shares"),
    "views": ("view_count", "play_count", "playcount", "num_views", "plays"),
    "is_pinned": ("pinned",),
    "posted_at": (
        "timestamp",
        "create_time",
        "createtime",
        "date",
        "upload_date",
        "published_at",
        "created_at",
    ),
    "file": ("filename", "file_name", "media", "media_file", "path"),
    "creator_name": ("nickname", "author_name", "display_name", "channel"),
    "creator_genre": ("influencer_genre",),
    "nominated_by": ("nominated", "nomination", "nominated_in"),
    "verified_by": ("verified", "verification"),
    "is_minor": ("minor", "is_child"),
}
COUNTS = ("likes", "comments", "shares", "views")

# How a cell becomes a value, for the columns that need no more than that.
VIDEO_CELLS: Mapping[str, Callable[[Any], Any]] = {
    "genre": partial(cells.to_text, limit=120),
    "caption": partial(cells.to_text, limit=20_000),
    "hashtags": cells.to_hashtags,
    "is_pinned": cells.to_flag,
    "posted_at": cells.to_moment,
}
CREATOR_CELLS: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "creator_name": ("name", partial(cells.to_text, limit=200)),
    "creator_genre": ("genre", partial(cells.to_text, limit=120)),
    "nominated_by": ("nominated_by", partial(cells.to_text, limit=300)),
    "verified_by": ("verified_by", partial(cells.to_text, limit=300)),
    "is_minor": ("is_minor", cells.to_flag),
}


@dataclass(slots=True)
class VideoRow:
    """What one row says about a video; what it leaves open is not among the fields."""

    source: str  # the file's name
    line: int | None
    external_id: str
    platform: str = ""  # "" if the row does not tell
    handle: str = ""
    fields: dict[str, Any] = field(default_factory=dict)  # of Video
    counts: dict[str, int] = field(default_factory=dict)
    creator: dict[str, Any] = field(default_factory=dict)  # fields of Creator
    file: str = ""


@dataclass(slots=True)
class VideoTable:
    """A table read as videos."""

    name: str
    rows: list[VideoRow]
    errors: list[RowError]
    ignored: list[str]  # columns that mean nothing here


def read_videos(table: Table) -> VideoTable:
    """Every row of a table as a video, and the rows that cannot be."""
    found, ignored = match_columns(table)
    if not table.columns and table.errors:  # JSON of which no line could be read: each says why
        return VideoTable(name=table.name, rows=[], errors=list(table.errors), ignored=[])
    if not {"video_id", "url", "file"} & found.keys():
        raise ImportFileError(
            _("no column tells which video a row is about: video_id, url or file (found: %(columns)s).")
            % {"columns": shorten(", ".join(table.columns), length=200)},
            name=table.name,
            line=1,
        )
    read = VideoTable(name=table.name, rows=[], errors=list(table.errors), ignored=ignored)
    seen: dict[tuple[str, str], int] = {}
    for line, row in table:
        try:
            video = _read_row(row, found, source=table.name, line=line)
        except ColumnError as error:
            read.errors.append(RowError(table.name, line, str(error), column=error.column))
            continue
        first = seen.setdefault((video.platform, video.external_id), line)
        if first != line:
            message = _("video %(id)s stands already on line %(line)s.")
            values = {"id": shorten(video.external_id), "line": first}
            read.errors.append(RowError(table.name, line, message % values))
            continue
        read.rows.append(video)
    read.errors.sort(key=lambda error: error.line)
    return read


def match_columns(table: Table) -> tuple[dict[str, str], list[str]]:
    """Our name → the file's column, and the columns that none of our names fits."""
    ours = {alias: name for name, aliases in ALIASES.items() for alias in (name, *aliases)}
    found: dict[str, str] = {}
    ignored = []
    for column in table.columns:
        plain = "_".join(column.casefold().replace("-", " ").split())
        name = ours.get(plain)
        if name is None:
            ignored.append(column)
        elif name in found:
            if name == plain:  # our own name wins over another word for it
                ignored.append(found[name])
                found[name] = column
            else:
                ignored.append(column)
        else:
            found[name] = column
    return found, ignored


class ColumnError(ValueError):
    """A cell that cannot be taken, with its column."""

    def __init__(self, message: str, *, column: str | None) -> None:
        self.column = column
        super().__init__(message)


def _read_row(row: Mapping[str, Any], found: Mapping[str, str], *, source: str, line: int) -> VideoRow:
    given = {
        name: row[column]
        for name, column in found.items()
        if column in row and not cells.is_empty(row[column])
    }

    def take(name: str, convert: Callable[[Any], Any]) -> Any:
        try:
            return convert(given[name])
        except ValueError as error:
            raise ColumnError(str(error), column=found[name]) from None

    video = VideoRow(source=source, line=line, external_id="")
    if "platform" in given:
        video.platform = take("platform", partial(cells.to_text, limit=40)).lower()
    if "file" in given:
        video.file = take("file", partial(cells.to_text, limit=500)).replace("\\", "/")
    _identify(video, given, take)
    if "creator" in given:
        video.handle = take("creator", partial(cells.to_text, limit=200)).lstrip("@").strip()
    video.fields |= {name: take(name, convert) for name, convert in VIDEO_CELLS.items() if name in given}
    video.counts = {name: take(name, cells.to_count) for name in COUNTS if name in given}
    video.creator = {
        field_name: take(name, convert)
        for name, (field_name, convert) in CREATOR_CELLS.items()
        if name in given
    }
    if video.creator and not video.handle:
        column = next(found[name] for name in CREATOR_CELLS if name in given)
        raise ColumnError(_("the row says something of a creator but not which."), column=column)
    return video


def _identify(video: VideoRow, given: Mapping[str, Any], take: Callable[..., Any]) -> None:
    """Find id, platform and account: from the id, else the link, else the name of the file."""
    as_text = partial(cells.to_text, limit=2000)
    if "video_id" in given:
        text = take("video_id", as_text)
        if text.lower().startswith(("http://", "https://")):
            _take_link(video, take("video_id", lambda cell: parse_link(as_text(cell))))
        else:
            video.external_id = take("video_id", lambda cell: checked_id(as_text(cell)))
    if "url" in given:
        link = take("url", lambda cell: parse_link(as_text(cell)))
        if link.platform and video.external_id and link.external_id != video.external_id:
            take("url", partial(_refuse_other_id, external_id=video.external_id, link_id=link.external_id))
        _take_link(video, link)
    if not video.external_id and video.file:
        stem = video.file.rpartition("/")[2].rpartition(".")[0]
        video.external_id = take("file", lambda _cell: checked_id(stem))
    if not video.external_id:
        raise ColumnError(_("the row names no video."), column=None)


def _take_link(video: VideoRow, link: Any) -> None:
    video.external_id = video.external_id or link.external_id
    video.platform = video.platform or link.platform
    video.handle = video.handle or link.handle
    video.fields["url"] = link.url


def _refuse_other_id(_cell: Any, *, external_id: str, link_id: str) -> None:
    raise cells.CellError(
        _("the link ends in %(link)s, but the id is %(id)s.")
        % {"link": shorten(link_id), "id": shorten(external_id)}
    )
