"""The Hebrew catalogue is whole, keeps every placeholder, and is the one that pages use."""

import ast
import gettext
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse

from annotator.models import Role
from tests.factories import make_member, make_study, make_user

FOLDER = Path(settings.BASE_DIR) / "locale" / "he" / "LC_MESSAGES"
PLACEHOLDER = re.compile(r"%\(\w+\)[-#0 +]*\d*(?:\.\d+)?[a-zA-Z]|%[sd%]|\{\w*\}|</?[a-z][^>]*>")
READ_BY_MAKEMESSAGES = {".py", ".html", ".txt"}
FORMS_OF_ONE_NUMBER = (0, 1)  # one and two: “a video”, “two videos”; the word may stand for the number


@dataclass
class Entry:
    """One message of a .po file; `texts` holds its plural forms, or the single text under None."""

    msgid: str = ""
    plural: str = ""
    context: str = ""
    is_fuzzy: bool = False
    texts: dict[int | None, str] = field(default_factory=dict)


def read_po(path: Path) -> Iterator[Entry]:
    """The messages of a .po file, without its header; obsolete ones (#~) are not looked at."""
    for block in path.read_text(encoding="utf-8").split("\n\n"):
        entry = read_block(block)
        if entry.msgid:
            yield entry


def read_block(block: str) -> Entry:
    """One message: keywords followed by quoted strings, which may go on over several lines."""
    entry, parts, keyword = Entry(), dict[str, str](), ""
    for line in block.splitlines():
        if line.startswith("#"):
            entry.is_fuzzy |= line.startswith("#,") and "fuzzy" in line
            continue
        if not line.startswith('"'):
            keyword, line = line.split(" ", 1)
        parts[keyword] = parts.get(keyword, "") + ast.literal_eval(line)
    entry.msgid, entry.plural = parts.get("msgid", ""), parts.get("msgid_plural", "")
    entry.context = parts.get("msgctxt", "")
    for word, text in parts.items():
        if word.startswith("msgstr"):
            entry.texts[int(word[7:-1]) if "[" in word else None] = text
    return entry


@pytest.fixture(scope="module")
def entries():
    found = list(read_po(FOLDER / "django.po"))
    assert len(found) > 1000
    return found


@pytest.fixture(scope="module")
def compiled():
    with (FOLDER / "django.mo").open("rb") as file:
        return gettext.GNUTranslations(file)._catalog


@pytest.fixture(scope="module")
def gathered(tmp_path_factory):
    """The messages that `make messages` would find in the code now, gathered in a copy of it."""
    if shutil.which("xgettext") is None:
        pytest.skip("gettext is missing: it reads the texts out of the code (Debian: apt install gettext)")
    copy = tmp_path_factory.mktemp("gathered") / "code"
    ignored = folders_not_translated()
    shutil.copytree(settings.BASE_DIR, copy, symlinks=True, ignore=what_is_not_gathered(ignored))
    shutil.rmtree(copy / "locale", ignore_errors=True)
    (copy / "locale").mkdir()  # without a catalogue, so that nothing is merged or guessed
    arguments = [argument for folder in ignored for argument in ("--ignore", folder)]
    command = [sys.executable, "-m", "django", "makemessages", "-l", "he", "--no-location", "--no-wrap"]
    env = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    done = subprocess.run(  # noqa: S603 - our own interpreter on our own code
        [*command, *arguments], cwd=copy, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = list(read_po(copy / "locale" / "he" / "LC_MESSAGES" / "django.po"))
    assert len(found) > 1000
    return found


def folders_not_translated():
    """Those that the Makefile leaves out."""
    makefile = (Path(settings.BASE_DIR) / "Makefile").read_text(encoding="utf-8")
    found = re.search(r"^NOT_TRANSLATED := \$\(foreach folder,([^,]+),", makefile, re.MULTILINE)
    assert found
    return found[1].split()


def what_is_not_gathered(folders):
    """For copytree: those folders, hidden ones, the data, and files that makemessages does not read."""

    def ignore(folder, names):
        return [
            name
            for name in names
            if name in folders
            or name.startswith(".")
            or (name == "var" and Path(folder) == Path(settings.BASE_DIR))
            or (Path(folder, name).is_file() and Path(name).suffix not in READ_BY_MAKEMESSAGES)
        ]

    return ignore


def keys(entries):
    return {(entry.context, entry.msgid, entry.plural) for entry in entries}


def placeholders(text):
    return Counter(PLACEHOLDER.findall(text))


def has_the_placeholders(entry, form, text):
    """The same ones as the English, but one or two may be told by a word alone."""
    if placeholders(text) == placeholders(entry.plural or entry.msgid):
        return True
    if form not in FORMS_OF_ONE_NUMBER:
        return False
    lacking = placeholders(entry.plural) - placeholders(text)
    return not placeholders(text) - placeholders(entry.plural) and lacking.total() == 1


def test_every_message_is_translated(entries):
    assert [entry.msgid for entry in entries if not all(entry.texts.values())] == []


def test_every_text_of_the_code_is_in_the_catalogue(entries, gathered):
    """Else it shows in English: run `make messages`, then translate."""
    assert sorted(keys(gathered) - keys(entries)) == []


def test_catalogue_holds_no_text_that_has_left_the_code(entries, gathered):
    assert sorted(keys(entries) - keys(gathered)) == []


def test_no_translation_is_a_guess_of_the_tools(entries):
    assert [entry.msgid for entry in entries if entry.is_fuzzy] == []


def test_plural_messages_have_the_four_forms_of_django_s_hebrew(entries):
    forms = {entry.msgid: set(entry.texts) for entry in entries if entry.plural}
    assert forms
    assert {msgid: found for msgid, found in forms.items() if found != {0, 1, 2, 3}} == {}


def test_translations_keep_placeholders_and_markup(entries):
    wrong = [
        (entry.msgid, text)
        for entry in entries
        for form, text in entry.texts.items()
        if not has_the_placeholders(entry, form, text)
    ]
    assert wrong == []


def test_translations_have_no_straight_quotes_that_would_end_an_attribute(entries):
    """Templates put them into attributes unescaped; quotes in Hebrew are ״ and ׳."""
    wrong = [
        text for entry in entries for text in entry.texts.values() if re.search(r"[\"']", without_tags(text))
    ]
    assert wrong == []


def without_tags(text):
    return re.sub(r"<[^>]+>", "", text)


def test_translations_start_and_end_like_the_english(entries):
    """A colon announces something and an ellipsis waits: both have to be there."""
    wrong = [
        (entry.msgid, text)
        for entry in entries
        for text in entry.texts.values()
        if any(entry.msgid.endswith(end) != text.endswith(end) for end in (":", "…", "\n"))
    ]
    assert wrong == []


def test_stances_are_four_different_words(entries):
    words = {entry.msgid: entry.texts[None] for entry in entries if entry.msgid in STANCES}
    assert set(words) == STANCES
    assert len(set(words.values())) == len(STANCES)


STANCES = {"endorsed", "absent", "confronted", "dominant", "not set"}


def test_compiled_catalogue_is_that_of_the_po(entries, compiled):
    expected = {}
    for entry in entries:
        msgid = f"{entry.context}\x04{entry.msgid}" if entry.context else entry.msgid
        for form, text in entry.texts.items():
            expected[msgid if form is None else (msgid, form)] = text
    assert {key: text for key, text in compiled.items() if key} == expected


@pytest.mark.django_db
def test_page_in_hebrew_runs_from_right_to_left(client):
    study = make_study()
    user = make_user("noa")
    make_member(study, Role.RESEARCHER, user=user)
    client.force_login(user)
    page = client.get(reverse("annotator:study_detail", args=[study.slug]), headers={"accept-language": "he"})
    text = page.content.decode()
    assert page.status_code == 200
    assert '<html lang="he" dir="rtl"' in text
    assert "ספר הקידוד" in text
    assert "Codebook" not in text


def test_language_of_a_browser_that_asks_for_english_stays_left_to_right(client):
    page = client.get(reverse("annotator:login"), headers={"accept-language": "en"})
    assert '<html lang="en" dir="ltr"' in page.content.decode()


@pytest.mark.parametrize(
    ("number", "words"), [(1, "סרטון אחד"), (2, "שני סרטונים"), (3, "3"), (20, "20"), (21, "21")]
)
def test_numbers_take_the_hebrew_plural(number, words):
    from django.utils.translation import ngettext, override

    with override("he"):
        assert words in ngettext("%(n)s video", "%(n)s videos", number) % {"n": number}
