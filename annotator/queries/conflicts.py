"""On which values the codings of a video differ, and how far: value by value, never by a mean."""

import enum
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from annotator.labels import ConflictKind, conflict_kind
from annotator.models import Coding


class OpenKind(enum.StrEnum):
    """Why a value has to be decided by somebody; the first three are conflicts."""

    OPPOSED = "opposed"
    PRESENCE = "presence"
    DEGREE = "degree"  # endorsed against dominant: the lower kind
    INCOMPLETE = "incomplete"  # not judged by everybody
    REWRITTEN = "rewritten"  # judged under different wordings of the codebook

    @property
    def is_conflict(self) -> bool:
        """Whether two given stances differ."""
        return self in (OpenKind.OPPOSED, OpenKind.PRESENCE, OpenKind.DEGREE)


KIND_NAMES = {
    OpenKind.OPPOSED: _("endorsed against confronted"),
    OpenKind.PRESENCE: _("absent against something"),
    OpenKind.DEGREE: _("endorsed against dominant"),
    OpenKind.INCOMPLETE: _("not judged by everybody"),
    OpenKind.REWRITTEN: _("judged under different wordings"),
}
_CONFLICTS = {
    ConflictKind.OPPOSED: OpenKind.OPPOSED,
    ConflictKind.PRESENCE: OpenKind.PRESENCE,
    ConflictKind.DEGREE: OpenKind.DEGREE,
}


def counted_codings() -> QuerySet[Coding]:
    """Codings that decide about gold: in a slot, for the purpose of the batch, handed in or set aside."""
    return Coding.objects.filter(
        Q(submitted_at__isnull=False) | Q(set_aside_at__isnull=False),
        slot__isnull=False,
        purpose=F("video__batch__purpose"),
    )


def open_kind(stances: Sequence[int | None], *, identities: Collection[str] = ()) -> OpenKind | None:
    """Why a value is open, given each coder's stance (None: unset) and the identities of its wordings.

    None if everybody gave the same stance under one wording.
    """
    if kind := conflict_kind(stances):
        return _CONFLICTS[kind]
    if not stances or None in stances:
        return OpenKind.INCOMPLETE
    return OpenKind.REWRITTEN if len(set(identities)) > 1 else None


def pattern(stances: Iterable[int | None]) -> str:
    """The stances on a value whoever gave them, "-1,1": equal for two decisions between the same stances."""
    return ",".join(str(int(stance)) for stance in sorted(s for s in stances if s is not None))


def count_open(codings: Sequence[Mapping[str, tuple[int | None, str]]]) -> Counter[OpenKind]:
    """How many values are open, by kind; each coding maps a value's slug to (stance, identity)."""
    slugs = {slug for coding in codings for slug in coding}
    counts: Counter[OpenKind] = Counter()
    for slug in slugs:
        given = [coding.get(slug, (None, "")) for coding in codings]
        identities = {identity for _stance, identity in given if identity}
        if kind := open_kind([stance for stance, _identity in given], identities=identities):
            counts[kind] += 1
    return counts
