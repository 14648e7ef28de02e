"""Documentation that cannot rot: commands, settings, links between documents."""

import argparse
import re
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

from annotator.codebooks.file import load_built_in
from models_app.pipelines.llm.prompts import context_of
from models_app.pipelines.llm.templates import FILTERS
from models_app.specs import SPECS

ROOT = Path(__file__).resolve().parent.parent
OURS = sorted(
    name for name, app in get_commands().items() if app in ("annotator", "models_app", "evaluation")
)
DOCUMENTS = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
DJANGOS = {"help", "version", "verbosity", "settings", "pythonpath", "traceback", "no-color", "force-color"}


def section(name: str) -> str:
    """What docs/commands.md says about a command."""
    text = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
    found = re.search(rf"^## `{name}\b.*?(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return found.group() if found else ""


@pytest.mark.parametrize("name", OURS)
def test_command_is_documented_with_every_option(name):
    command = load_command_class(get_commands()[name], name)
    parser = command.create_parser("manage.py", name)
    options = {
        option.removeprefix("--")
        for action in parser._actions
        for option in action.option_strings
        if option.startswith("--") and action.help != argparse.SUPPRESS
    }
    documented = section(name)
    assert documented, f"docs/commands.md has no section on {name}"
    missing = [o for o in sorted(options - DJANGOS - {"json", "skip-checks"}) if f"--{o}" not in documented]
    assert missing == []


def test_readme_names_every_command():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in OURS if name != "make_demo" and f"`{name} " not in readme] == []


def test_settings_are_documented():
    settings = (ROOT / "config/settings.py").read_text(encoding="utf-8")
    server = (ROOT / "deploy/gunicorn.conf.py").read_text(encoding="utf-8")
    names = set(re.findall(r'env\.\w+\(\s*"(\w+)"', settings)) | set(re.findall(r'get\("(\w+)"', server))
    documented = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    assert names
    assert [name for name in sorted(names) if f"`{name}`" not in documented] == []


@pytest.mark.parametrize("name", SPECS)
def test_pipeline_is_documented_with_its_settings(name):
    text = (ROOT / "docs/pipelines.md").read_text(encoding="utf-8")
    assert f"\n## `{name}`\n" in text
    assert [field for field in SPECS[name].settings.model_fields if f"`{field}`" not in text] == []


def test_what_templates_see_is_documented():
    text = (ROOT / "docs/prompts.md").read_text(encoding="utf-8")
    context = context_of(load_built_in(), given="video", examples="codebook")
    assert [name for name in context if f"`{name}`" not in text] == []
    assert [name for name in FILTERS if name != "d" and f"`{name}`" not in text] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(document):
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)[^)]*\)", document.read_text(encoding="utf-8"))
    assert [link for link in links if not (document.parent / link).exists()] == []
