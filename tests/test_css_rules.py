"""Rules that hold for every style sheet and template of the project."""

import gzip
import hashlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHEETS = sorted((ROOT / "static/css").rglob("*.css"))
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
PHYSICAL = re.compile(
    r"(?<![\w-])(?:(?:margin|padding|border|scroll-margin|scroll-padding)-(?:left|right|top|bottom)"
    r"|border-(?:top|bottom)-(?:left|right)-radius|left|right|top|bottom|min-width|max-width|min-height"
    r"|max-height|width|height)\s*:|(?<![\w-])(?:text-align|float|clear)\s*:\s*(?:left|right)\b"
)
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
INLINE = re.compile(
    r"<style\b|\sstyle\s*=|\son[a-z]+\s*=\s*[\"']|\shx-on|=\s*[\"']?\s*javascript:", re.IGNORECASE
)
INLINE_SCRIPT = re.compile(r"<script\b(?![^>]*\b(?:src=|type=\"application/json\"))", re.IGNORECASE)
ICON = re.compile(r"partials/icon\.html\" with name=\"([\w-]+)\"")


def short(path):
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("line", ["margin-left: 1px", "  left: 0", "text-align: right", "width: 3px"])
def test_physical_properties_are_recognised(line):
    assert PHYSICAL.search(line)


@pytest.mark.parametrize("line", ["margin-inline-start: 1px", "border-inline-start: 0", "stroke-width: 2"])
def test_logical_properties_are_let_through(line):
    assert not PHYSICAL.search(line)


@pytest.mark.parametrize("sheet", SHEETS, ids=short)
def test_sheet_uses_logical_properties(sheet):
    found = PHYSICAL.findall(COMMENT.sub("", sheet.read_text(encoding="utf-8")))
    assert not found, f"{short(sheet)}: {found}"


@pytest.mark.parametrize("sheet", SHEETS, ids=short)
def test_sheet_puts_every_rule_in_a_layer(sheet):
    """A rule outside a layer would win over all that are in one."""
    text = COMMENT.sub("", sheet.read_text(encoding="utf-8"))
    depth, top_level, start = 0, [], 0
    for i, character in enumerate(text):
        if character == "{":
            if depth == 0:
                top_level.append(re.split(r"[;}]", text[start:i])[-1].strip())
            depth += 1
        elif character == "}":
            depth -= 1
            start = i + 1
    assert depth == 0, f"{short(sheet)}: braces do not match"
    stray = [head for head in top_level if not head.startswith(("@layer", "@font-face", "@page"))]
    assert not stray, f"{short(sheet)}: outside a layer: {stray}"


def test_sheets_stay_small_together():
    """All sheets, compressed as they are served; no page loads more than these."""
    together = b"".join(sheet.read_bytes() for sheet in SHEETS)
    assert len(gzip.compress(together)) < 25_000


@pytest.mark.parametrize("template", TEMPLATES, ids=short)
def test_template_obeys_the_content_security_policy(template):
    text = template.read_text(encoding="utf-8")
    assert not INLINE.search(text), INLINE.search(text)
    assert not INLINE_SCRIPT.search(text), INLINE_SCRIPT.search(text)


@pytest.mark.parametrize("template", TEMPLATES, ids=short)
def test_template_names_icons_that_exist(template):
    sprite = (ROOT / "static/img/icons.svg").read_text(encoding="utf-8")
    known = set(re.findall(r'<symbol id="([\w-]+)"', sprite))
    unknown = set(ICON.findall(template.read_text(encoding="utf-8"))) - known
    assert not unknown, f"{short(template)}: {unknown}"


def test_vendored_files_are_as_listed():
    table = (ROOT / "static/vendor/VERSIONS.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\S+/\S+) \| (\S+) \| (\S+) \| (\S+) \| ([0-9a-f]{64}) \|$", table, re.MULTILINE)
    assert len(rows) > 10
    for path, *_, digest in rows:
        found = hashlib.sha256((ROOT / "static" / path).read_bytes()).hexdigest()
        assert found == digest, path


def test_every_vendored_file_is_listed():
    table = (ROOT / "static/vendor/VERSIONS.md").read_text(encoding="utf-8")
    kept = [*(ROOT / "static/fonts").iterdir(), *(ROOT / "static/vendor").iterdir()]
    missing = [path.name for path in kept if path.name != "VERSIONS.md" and path.name not in table]
    assert not missing
