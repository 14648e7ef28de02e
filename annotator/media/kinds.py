"""What a file is by its first bytes, whatever its name says."""

from django.utils.translation import gettext as _

HEAD = 1024  # bytes that are looked at
PLAYLIST = b"#EXTM3U"

PICTURES = ((b"\xff\xd8\xff", "JPEG"), (b"\x89PNG", "PNG"), (b"GIF8", "GIF"), (b"BM", "BMP"))
OTHERS = (
    (b"%PDF", "PDF"),
    (b"PK\x03\x04", "zip"),
    (b"\x1f\x8b", "gzip"),
    (b"Rar!", "RAR"),
    (b"7z\xbc\xaf", "7z"),
    (b"\x7fELF", "ELF"),
    (b"MZ", "EXE"),
)
AUDIO = ((b"ID3", "MP3"), (b"fLaC", "FLAC"), (b"\xff\xfb", "MP3"), (b"\xff\xf1", "AAC"))


def what_else(head: bytes) -> str | None:
    """What the file is if it is plainly no video, in a sentence; None if it may be one."""
    if not head:
        return _("the file is empty.")
    if head.startswith(PLAYLIST):
        return _("this is a playlist, not a video.")
    if head[:4] == b"RIFF" and head[8:12] in (b"WAVE", b"WEBP"):
        return _not_video("audio", "WAV") if head[8:12] == b"WAVE" else _not_video("picture", "WebP")
    if head[4:8] == b"ftyp" and head[8:12] in (b"avif", b"heic", b"mif1", b"M4A "):
        kind = "audio" if head[8:12] == b"M4A " else "picture"
        return _not_video(kind, head[8:12].decode().strip().upper())
    for kind, magics in (("picture", PICTURES), ("audio", AUDIO), ("other", OTHERS)):
        for magic, name in magics:
            if head.startswith(magic):
                return _not_video(kind, name)
    if _is_text(head):
        if head.lstrip()[:14].lower().startswith((b"<!doctype html", b"<html")):
            return _("this is a web page (perhaps an error of the platform), not a video.")
        return _("this is a text file, not a video.")
    return None


def _not_video(kind: str, name: str) -> str:
    return {
        "picture": _("this is a picture (%(name)s), not a video."),
        "audio": _("this is sound without a picture (%(name)s), not a video."),
        "other": _("this is a %(name)s file, not a video."),
    }[kind] % {"name": name}


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4:
            return False
        text = head[: error.start].decode("utf-8")
    return bool(text.strip()) and all(char.isprintable() or char in "\r\n\t\ufeff" for char in text)
