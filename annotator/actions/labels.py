"""Bringing in labels that were made elsewhere: as gold, or as one coder's codings.

The whole file or nothing, unless bad rows may be skipped. Nothing is written before everything has been
checked; a dry run stops there.
"""

from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotator.actions import label_codings, label_gold
from annotator.actions.label_plan import Mode, NewLabels
from annotator.errors import RefusedError
from annotator.imports.errors import RowError
from annotator.imports.label_rows import LabelFile, Use
from annotator.imports.labels import read_labels
from annotator.imports.stances import NamedValue, ValueNames
from annotator.imports.tables import Table
from annotator.locks import locked
from annotator.models import Change, Role, Study, User

MOST_TOLD = 100  # bad rows named in a result


class LabelImportError(RefusedError):
    """A file that was not imported because of its bad rows; it says the first and how many more."""

    def __init__(self, errors: list[RowError]) -> None:
        self.errors = errors
        text = str(errors[0])
        if len(errors) > 1:
            text += " " + _more(len(errors) - 1)
        super().__init__(text)


def _more(n: int) -> str:
    return ngettext(
        "(and %(n)s more bad row; nothing was imported)", "(and %(n)s more bad rows; nothing was imported)", n
    ) % {"n": n}


@dataclass(slots=True)
class LabelReport:
    """What an import did, or would do."""

    use: str
    coder: str
    format: str
    counts: dict[str, int]
    errors: list[RowError] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    is_dry_run: bool = False

    def as_json(self) -> dict[str, Any]:
        """For scripts; bad rows are cut off after a hundred."""
        return {
            "as": self.use if self.use == Use.GOLD else self.coder,
            "format": self.format,
            **self.counts,
            "n_bad_rows": len(self.errors),
            "bad_rows": [
                {"line": error.line, "column": error.column, "message": error.message}
                for error in self.errors[:MOST_TOLD]
            ],
            "ignored_columns": self.ignored,
            "dry_run": self.is_dry_run,
        }


def import_gold(
    *, study: Study, table: Table, mode: Mode | None = None, by: User | None = None, is_dry_run: bool = False
) -> LabelReport:
    """Make a table's labels gold; its videos count as consolidated elsewhere."""
    mode = mode or Mode()
    file = _read(study, table, use=Use.GOLD)
    with transaction.atomic():
        study = _locked(study)
        plan = label_gold.plan(study=study, file=file, mode=mode)
        errors = _checked(file, plan, mode=mode, is_dry_run=is_dry_run)
        if not is_dry_run:
            label_gold.store(study=study, plan=plan, mode=mode, by=by)
            _record(study, plan, file=file, what="gold", by=by)
    return _report(plan, file=file, errors=errors, use=Use.GOLD, coder="", is_dry_run=is_dry_run)


def import_codings(
    *,
    study: Study,
    coder: User,
    table: Table,
    mode: Mode | None = None,
    by: User | None = None,
    is_dry_run: bool = False,
) -> LabelReport:
    """Make a table's labels the coder's codings, submitted where every value has a stance."""
    mode = mode or Mode()
    refuse_unless_annotator(study=study, coder=coder.username)
    file = _read(study, table, use=Use.CODING, coder=mode.coder_in_file, username=coder.username)
    with transaction.atomic():
        study = _locked(study)
        plan = label_codings.plan(study=study, coder=coder, file=file, mode=mode)
        errors = _checked(file, plan, mode=mode, is_dry_run=is_dry_run)
        if not is_dry_run:
            label_codings.store(study=study, coder=coder, plan=plan, mode=mode, by=by)
            _record(study, plan, file=file, what=coder.username, by=by)
    if not is_dry_run:
        label_codings.take_note(study=study, plan=plan)
    return _report(
        plan, file=file, errors=errors, use=Use.CODING, coder=coder.username, is_dry_run=is_dry_run
    )


def refuse_unless_annotator(*, study: Study, coder: str) -> User:
    """The annotator of that name, or RefusedError saying how to make them one."""
    found = User.objects.filter(
        username=coder, memberships__study=study, memberships__role=Role.ANNOTATOR
    ).first()
    if found is None:
        raise RefusedError(
            _(
                "“%(coder)s” is not an annotator of this study; make them one first:"
                " manage.py add_member %(study)s %(coder)s --role annotator"
            )
            % {"coder": coder, "study": study.slug}
        )
    return found


def value_names(study: Study) -> ValueNames:
    """The values of the study's codebook by all the names that files may use."""
    if study.codebook is None:
        raise RefusedError(_("This study has no codebook yet."))
    values = study.codebook.values.order_by("position")
    return ValueNames([NamedValue(value.slug, name=value.name, short=value.short) for value in values])


def _read(study: Study, table: Table, *, use: Use, coder: str = "", username: str = "") -> LabelFile:
    names = value_names(study)
    codebook = study.codebook
    if not table.columns and table.errors:  # JSON of which no line could be read: it has no header to judge
        raise LabelImportError(table.errors)
    return read_labels(
        table,
        names=names,
        use=use,
        allow_dominant=codebook is not None and codebook.allow_dominant,
        coder=coder,
        username=username,
    )


def _locked(study: Study) -> Study:
    """One import at a time in a study, and no new codebook version meanwhile."""
    locked(Study.objects.only("pk")).get(pk=study.pk)
    return Study.objects.select_related("codebook").get(pk=study.pk)


def _checked(file: LabelFile, plan: NewLabels, *, mode: Mode, is_dry_run: bool) -> list[RowError]:
    """All bad rows by line; LabelImportError where they stop the import."""
    errors = sorted([*file.errors, *plan.errors], key=lambda error: error.line)
    if errors and not mode.skip_bad_rows and not is_dry_run:
        raise LabelImportError(errors)
    if not errors and not file.rows:
        raise RefusedError(_("%(name)s: no rows.") % {"name": file.name})
    return errors


def _record(study: Study, plan: NewLabels, *, file: LabelFile, what: str, by: User | None) -> None:
    after = {"as": what, "format": str(file.format), **plan.counts}
    Change.objects.record(study=study, by=by, what="labels.imported", after=after)


def _report(
    plan: NewLabels, *, file: LabelFile, errors: list[RowError], use: Use, coder: str, is_dry_run: bool
) -> LabelReport:
    return LabelReport(
        use=use,
        coder=coder,
        format=file.format,
        counts={**plan.counts, "n_rows_of_other_coders": file.n_of_other_coders},
        errors=errors,
        ignored=file.ignored,
        is_dry_run=is_dry_run,
    )
