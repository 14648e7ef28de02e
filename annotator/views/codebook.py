"""Pages of the codebook: to read, to search, to print, to carry elsewhere and to change."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from annotator.access import StudyRequest, study_view
from annotator.actions.codebook import CodebookError, document_of, install_codebook
from annotator.codebooks.circle import Wheel, WheelValue, wheel
from annotator.codebooks.file import CodebookDiff, CodebookDoc, ValueDoc, diff, dump_codebook
from annotator.forms.codebook import CodebookImportForm
from annotator.models import Codebook, Role, Study


@dataclass(frozen=True)
class Entry:
    """A value with the place of its group in the circle, which decides its hue."""

    value: ValueDoc
    hue: int
    group_names: tuple[str, ...]
    neighbours: tuple[tuple[str, str, str], ...]  # slug, name, what sets it apart


@dataclass(frozen=True)
class GroupEntries:
    """A group with its values, in circular order."""

    name: str
    description: str
    hue: int
    entries: tuple[Entry, ...]


@study_view()
def codebook_detail(request: StudyRequest, study: Study) -> HttpResponse:
    """The codebook as a book: the circle, the rules, the values."""
    codebook = _version(study, request.GET.get("version"))
    doc = document_of(codebook)
    context = {
        "codebook": codebook,
        "is_current": codebook.pk == study.codebook_id,
        "doc": doc,
        "groups": _grouped(doc),
        "stances": [stance for stance in doc.stances if stance.code <= 1 or codebook.allow_dominant],
        "wheel": _wheel(doc),
        "hues": hues(doc),
        "is_researcher": Role.RESEARCHER in request.roles,
    }
    return render(request, "annotator/codebook_detail.html", context)


@study_view()
def codebook_value(request: StudyRequest, study: Study, value: str) -> HttpResponse:
    """One entry, as a fragment for screens that keep the codebook at hand."""
    codebook = _version(study, request.GET.get("version"))
    doc = document_of(codebook)
    entry = next(
        (entry for group in _grouped(doc) for entry in group.entries if entry.value.slug == value), None
    )
    if entry is None:
        raise Http404
    return render(request, "annotator/codebook_value.html", {"entry": entry, "codebook": codebook})


@study_view()
def codebook_export(request: StudyRequest, study: Study) -> HttpResponse:
    """The version as the file that `codebook_import` takes."""
    codebook = _version(study, request.GET.get("version"))
    response = HttpResponse(
        dump_codebook(document_of(codebook)), content_type="application/yaml; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="{study.slug}-codebook-{codebook.number}.yaml"'
    return response


@study_view(Role.RESEARCHER)
def codebook_version_list(request: StudyRequest, study: Study) -> HttpResponse:
    """Every version, newest first, with what changed from the one it is based on."""
    versions = list(study.codebooks.select_related("based_on", "created_by").order_by("-number"))
    rows = [
        {
            "codebook": codebook,
            "diff": _readable(diff(document_of(codebook.based_on), document_of(codebook)))
            if codebook.based_on
            else None,
        }
        for codebook in versions
    ]
    return render(request, "annotator/codebook_version_list.html", {"rows": rows})


@study_view(Role.RESEARCHER)
def codebook_import(request: StudyRequest, study: Study) -> HttpResponse:
    """Look at what a file would change, then make it the current version."""
    current = _version(study, None)
    form = CodebookImportForm(
        request.POST or None,
        request.FILES or None,
        initial={"allow_dominant": current.allow_dominant},
    )
    context = {"form": form, "codebook": current, "preview": None}
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        if "install" in request.POST:
            try:
                new = install_codebook(
                    study=study,
                    doc=form.doc,
                    by=request.user,
                    allow_dominant=given["allow_dominant"],
                    is_editorial=given["is_editorial"],
                    note=given["note"],
                )
            except CodebookError as error:
                form.add_error(None, str(error))
            else:
                messages.success(
                    request,
                    _("Version %(n)d is now in force. Codings begun before go on under theirs.")
                    % {"n": new.number},
                )
                return redirect("annotator:codebook_version_list", study.slug)
        context["preview"] = _readable(diff(document_of(current), form.doc))
        context["doc"] = form.doc
        context["text"] = given["text"]
    return render(request, "annotator/codebook_import.html", context)


def hues(doc: CodebookDoc) -> dict[str, int]:
    """The hue of each group: its place in the codebook's circle, from 1."""
    return {group.slug: n for n, group in enumerate(doc.groups, start=1)}


def _version(study: Study, number: str | None) -> Codebook:
    """The version asked for, else the one in force."""
    if number is None:
        return get_object_or_404(study.codebooks, pk=study.codebook_id)
    if not number.isdecimal():
        raise Http404
    return get_object_or_404(study.codebooks, number=int(number[:9]))


def _grouped(doc: CodebookDoc) -> list[GroupEntries]:
    """The values under their primary groups, groups in the codebook's order; the groupless last."""
    names = {group.slug: group.name for group in doc.groups}
    hue = hues(doc)
    entries = [
        Entry(
            value=value,
            hue=hue.get(value.primary_group or "", 0),
            group_names=tuple(names[slug] for slug in value.groups),
            neighbours=tuple(
                (other.value, doc.value(other.value).name, other.text) for other in value.apart_from
            ),
        )
        for value in doc.in_order
    ]
    groups = [
        GroupEntries(
            name=group.name,
            description=group.description or "",
            hue=hue[group.slug],
            entries=tuple(entry for entry in entries if entry.value.primary_group == group.slug),
        )
        for group in doc.groups
    ]
    loose = tuple(entry for entry in entries if entry.value.primary_group is None)
    if loose:
        groups.append(GroupEntries(name="", description="", hue=0, entries=loose))
    return [group for group in groups if group.entries]


def _wheel(doc: CodebookDoc) -> Wheel:
    """The circle, drawn from the codebook's order and groups."""
    return wheel([WheelValue(value.slug, value.short_name, value.groups) for value in doc.in_order])


def _readable(difference: CodebookDiff) -> dict[str, object]:
    """What a page says of a difference."""
    return {
        "added": difference.of_kind("added"),
        "removed": difference.of_kind("removed"),
        "changed": difference.of_kind("changed"),
        "relabelled": tuple(change for change in difference.of_kind("same") if change.fields),
        "guidelines": tuple(change for change in difference.guidelines if change.kind != "same"),
        "fields": difference.fields,
        "keeps_identities": difference.keeps_identities,
        "is_empty": not (
            difference.fields
            or any(change.kind != "same" or change.fields for change in difference.values)
            or any(change.kind != "same" for change in difference.guidelines)
        ),
    }
