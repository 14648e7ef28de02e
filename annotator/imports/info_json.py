"""Descriptions that yt-dlp and its kin write beside a video (``--write-info-json``)."""

import re
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from annotator.imports import cells
from annotator.imports.errors import ImportFileError
from annotator.imports.json_rows import as_row, parse
from annotator.imports.links import checked_id, parse_link
from annotator.imports.tables import read_bytes
from annotator.imports.text import decode
from annotator.imports.videos import VideoRow

SUFFIX = ".info.json"
MAX_BYTES = 32 * 1024**2
COUNTS = {"likes": "like_count", "comments": "comment_count", "shares": "repost_count", "views": "view_count"}


def read_info(path: Path, *, name: str | None = None) -> VideoRow:
    """The video that a description is about, or ImportFileError."""
    name = name or path.name
    text = decode(read_bytes(path, name=name, max_bytes=MAX_BYTES), name=name)
    if not text.strip():
        raise ImportFileError(_("the file is empty."), name=name)
    try:
        # Only what we use is judged: a description holds much else, some of it very long.
        info = parse(text)
        info = as_row({key: info[key] for key in USED if key in info} if isinstance(info, dict) else info)
        return _row(info, name=name)
    except ImportFileError:
        raise
    except ValueError as error:
        raise ImportFileError(str(error), name=name) from None


USED = (
    "_type id webpage_url original_url extractor_key ie_key uploader uploader_id channel description title"
    " tags timestamp upload_date ext " + " ".join(COUNTS.values())
).split()


def _row(info: dict[str, Any], *, name: str) -> VideoRow:
    if info.get("_type") in ("playlist", "multi_video"):
        raise ImportFileError(_("this describes an account or a list, not a video."), name=name)
    if cells.is_empty(info.get("id")):
        raise ImportFileError(_("there is no id, so this does not describe a video."), name=name, column="id")
    video = VideoRow(source=name, line=None, external_id=checked_id(cells.to_text(info["id"], limit=2000)))
    handle_in_link = ""
    if isinstance(url := info.get("webpage_url") or info.get("original_url"), str) and url.strip():
        link = parse_link(url)
        video.fields["url"] = link.url
        video.platform, handle_in_link = link.platform, link.handle
    extractor = info.get("extractor_key") or info.get("ie_key")
    if not video.platform and isinstance(extractor, str):
        video.platform = extractor.strip().lower()[:40]
    _read_creator(video, info, handle_in_link=handle_in_link)
    for key in ("description", "title"):
        if not cells.is_empty(info.get(key)):
            video.fields["caption"] = cells.to_text(info[key], limit=20_000)
            break
    if not cells.is_empty(info.get("tags")):
        video.fields["hashtags"] = cells.to_hashtags(info["tags"])
    elif "caption" in video.fields:
        video.fields["hashtags"] = list(dict.fromkeys(re.findall(r"#(\w{1,200})", video.fields["caption"])))
    for key in ("timestamp", "upload_date"):
        if not cells.is_empty(info.get(key)):
            video.fields["posted_at"] = cells.to_moment(info[key])
            break
    video.counts = {
        ours: cells.to_count(info[key]) for ours, key in COUNTS.items() if info.get(key) is not None
    }
    return video


def _read_creator(video: VideoRow, info: dict[str, Any], *, handle_in_link: str) -> None:
    """The account is the @name: in the link, else as uploader_id (YouTube), else the uploader (TikTok)."""
    texts = {key: value.strip() for key in ("uploader", "uploader_id", "channel")
             if isinstance(value := info.get(key), str)}  # fmt: skip
    account = texts.get("uploader_id", "")
    handle = handle_in_link or (account if account.startswith("@") else "") or texts.get("uploader", "")
    video.handle = cells.to_text(handle.lstrip("@") or texts.get("channel", ""), limit=200)
    name = texts.get("channel") or texts.get("uploader", "")
    if video.handle and name and name != video.handle:
        video.creator["name"] = cells.to_text(name, limit=200)
