"""A strict reader for small YAML files written by people, or by someone who means harm.

It keeps the line of every entry, so that later errors can name it, and reads only what a plain
document needs: mappings with text keys, lists, text, whole numbers, true/false and null. Anchors,
aliases and tags are refused, which rules out both code execution and exponential expansion.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from dataclasses import dataclass, field
from typing import Any

import yaml

MAX_BYTES = 1_000_000
MAX_DEPTH = 12
MAX_NODES = 50_000
TOO_DEEP = f"is nested more than {MAX_DEPTH} levels deep"

Path = tuple[str | int, ...]
Scalar = str | int | bool | None

# 20 digits hold every video id that platforms use, and stay far from Python's limit on int().
INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,19})")
NULLS = {"", "~", "null", "Null", "NULL"}
BOOLEANS = {
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
# Left-to-right and right-to-left marks are needed in mixed text; overrides only serve to mislead.
BIDI_OVERRIDES = "\u202d\u202e"
ALLOWED_CONTROLS = "\t\n\r\x85"


class StrictYamlError(ValueError):
    """What is wrong with the text, and on which line where that is known."""

    def __init__(self, problem: str, *, line: int | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.line = line


@dataclass(frozen=True)
class Document:
    """The content, with the line of each entry under its path."""

    content: Any
    lines: dict[Path, int]

    def line_of(self, path: Path) -> int | None:
        """The line of the entry, or of the nearest one around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path)


@dataclass
class _Open:
    """A mapping or list whose end has not been read yet."""

    path: Path
    is_mapping: bool
    items: list[Any] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    awaits_value: bool = False


def read(data: bytes) -> Document:
    """Parse the bytes of one document, or raise StrictYamlError."""
    text = _decode(data)
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    reader = _Reader()
    try:
        for event in yaml.parse(text, Loader=loader):
            reader.take(event)
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        problem = f"is not valid YAML: {exc.problem or exc.context or 'cannot be read'}"
        raise StrictYamlError(_one_line(problem), line=mark.line + 1 if mark else None) from exc
    except yaml.YAMLError as exc:
        raise StrictYamlError(_one_line(f"is not valid YAML: {exc}")) from exc
    if not reader.is_complete:
        raise StrictYamlError("is empty")
    return Document(reader.content, reader.lines)


def forbidden_character(text: str) -> int | None:
    """Index of the first character that no text for people needs, None if there is none."""
    for index, char in enumerate(text):
        if char.isascii() and char.isprintable():
            continue
        category = unicodedata.category(char)
        if category == "Cs" or (category == "Cc" and char not in ALLOWED_CONTROLS):
            return index
        if char in BIDI_OVERRIDES or _is_noncharacter(ord(char)):
            return index
    return None


def _decode(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise StrictYamlError(f"is larger than {MAX_BYTES // 1_000_000} MB")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise StrictYamlError("is encoded as UTF-16; save it as UTF-8", line=1)
    try:
        text = data.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError as exc:
        line = data.count(b"\n", 0, exc.start) + 1
        raise StrictYamlError("is not encoded as UTF-8; save it as UTF-8", line=line) from exc
    index = forbidden_character(text)
    if index is not None:
        line = text.count("\n", 0, index) + 1
        raise StrictYamlError(f"holds the control character U+{ord(text[index]):04X}; remove it", line=line)
    return text


class _Reader:
    """Builds the content from parse events with a stack of its own, so depth cannot exhaust ours."""

    def __init__(self) -> None:
        self.content: Any = None
        self.is_complete = False
        self.lines: dict[Path, int] = {}
        self.stack: list[_Open] = []
        self.n_nodes = 0
        self.n_documents = 0

    def take(self, event: yaml.Event) -> None:
        line = event.start_mark.line + 1 if event.start_mark else 1
        match event:
            case yaml.DocumentStartEvent():
                self.n_documents += 1
                if self.n_documents > 1:
                    raise StrictYamlError("holds more than one document", line=line)
            case yaml.AliasEvent():
                raise StrictYamlError("uses an alias (*name); write the text out instead", line=line)
            case yaml.ScalarEvent():
                self._check_node(event, line)
                self._add_scalar(event, line)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._check_node(event, line)
                self._open(line, is_mapping=isinstance(event, yaml.MappingStartEvent))
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._close()

    def _check_node(self, event: yaml.NodeEvent, line: int) -> None:
        self.n_nodes += 1
        if self.n_nodes > MAX_NODES:
            raise StrictYamlError(f"holds more than {MAX_NODES:,} entries", line=line)
        if event.anchor is not None:
            raise StrictYamlError("uses an anchor (&name); write the text out instead", line=line)
        tag = getattr(event, "tag", None)
        if tag is not None:
            raise StrictYamlError(f"uses the tag {shown(str(tag))}; remove it", line=line)

    def _add_scalar(self, event: yaml.ScalarEvent, line: int) -> None:
        index = forbidden_character(event.value)
        if index is not None:
            problem = f"holds the control character U+{ord(event.value[index]):04X}; remove it"
            raise StrictYamlError(problem, line=line)
        if self.stack and self.stack[-1].is_mapping and not self.stack[-1].awaits_value:
            self._add_key(event.value, line)
        else:
            is_plain = bool(event.implicit[0])
            self._add(self._next_path(line), _resolve(event.value) if is_plain else event.value)

    def _add_key(self, key: str, line: int) -> None:
        parent = self.stack[-1]
        path = (*parent.path, key)
        if path in self.lines:
            first = self.lines[path]
            raise StrictYamlError(f"has the key {shown(key)} twice (first on line {first})", line=line)
        self.lines[path] = line
        parent.keys.append(key)
        parent.awaits_value = True

    def _open(self, line: int, *, is_mapping: bool) -> None:
        if self.stack and self.stack[-1].is_mapping and not self.stack[-1].awaits_value:
            raise StrictYamlError("has a list or mapping as a key", line=line)
        if len(self.stack) >= MAX_DEPTH:
            raise StrictYamlError(TOO_DEEP, line=line)
        self.stack.append(_Open(self._next_path(line), is_mapping))

    def _close(self) -> None:
        done = self.stack.pop()
        pairs = zip(done.keys, done.items, strict=True) if done.is_mapping else None
        self._add(done.path, dict(pairs) if pairs is not None else done.items)

    def _next_path(self, line: int) -> Path:
        """Path of the node that starts here; a mapping's entries already have their key's line."""
        if not self.stack:
            path: Path = ()
        elif self.stack[-1].is_mapping:
            path = (*self.stack[-1].path, self.stack[-1].keys[-1])
        else:
            path = (*self.stack[-1].path, len(self.stack[-1].items))
        self.lines.setdefault(path, line)
        return path

    def _add(self, path: Path, node: Any) -> None:
        if not path:
            self.content, self.is_complete = node, True
            return
        parent = self.stack[-1]
        parent.items.append(node)
        parent.awaits_value = False


def _resolve(text: str) -> Scalar:
    """Only what is plainly a number, a truth value or nothing: `no`, `1:30` and dates stay text."""
    if text in NULLS:
        return None
    if text in BOOLEANS:
        return BOOLEANS[text]
    return int(text) if INTEGER.fullmatch(text) else text


def shown(text: str, *, limit: int = 40) -> str:
    """Foreign text, fit for one line of an error message."""
    flat = _printable(text)
    return f"“{flat[:limit]}…”" if len(flat) > limit else f"“{flat}”"


def _one_line(text: str) -> str:
    return _printable(text)[:200]


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "�" for char in " ".join(text.split()))


def _is_noncharacter(code: int) -> bool:
    return code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF
