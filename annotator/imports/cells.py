"""Single cells: whole numbers, yes and no, moments, hashtags; ValueError says what is wrong."""

import datetime
import re
from typing import Any

from django.utils.translation import gettext as _

from annotator.imports.errors import shorten

YES = {"true", "yes", "y", "1", "t", "x"}
NO = {"false", "no", "n", "0", "f"}
LARGEST = 2**53  # whole numbers that JSON carries exactly


class CellError(ValueError):
    """A cell that does not hold what its column is for."""


def is_empty(cell: Any) -> bool:
    """Whether the cell says nothing."""
    return cell is None or (isinstance(cell, str) and not cell.strip()) or cell in ([], {})


def to_text(cell: Any, *, limit: int) -> str:
    """A text within its limit."""
    if isinstance(cell, bool) or not isinstance(cell, str | int | float):
        raise CellError(_("expected a text, found %(cell)s.") % {"cell": shorten(cell)})
    text = str(cell).strip()
    if len(text) > limit:
        raise CellError(_("the text is longer than %(n)s characters.") % {"n": limit})
    return text


def to_count(cell: Any) -> int:
    """A whole number from zero; thousands may be set apart by commas or spaces."""
    number = cell
    if isinstance(cell, str):
        plain = re.sub(r"(?<=\d)[ ,\u00a0\u202f](?=\d{3}(?!\d))", "", cell.strip())
        if re.fullmatch(r"\d{1,16}(\.0+)?", plain, re.ASCII):
            number = int(plain.partition(".")[0])
    elif isinstance(cell, float) and cell.is_integer():
        number = int(cell)
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= LARGEST:
        raise CellError(_("expected a whole number, found “%(cell)s”.") % {"cell": shorten(cell)})
    return number


def to_flag(cell: Any) -> bool:
    """Yes or no."""
    if isinstance(cell, bool):
        return cell
    word = str(cell).strip().lower() if isinstance(cell, str | int) else ""
    if word in YES:
        return True
    if word in NO:
        return False
    raise CellError(_("expected yes or no, found “%(cell)s”.") % {"cell": shorten(cell)})


def to_moment(cell: Any) -> datetime.datetime:
    """A moment: ISO 8601 (UTC where it names no zone), 20241231, or seconds since 1970."""
    text = str(cell).strip() if isinstance(cell, str | int | float) and not isinstance(cell, bool) else ""
    try:
        if re.fullmatch(r"\d{9,11}(\.\d+)?", text, re.ASCII):
            return datetime.datetime.fromtimestamp(int(float(text)), tz=datetime.UTC)
        if re.fullmatch(r"\d{13}", text, re.ASCII):
            return datetime.datetime.fromtimestamp(int(text) // 1000, tz=datetime.UTC)
        moment = datetime.datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=datetime.UTC)
        return moment.astimezone(datetime.UTC)
    except (ValueError, OverflowError, OSError):
        raise CellError(
            _("expected a date like 2024-12-31 or 2024-12-31T18:30:00Z, found “%(cell)s”.")
            % {"cell": shorten(cell)}
        ) from None


def to_hashtags(cell: Any) -> list[str]:
    """Hashtags without their signs, in order, each once; from a list or a text with any usual separators."""
    if isinstance(cell, str):
        words = re.split(r"[\s,;|#\[\]'\"]+", cell)
    elif isinstance(cell, list) and all(isinstance(word, str | int) for word in cell):
        words = [str(word) for word in cell]
    else:
        raise CellError(_("expected hashtags, found %(cell)s.") % {"cell": shorten(cell)})
    words = [word.strip().lstrip("#") for word in words]
    if any(len(word) > 200 for word in words) or len(words) > 500:
        raise CellError(_("the hashtags are too long or too many."))
    return list(dict.fromkeys(word for word in words if word))
