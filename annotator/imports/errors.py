"""What can be wrong with a file that somebody brings, said so that they can mend it."""

from dataclasses import dataclass

from django.utils.translation import gettext as _


class ImportFileError(ValueError):
    """A file that cannot be read at all; its text names the file, the line and the column."""

    def __init__(
        self, message: str, *, name: str, line: int | None = None, column: str | None = None
    ) -> None:
        self.message, self.name, self.line, self.column = message, name, line, column
        super().__init__(f"{place(name=name, line=line, column=column)}: {message}")


@dataclass(frozen=True, slots=True)
class RowError:
    """A row that cannot be taken, in a file whose other rows can."""

    name: str
    line: int
    message: str
    column: str | None = None

    def __str__(self) -> str:
        return f"{place(name=self.name, line=self.line, column=self.column)}: {self.message}"


def place(*, name: str, line: int | None = None, column: str | None = None) -> str:
    """Where in which file, in words."""
    if line is None:
        return _("%(name)s, column “%(column)s”") % {"name": name, "column": column} if column else name
    if column is None:
        return _("%(name)s, line %(line)s") % {"name": name, "line": line}
    return _("%(name)s, line %(line)s, column “%(column)s”") % {"name": name, "line": line, "column": column}


def shorten(text: object, *, length: int = 40) -> str:
    """A value as it is quoted in a message: on one line, and never long."""
    shown = " ".join(str(text)[: length + 1].split())
    return shown if len(shown) <= length else shown[: length - 1] + "…"
