"""Creators: what is known of them."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from annotator.locks import locked
from annotator.models import Change, Creator, User

EDITABLE = ("name", "genre", "nominated_by", "verified_by", "is_minor")


@transaction.atomic
def edit_creator(*, creator: Creator, fields: Mapping[str, Any], by: User | None) -> None:
    """Change what is known of a creator, and record what it was before."""
    creator = locked(Creator.objects.all()).get(pk=creator.pk)
    wanted = {name: fields[name] for name in EDITABLE if name in fields}
    before = {name: getattr(creator, name) for name in wanted if getattr(creator, name) != wanted[name]}
    if not before:
        return
    for name in before:
        setattr(creator, name, wanted[name])
    creator.save(update_fields=list(before))
    Change.objects.record(
        study=creator.study,
        by=by,
        what="creator.edited",
        before={"creator": creator.code, **before},
        after={"creator": creator.code, **{name: wanted[name] for name in before}},
    )
