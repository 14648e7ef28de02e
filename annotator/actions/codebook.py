"""Codebook versions: installed, frozen by first use, never changed afterwards."""

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from annotator.codebooks.file import (
    CodebookDoc,
    ValueDoc,
    codebook_from_dict,
    codebook_hash,
    codebook_to_dict,
    content_hash,
    diff,
    load_built_in,
)
from annotator.errors import RefusedError
from annotator.locks import locked
from annotator.models import Change, Codebook, Study, User, Value


class CodebookError(RefusedError):
    """A version that cannot be installed; the message is for the page."""


def builtin_codebook() -> CodebookDoc:
    """Schwartz's 19 values, as Axial ships them."""
    return load_built_in()


def document_of(codebook: Codebook) -> CodebookDoc:
    """The codebook's texts."""
    return codebook_from_dict(codebook.document)


@transaction.atomic
def install_codebook(
    *,
    study: Study,
    doc: CodebookDoc,
    by: User | None = None,
    allow_dominant: bool | None = None,
    is_editorial: bool = False,
    note: str = "",
) -> Codebook:
    """Make a document the study's current version.

    Older versions stay with the codings made under them. An editorial version keeps the identity of every
    value, so that judgements under both may be pooled; it may therefore neither add nor remove values, nor
    change the stances on offer.
    """
    study = locked(Study.objects.all()).get(pk=study.pk)
    current = Codebook.objects.get(pk=study.codebook_id) if study.codebook_id else None
    dominant = doc.allow_dominant if allow_dominant is None else allow_dominant
    if is_editorial:
        _refuse_if_more_than_editorial(current, doc=doc, dominant=dominant)
    last = study.codebooks.aggregate(last=Max("number"))["last"] or 0
    codebook = Codebook.objects.create(
        study=study,
        number=last + 1,
        name=doc.name,
        document=codebook_to_dict(doc),
        content_hash=codebook_hash(doc),
        allow_dominant=dominant,
        is_editorial=is_editorial,
        based_on=current,
        note=note,
        created_by=by,
    )
    kept = _identities(current, is_editorial=is_editorial)
    Value.objects.bulk_create(
        _value(codebook, doc=doc, value=value, position=position, kept=kept)
        for position, value in enumerate(doc.in_order, start=1)
    )
    study.codebook = codebook
    study.save(update_fields=["codebook"])
    Change.objects.record(
        study=study,
        by=by,
        what="codebook.installed",
        before={"version": current.number} if current else None,
        after={"version": codebook.number, "name": doc.name, "editorial": is_editorial, "note": note},
    )
    return codebook


def freeze_codebook(*, codebook: Codebook, because: str) -> None:
    """Keep the version from being replaced: it has been used. Does nothing the second time."""
    if codebook.frozen_at:
        return
    now = timezone.now()
    if Codebook.objects.filter(pk=codebook.pk, frozen_at=None).update(frozen_at=now, frozen_by_what=because):
        Change.objects.record(
            study=codebook.study,
            by=None,
            what="codebook.frozen",
            after={"version": codebook.number, "because": because},
        )
    codebook.frozen_at = now


def _refuse_if_more_than_editorial(current: Codebook | None, *, doc: CodebookDoc, dominant: bool) -> None:
    """An editorial version corrects typing; anything that a coder would decide by is more than that."""
    if current is None:
        raise CodebookError(_("There is no version yet that an editorial one could correct."))
    changes = diff(document_of(current), doc)
    for kind in ("added", "removed"):
        if slugs := [change.slug for change in changes.of_kind(kind)]:
            message = {
                "added": _("An editorial version keeps all values; this one adds %(values)s."),
                "removed": _("An editorial version keeps all values; this one leaves out %(values)s."),
            }[kind]
            raise CodebookError(message % {"values": ", ".join(slugs)})
    if dominant != current.allow_dominant:
        raise CodebookError(
            _("An editorial version keeps the stances on offer; this one changes “dominant”.")
        )


def _identities(current: Codebook | None, *, is_editorial: bool) -> dict[str, str]:
    """The identities that an editorial version keeps; a value with the same content keeps its own anyway."""
    if current is None:
        return {}
    values = current.values.all()
    if is_editorial:
        return {value.slug: value.identity for value in values}
    return {f"{value.slug} {value.content_hash}": value.identity for value in values}


def _value(
    codebook: Codebook, *, doc: CodebookDoc, value: ValueDoc, position: int, kept: dict[str, str]
) -> Value:
    """The row of one entry."""
    hash_ = content_hash(value)
    identity = kept.get(value.slug) or kept.get(f"{value.slug} {hash_}") or hash_
    return Value(
        codebook=codebook,
        slug=value.slug,
        name=value.name,
        short=value.short_name,
        hint=value.hint or "",
        position=position,
        group=value.primary_group or "",
        content_hash=hash_,
        identity=identity,
    )
