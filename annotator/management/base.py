"""What all commands of Axial share: ``--json``, errors of one line, studies found by slug."""

import json
import math
from collections.abc import Mapping
from typing import Any, ClassVar, NoReturn

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from annotator.models import Study

OUR_APPS = ("annotator", "models_app", "evaluation")


class OneLineParser(CommandParser):
    """Says what is wrong with the arguments in one line, without the usage before it."""

    def error(self, message: str) -> NoReturn:
        """End with the line; a caller from Python gets an exception instead."""
        if self.called_from_command_line:
            self.exit(2, f"{self.prog}: {one_line(message)} (see --help)\n")
        raise CommandError(one_line(message))


class AxialCommand(BaseCommand):
    """A command that people script against.

    What our code refuses (any ValueError class of our own) becomes one line on stderr and a non-zero exit.
    Errors of another kind are named in ``refusals``.
    """

    refusals: ClassVar[tuple[type[Exception], ...]] = ()
    as_json = False

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Django's parser with our errors and ``--json``."""
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.__class__ = OneLineParser  # Django builds its own class and offers no hook
        parser.add_argument("--json", action="store_true", help="print the result as JSON")
        return parser

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run the command; turn what it refuses into one line."""
        self.as_json = bool(options.pop("json", False))
        refused: tuple[type[Exception], ...] = (ValueError, *self.refusals)
        try:
            return super().execute(*args, **options)
        except CommandError as error:
            raise CommandError(one_line(str(error)), returncode=error.returncode) from error
        except ValidationError as error:
            raise CommandError(one_line(said(error))) from error
        except refused as error:
            if not isinstance(error, self.refusals) and not _is_ours(error):
                raise  # a bug, not a refusal: it keeps its traceback
            raise CommandError(one_line(str(error))) from error
        except OSError as error:
            if error.filename is None:
                raise
            raise CommandError(one_line(f"{error.filename}: {error.strerror}")) from error

    def study(self, slug: str) -> Study:
        """The study of that slug."""
        try:
            return Study.objects.select_related("codebook").get(slug=slug)
        except Study.DoesNotExist:
            known = list(Study.objects.order_by("slug").values_list("slug", flat=True)[:10])
            there = _("there are: %s") % ", ".join(known) if known else _("there is none yet: create_study")
            raise CommandError(_("no study “%(slug)s”; %(there)s") % {"slug": slug, "there": there}) from None

    def result(self, data: Mapping[str, Any], text: str) -> None:
        """Print what was done: the data with ``--json``, else the text."""
        self.stdout.write(as_json(data) if self.as_json else text)

    def note(self, text: str) -> None:
        """Say something on the way; on stderr, so that the result stays clean."""
        self.stderr.write(text, self.style.NOTICE)


def as_json(data: Any) -> str:
    """JSON in which an undefined number (NaN) is null."""
    return json.dumps(_plain(data), ensure_ascii=False, indent=2, allow_nan=False, default=str)


def one_line(text: str) -> str:
    """The text on one line; line breaks become semicolons."""
    return "; ".join(line for part in text.splitlines() if (line := part.strip().rstrip(";")))


def said(error: ValidationError) -> str:
    """A validation error's messages, each with its field."""
    if not hasattr(error, "error_dict"):
        return "; ".join(error.messages)
    return "; ".join(
        message if field == "__all__" else f"{field}: {message}"
        for field, messages in error.message_dict.items()
        for message in messages
    )


def _is_ours(error: Exception) -> bool:
    return type(error).__module__.partition(".")[0] in OUR_APPS


def _plain(data: Any) -> Any:
    if isinstance(data, Mapping):
        return {str(key): _plain(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_plain(item) for item in data]
    if hasattr(data, "item"):  # a NumPy scalar
        data = data.item()
    if isinstance(data, float) and not math.isfinite(data):
        return None
    return data
