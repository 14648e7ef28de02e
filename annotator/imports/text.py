"""From the bytes of a text file to its text, or a message that names the encoding found."""

import codecs

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotator.imports.errors import ImportFileError

# A byte-order mark settles the matter; UTF-32's begins like UTF-16's and so comes first.
MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

BINARY = (
    (b"PK\x03\x04", gettext_lazy("an Excel workbook or another zip file")),
    (b"\xd0\xcf\x11\xe0", gettext_lazy("an old Excel workbook (.xls)")),
    (b"%PDF", gettext_lazy("a PDF")),
    (b"PAR1", gettext_lazy("a Parquet file")),
    (b"\x1f\x8b", gettext_lazy("a gzip file")),
)


def decode(data: bytes, *, name: str) -> str:
    """The text of a file in UTF-8, or in UTF-16 with a byte-order mark; without NUL characters."""
    for magic, kind in BINARY:
        if data.startswith(magic):
            raise ImportFileError(
                _("this is %(kind)s, not a text file; save it as CSV in UTF-8.") % {"kind": kind}, name=name
            )
    encoding, start = "utf-8", 0
    for mark, found in MARKS:
        if data.startswith(mark):
            encoding, start = found, len(mark)
            break
    if encoding == "utf-32":
        raise ImportFileError(_("the file is in UTF-32; save it as UTF-8."), name=name)
    try:
        text = data[start:].decode(encoding)
    except UnicodeDecodeError as error:
        is_cut = error.reason == "unexpected end of data"
        raise _undecodable(
            data, encoding=encoding, at=start + error.start, is_cut=is_cut, name=name
        ) from None
    if (at := text.find("\x00")) >= 0:
        if encoding == "utf-8" and text.count("\x00", 0, 2000) > min(len(text), 2000) // 4:
            raise ImportFileError(
                _("the file looks like UTF-16 without a byte-order mark; save it as UTF-8."), name=name
            )
        raise ImportFileError(
            _("there is a NUL character; the file is damaged or not a text file."),
            name=name,
            line=text.count("\n", 0, at) + 1,
        )
    return text


def _undecodable(data: bytes, *, encoding: str, at: int, is_cut: bool, name: str) -> ImportFileError:
    if encoding != "utf-8":
        return ImportFileError(
            _("the file says that it is %(encoding)s, but it is damaged or cut off.")
            % {"encoding": encoding.upper()},
            name=name,
        )
    line = data.count(b"\n", 0, at) + 1
    if is_cut:
        message = _("the file ends in the middle of a character: it is cut off, or not in UTF-8.")
    else:
        message = _(
            "byte 0x%(byte)02x is not UTF-8; the file looks like %(guess)s. Save it as UTF-8"
            " (in Excel: “CSV UTF-8”)."
        ) % {"byte": data[at], "guess": _guess(data)}
    return ImportFileError(message, name=name, line=line)


def _guess(data: bytes) -> str:
    """Which single-byte encoding it probably is: a hint for the reader, never used to decode."""
    upper = [byte for byte in data[:100_000] if byte >= 0x80]
    if sum(0xE0 <= byte <= 0xFA for byte in upper) > 0.9 * len(upper) and len(upper) > 8:
        return "Windows-1255 (Hebrew)"
    if any(byte < 0xA0 for byte in upper):
        return "Windows-1252"
    return "Latin-1 (ISO 8859-1)"
