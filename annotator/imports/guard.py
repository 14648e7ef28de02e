"""Text that a spreadsheet would run as a formula: an apostrophe goes before it, and off again on import."""

import re

DANGEROUS = re.compile(r"'*[=+\-@\t\r]")
GUARDED = re.compile(r"'+[=+\-@\t\r]")
FIRST = "'=+-@\t\r"  # looked at before the pattern is: millions of cells pass here
ENDINGS = (".csv", ".tsv", ".xlsx")  # formats that spreadsheets open


def guard(text: str) -> str:
    """The text, safe to open in a spreadsheet; `unguard` gives it back, whatever it was."""
    return "'" + text if text and text[0] in FIRST and DANGEROUS.match(text) else text


def unguard(text: str, *, name: str) -> str:
    """What `guard` was given, if the file of this name is of a kind that it guards."""
    return text[1:] if name.lower().endswith(ENDINGS) and GUARDED.match(text) else text
