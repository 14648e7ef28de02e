"""Making a study and changing its settings."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from annotator.actions.codebook import builtin_codebook, install_codebook
from annotator.actions.coders_per_video import set_coders_per_video
from annotator.actions.people import add_member
from annotator.codebooks.file import CodebookDoc
from annotator.errors import RefusedError
from annotator.locks import locked
from annotator.models import Change, Role, Study, User


class StudyError(RefusedError):
    """A study that cannot be made or changed that way; the message is for the page."""


@transaction.atomic
def create_study(
    *,
    slug: str,
    name: str,
    by: User | None = None,
    codebook: CodebookDoc | None = None,
    allow_dominant: bool = False,
    coders: int = 2,
    **fields: Any,
) -> Study:
    """A new study with its codebook (the built-in one unless given); whoever makes it leads it."""
    if Study.objects.filter(slug=slug).exists():
        raise StudyError(_("there is already a study with the address “%s”") % slug)
    study = Study(slug=slug, name=name, coders_per_video=coders, **fields)
    study.full_clean(exclude=["codebook"])
    study.save()
    Change.objects.record(study=study, by=by, what="study.created", after={"slug": slug, "name": name})
    install_codebook(
        study=study,
        doc=codebook or builtin_codebook(),
        by=by,
        allow_dominant=True if allow_dominant else None,
    )
    if by is not None:
        add_member(study=study, username=by.username, role=Role.RESEARCHER, by=by)
    study.refresh_from_db()
    return study


@transaction.atomic
def update_study(*, study: Study, by: User, **fields: Any) -> dict[str, Any]:
    """Change settings, each change logged; returns the settings that did change, with what they were."""
    study = locked(Study.objects.all()).get(pk=study.pk)
    coders = fields.pop("coders_per_video", study.coders_per_video)
    before = {name: getattr(study, name) for name, new in fields.items() if getattr(study, name) != new}
    for name in before:
        setattr(study, name, fields[name])
    try:
        study.clean_fields(exclude=["codebook"])
    except ValidationError as error:
        raise StudyError("; ".join(error.messages)) from error
    study.save(update_fields=list(before))
    for name, old in before.items():
        Change.objects.record(
            study=study, by=by, what="study.set", before={name: old}, after={name: fields[name]}
        )
    if coders != study.coders_per_video:
        before["coders_per_video"] = study.coders_per_video
        set_coders_per_video(study=study, coders=coders, by=by)
    return before
