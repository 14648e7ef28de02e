"""Who belongs to a study, in which roles, and their first passwords."""

import secrets

from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from annotator.errors import RefusedError
from annotator.locks import locked
from annotator.models import Change, Membership, Role, Slot, Study, User

LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that are mistaken for each other on paper


class PeopleError(RefusedError):
    """Something about people that cannot be done; the message is for the page."""


def new_temporary_password() -> str:
    """A password to be read out or written down once: twelve letters and digits in three groups."""
    groups = ("".join(secrets.choice(LETTERS) for _place in range(4)) for _group in range(3))
    return "-".join(groups)


@transaction.atomic
def add_member(
    *,
    study: Study,
    username: str,
    role: Role | str,
    password: str | None = None,
    name: str = "",
    is_temporary: bool = False,
    may_create_studies: bool = False,
    by: User | None = None,
) -> Membership:
    """Give somebody a role, making their login if there is none; a role already held stays as it is.

    A new login without a password cannot be used until a researcher resets it. A temporary password has to
    be changed at the first login. `may_create_studies` is given here and never taken.
    """
    if role not in Role.values:
        known = ", ".join(Role.values)
        raise PeopleError(_("no role “%(role)s”; there are: %(known)s") % {"role": role, "known": known})
    username = User.normalize_username(username.strip())
    user = User.objects.filter(username=username).first()
    if user is None:
        user = _new_user(username, password=password, name=name, is_temporary=is_temporary)
    elif password is not None and not user.check_password(password):
        raise PeopleError(
            _("“%(username)s” already has a login; their password is not changed here: leave it out.")
            % {"username": username}
        )
    if may_create_studies and not user.can_create_studies:
        user.can_create_studies = True
        user.save(update_fields=["can_create_studies"])
        Change.objects.record(
            study=study, by=by, what="member.may_create_studies", after={"person": user.username}
        )
    membership, is_new = Membership.objects.get_or_create(study=study, user=user, role=role)
    if is_new:
        Change.objects.record(
            study=study, by=by, what="member.added", after={"person": user.username, "role": str(role)}
        )
    return membership


@transaction.atomic
def remove_role(*, study: Study, user: User, role: Role | str, by: User) -> None:
    """Take a role away; what the person did stays. A study keeps at least one researcher."""
    locked(Study.objects.all()).get(pk=study.pk)  # two researchers may remove each other at once
    membership = study.memberships.filter(user=user, role=role).first()
    if membership is None:
        return
    if role == Role.RESEARCHER and study.memberships.filter(role=role).count() == 1:
        raise PeopleError(_("A study keeps at least one researcher: make somebody else one first."))
    membership.delete()
    if role == Role.ANNOTATOR:
        # Places kept for somebody who codes no more would never be filled.
        Slot.objects.filter(video__study=study, reserved_for=user, is_open=True).update(reserved_for=None)
    Change.objects.record(
        study=study, by=by, what="member.removed", before={"person": user.username, "role": str(role)}
    )


def may_reset_password(*, user: User, by: User) -> bool:
    """Whether `by` may give the user a new password: only people who work for `by` and nobody else.

    Otherwise a researcher could take over any account by adding it to a study of their own.
    """
    return user.pk in resettable_by(by)


def resettable_by(by: User) -> set[int]:
    """The keys of all people whose password `by` may reset; never one's own, which is changed instead."""
    others = User.objects.exclude(pk=by.pk)
    if by.is_superuser:
        return set(others.values_list("pk", flat=True))
    led = Study.objects.led_by(by).values("pk")
    elsewhere = Membership.objects.exclude(study__in=led).values("user")
    return set(
        others.filter(is_superuser=False, is_staff=False, can_create_studies=False)
        .filter(memberships__study__in=led)
        .exclude(pk__in=elsewhere)
        .values_list("pk", flat=True)
    )


@transaction.atomic
def reset_password(*, study: Study, user: User, by: User) -> str:
    """Give the user a new temporary password and return it; their sessions end."""
    if not study.memberships.filter(user=user).exists() or not may_reset_password(user=user, by=by):
        raise PeopleError(
            _("%(person)s works elsewhere too: only they, or whoever runs this server, can change it.")
            % {"person": user}
        )
    password = new_temporary_password()
    user.set_password(password)
    user.must_change_password = True
    user.save(update_fields=["password", "must_change_password"])
    Change.objects.record(study=study, by=by, what="member.password_reset", after={"person": user.username})
    return password


def _new_user(username: str, *, password: str | None, name: str, is_temporary: bool) -> User:
    alike = User.objects.filter(username__iexact=username).first()
    if alike:
        raise PeopleError(
            _("“%(username)s” would be mistaken for “%(alike)s”, who has a login already.")
            % {"username": username, "alike": alike.username}
        )
    if password == "":
        raise PeopleError(_("The password is empty."))
    user = User(
        username=username,
        first_name=name,
        password=make_password(password),
        must_change_password=is_temporary,
    )
    try:
        user.full_clean()
    except ValidationError as error:
        raise PeopleError(" ".join(error.messages)) from error
    user.save()
    return user
