"""`add_member SLUG USERNAME --role R`: give somebody a role in a study."""

import sys
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser

from annotator.actions.people import add_member, new_temporary_password
from annotator.management.base import AxialCommand
from annotator.models import Role, User


class Command(AxialCommand):
    """Give somebody a role."""

    help = "Give somebody a role in a study; makes their login if there is none."

    def add_arguments(self, parser: CommandParser) -> None:
        """Who, where, as what."""
        parser.add_argument("slug", help="the study")
        parser.add_argument("username")
        parser.add_argument("--role", required=True, choices=Role.values)
        parser.add_argument("--name", default="", help="their name, for a new login")
        parser.add_argument(
            "--may-create-studies", action="store_true", help="let them make studies of their own on the page"
        )
        parser.add_argument(
            "--password-stdin", action="store_true", help="read the new login's password from standard input"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Add them; a new login without a given password gets a temporary one, printed once."""
        study = self.study(options["slug"])
        username = options["username"]
        is_new = not User.objects.filter(username=username).exists()
        password = self._password() if options["password_stdin"] else None
        temporary = new_temporary_password() if is_new and password is None else None
        membership = add_member(
            study=study,
            username=username,
            role=options["role"],
            password=password or temporary,
            name=options["name"],
            is_temporary=temporary is not None,
            may_create_studies=options["may_create_studies"],
        )
        data = {"study": study.slug, "username": username, "role": membership.role, "created_user": is_new}
        text = f"{username} is {membership.role} in “{study.name}”."
        if options["may_create_studies"]:
            text += " They may make studies of their own."
        if temporary:
            data["temporary_password"] = temporary
            text += f" Temporary password, shown only now: {temporary}"
        self.result(data, text)

    def _password(self) -> str:
        """The first line of standard input; a weak one is accepted, and named."""
        password = sys.stdin.readline().rstrip("\r\n")
        if not password:
            raise CommandError("no password on standard input")
        try:
            validate_password(password)
        except ValidationError as error:
            self.note(f"weak password: {' '.join(error.messages)}")
        return password
