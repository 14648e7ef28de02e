"""Which of the given files and folders are tables, descriptions or media."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from annotator.imports.info_json import SUFFIX as INFO_SUFFIX
from annotator.imports.tables import SUFFIXES as TABLE_SUFFIXES

MEDIA_SUFFIXES = (
    ".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi", ".flv", ".ts", ".mpg", ".mpeg", ".ogv", ".wmv", ".3gp",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Source:
    """A file, and the name by which it is reported."""

    path: Path
    name: str


@dataclass(slots=True)
class Sources:
    """What there is to import."""

    tables: list[Source] = field(default_factory=list)
    infos: list[Source] = field(default_factory=list)
    media: list[Source] = field(default_factory=list)
    ignored: list[str] = field(
        default_factory=list
    )  # in folders only: a file named by itself is never ignored
    missing: list[str] = field(default_factory=list)

    def add(self, source: Source, *, is_named: bool) -> None:
        """Sort one file in by its ending; one named by itself that fits nowhere is tried as media."""
        lower = source.name.lower()
        if lower.endswith(INFO_SUFFIX):
            self.infos.append(source)
        elif lower.endswith(TABLE_SUFFIXES):
            self.tables.append(source)
        elif lower.endswith(MEDIA_SUFFIXES) or is_named:
            self.media.append(source)
        else:
            self.ignored.append(source.name)


def gather(paths: Iterable[Path]) -> Sources:
    """Sort files in, and what folders hold, at any depth; each once, hidden files not at all."""
    sources, seen = Sources(), set[Path]()
    for path in sorted(paths, key=Path.is_dir):  # files first: one named by itself keeps its short name
        if path.is_dir():
            for file in _files_in(path):
                if file.resolve() in seen:
                    continue
                seen.add(file.resolve())
                sources.add(Source(path=file, name=str(file.relative_to(path))), is_named=False)
        elif path.exists():
            if path.resolve() in seen:
                continue
            seen.add(path.resolve())
            sources.add(Source(path=path, name=path.name), is_named=True)
        else:
            sources.missing.append(str(path))
    return sources


def _files_in(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts):
            yield path
