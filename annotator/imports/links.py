"""Links to videos: platform, id and account are read off the address itself; nothing is fetched."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from django.utils.translation import gettext as _

from annotator.imports.errors import shorten

MAX_URL = 500
MAX_ID = 200
# Where the last segment is the id for certain; elsewhere it is only the best guess.
PLATFORMS = {
    "tiktok.com": "tiktok",
    "youtube.com": "youtube",
    "youtu.be": "youtube",
    "instagram.com": "instagram",
    "facebook.com": "facebook",
    "x.com": "x",
    "twitter.com": "x",
}
SHORTENED = {"vm.tiktok.com", "vt.tiktok.com"}
ROUNDED = re.compile(r"\d(?:[.,]\d+)?e\+\d+|\d[.,]\d+e\d+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Link:
    """What a link says."""

    url: str
    platform: str  # "" where the site is none of those known
    external_id: str
    handle: str  # "" where the link names no account


def parse_link(text: str) -> Link:
    """Read a link, or ValueError with a sentence for people."""
    text = text.strip()
    if len(text) > MAX_URL:
        raise LinkError(_("the link is longer than %(n)s characters.") % {"n": MAX_URL})
    if " " in text or not text.isprintable():
        raise LinkError(
            _("the link “%(link)s” holds a space or a control character.") % {"link": shorten(text)}
        )
    try:
        parts = urlsplit(text)
        host = (parts.hostname or "").lower()
    except ValueError:
        host, parts = "", None
    if parts is None or parts.scheme.lower() not in ("http", "https") or not host:
        raise LinkError(_("“%(link)s” is not a web address (https://…).") % {"link": shorten(text)})
    path = parts.path
    if host in SHORTENED or (host.endswith("tiktok.com") and path.startswith("/t/")):
        raise LinkError(
            _("“%(link)s” is a shortened link without the id; open it and give the full address.")
            % {"link": shorten(text)}
        )
    segments = [unquote(segment) for segment in path.split("/") if segment]
    platform = next(
        (name for site, name in PLATFORMS.items() if host == site or host.endswith("." + site)), ""
    )
    watch = parse_qs(parts.query).get("v", []) if platform in ("youtube", "facebook") else []
    external_id = watch[0] if watch else (segments[-1] if segments else "")
    if not external_id:
        raise LinkError(_("the link “%(link)s” names no video.") % {"link": shorten(text)})
    handle = next((segment[1:] for segment in segments[:-1] if segment.startswith("@")), "")
    return Link(url=text, platform=platform, external_id=checked_id(external_id), handle=handle)


def checked_id(text: str) -> str:
    """A video's id as it is stored, or ValueError."""
    text = text.strip()
    if not text:
        raise LinkError(_("there is no id."))
    if len(text) > MAX_ID:
        raise LinkError(_("the id is longer than %(n)s characters.") % {"n": MAX_ID})
    if not text.isprintable():
        raise LinkError(_("the id “%(id)s” holds a control character.") % {"id": shorten(text)})
    if ROUNDED.fullmatch(text):
        raise LinkError(
            _("the id “%(id)s” was rounded by a spreadsheet and has lost digits; format the column as text.")
            % {"id": text}
        )
    return text


class LinkError(ValueError):
    """A link or an id that cannot be taken."""
