"""Codings: a row a coding and value."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import Q

from annotator.exports.tables import ExportTable, Wishes, parts, pseudonyms, readable_videos, without_minors
from annotator.exports.writers import Row
from annotator.imports.evidence import write_evidence
from annotator.models import Coding, Evidence, Judgement, Study, User

COLUMNS: dict[str, type] = {
    "video_id": str,
    "platform": str,
    "creator": str,  # the code, never the account
    "coder": str,
    "value": str,
    "stance": int,
    "first_stance": int,
    "unsure": bool,
    "rest": bool,
    "evidence": str,
    "note": str,
    "updated_at": str,
    "counted": bool,
    "batch": str,
    "purpose": str,
    "pass": int,
    "codebook_version": int,
    "started_at": str,
    "submitted_at": str,
    "corrected_at": str,
    "saw_feedback": bool,
    "set_aside": str,
    "set_aside_note": str,
    "coding_note": str,
}


def labels_table(study: Study, wishes: Wishes) -> ExportTable:
    """Every coding that was touched or set aside, corrections and first submissions side by side."""
    videos, left_out = readable_videos(study, wishes)
    videos, minors = without_minors(videos, wishes)
    touched = Q(touched_at__isnull=False) | Q(submitted_at__isnull=False) | Q(set_aside_at__isnull=False)
    ids = list(
        Coding.objects.filter(touched, video__in=videos).order_by("video", "pk").values_list("pk", flat=True)
    )
    coded = Coding.objects.filter(touched, video__in=videos).values_list("video", flat=True).distinct()
    names = pseudonyms(User.objects.filter(codings__study=study), word="coder") if wishes.pseudonyms else None
    return ExportTable(
        columns=COLUMNS,
        rows=lambda: _rows(ids, names=names),
        videos=sorted(set(coded)),
        left_out=left_out | minors,
    )


def _rows(ids: list[int], *, names: dict[int, str] | None) -> Iterator[Row]:
    for part in parts(ids):
        codings = Coding.objects.filter(pk__in=part).select_related(
            "video__creator", "video__batch", "coder", "codebook"
        )
        codings = codings.defer("codebook__document", "video__caption", "video__hashtags", "video__counts")
        evidence: dict[int, list[tuple[int, int | None]]] = defaultdict(list)
        moments = Evidence.objects.filter(judgement__coding__in=part).order_by("start_ms")
        for judgement, start, end in moments.values_list("judgement", "start_ms", "end_ms"):
            evidence[judgement].append((start, end))
        judgements: dict[int, list[dict[str, Any]]] = defaultdict(list)
        given = Judgement.objects.filter(coding__in=part).order_by("coding", "value__position")
        for row in given.values(
            *("pk", "coding", "value__slug", "stance", "first_stance", "is_unsure", "is_rest", "note"),
            "updated_at",
        ):
            judgements[row["coding"]].append(row)
        for coding in codings.order_by("video", "pk"):
            about = _about(coding, names=names)
            for row in judgements[coding.pk]:
                yield about | {
                    "value": row["value__slug"],
                    "stance": row["stance"],
                    "first_stance": row["first_stance"],
                    "unsure": row["is_unsure"],
                    "rest": row["is_rest"],
                    "evidence": write_evidence(evidence[row["pk"]]) if row["pk"] in evidence else "",
                    "note": row["note"],
                    "updated_at": _moment(row["updated_at"]),
                }


def _about(coding: Coding, *, names: dict[int, str] | None) -> dict[str, Any]:
    video = coding.video
    is_submitted = coding.submitted_at is not None and coding.set_aside_at is None
    return {
        "video_id": video.external_id,
        "platform": video.platform,
        "creator": video.creator.code if video.creator else "",
        "coder": coding.coder.username if names is None else names[coding.coder_id],
        "counted": coding.slot_id is not None and is_submitted,
        "batch": video.batch.name if video.batch else "",
        "purpose": coding.purpose,
        "pass": coding.pass_number,
        "codebook_version": coding.codebook.number,
        "started_at": _moment(coding.started_at),
        "submitted_at": _moment(coding.submitted_at),
        "corrected_at": _moment(coding.corrected_at),
        "saw_feedback": coding.saw_feedback,
        "set_aside": coding.set_aside_because,
        "set_aside_note": coding.set_aside_note,
        "coding_note": coding.note,
    }


def _moment(at: datetime | None) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z") if at else ""
