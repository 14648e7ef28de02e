"""What every command shares."""

import io
import json

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from annotator.errors import RefusedError
from annotator.management.base import AxialCommand
from tests.factories import make_study


class Odd(Exception):
    """An error of some other module."""


class Trial(AxialCommand):
    """A command that fails as told."""

    refusals = (Odd,)

    def add_arguments(self, parser):
        parser.add_argument("slug")

    def handle(self, *args, **options):
        slug = options["slug"]
        failures = {
            "refused": RefusedError("row 3: no id\nrow 5: no id"),
            "invalid": ValidationError({"name": ["too long"]}),
            "odd": Odd("odd thing"),
            "bug": ValueError("not ours"),
        }
        if slug in failures:
            raise failures[slug]
        if slug == "file":
            open("/nowhere/at/all.csv")  # noqa: PTH123, SIM115
        study = self.study(slug)
        self.result({"study": study.slug, "se": float("nan"), "n": 2}, f"{study.name}: 2")


def run(*arguments):
    out = io.StringIO()
    call_command(Trial(stdout=out), *arguments)
    return out.getvalue()


@pytest.mark.django_db
def test_result_is_json_with_null_for_undefined():
    make_study("values", name="Values")
    assert json.loads(run("values", "--json")) == {"study": "values", "se": None, "n": 2}
    assert run("values") == "Values: 2\n"


@pytest.mark.parametrize(
    ("slug", "line"),
    [
        ("refused", "row 3: no id; row 5: no id"),
        ("invalid", "name: too long"),
        ("odd", "odd thing"),
        ("file", "/nowhere/at/all.csv: No such file or directory"),
    ],
)
def test_refusal_becomes_one_line(slug, line):
    with pytest.raises(CommandError) as caught:
        run(slug)
    assert str(caught.value) == line


def test_bug_keeps_its_traceback():
    with pytest.raises(ValueError, match="not ours"):
        run("bug")


@pytest.mark.django_db
def test_unknown_study_is_named_with_those_that_exist():
    make_study("values")
    with pytest.raises(CommandError, match="no study “value”; there are: values"):
        run("value")


def test_wrong_argument_ends_with_one_line(capsys):
    with pytest.raises(SystemExit) as caught:
        Trial().run_from_argv(["manage.py", "trial", "a", "--unknown"])
    assert caught.value.code == 2
    assert capsys.readouterr().err == "manage.py trial: unrecognized arguments: --unknown (see --help)\n"
