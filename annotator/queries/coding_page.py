"""What the coding screen shows, read in a fixed number of queries, and the words that its scripts use."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from annotator.actions.coding import entry, judgements_of, note_entry
from annotator.actions.coding_end import HARDLY
from annotator.labels import Stance
from annotator.models import Codebook, Coding, CodingState, Judgement, Study, User, Value

HUES = 6


@dataclass(frozen=True, slots=True)
class Row:
    """A value with the coder's judgement on it."""

    value: Value
    judgement: Judgement
    moments: int  # pieces of evidence


@dataclass(frozen=True, slots=True)
class Group:
    """Neighbouring values of one higher-order group."""

    name: str
    hue: int
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything a coding holds."""

    groups: list[Group]
    entries: list[dict[str, Any]]  # as the outbox knows them
    n_set: int

    @property
    def is_fresh(self) -> bool:
        """Whether nothing was ever answered: the rows then look the same for everybody."""
        return not any(entry["revision"] for entry in self.entries)

    @property
    def words(self) -> list[str]:
        """All that fresh rows say, so that a page kept for one codebook never serves another."""
        of_groups = [f"{group.name}/{group.hue}" for group in self.groups]
        return of_groups + [
            "/".join((value.slug, value.name, value.short, value.hint, value.group))
            for value in (row.value for row in self.rows)
        ]

    @property
    def rows(self) -> list[Row]:
        """All rows, in the order of the circle."""
        return [row for group in self.groups for row in group.rows]


def read_sheet(coding: Coding) -> Sheet:
    """The coding's rows under their groups, in circular order."""
    judgements = judgements_of(coding)
    places = _places_of_groups(coding.codebook_id)
    groups: list[Group] = []
    last = None
    for judgement in judgements.values():
        slug = judgement.value.group
        if slug != last or not groups:
            name, hue = places.get(slug) or (slug.replace("-", " ").capitalize(), len(groups) % HUES + 1)
            groups.append(Group(name=name, hue=hue, rows=[]))
            last = slug
        row = Row(value=judgement.value, judgement=judgement, moments=len(judgement.evidence.all()))
        groups[-1].rows.append(row)
    entries = [entry(judgement) for judgement in judgements.values()]
    n_set = sum(judgement.stance is not None for judgement in judgements.values())
    return Sheet(groups=groups, entries=entries, n_set=n_set)


def _places_of_groups(codebook_id: int) -> dict[str, tuple[str, int]]:
    """Name and hue of each higher-order group, without loading the codebook's texts."""
    groups = Codebook.objects.filter(pk=codebook_id).values_list("document__groups", flat=True).first()
    return {group["slug"]: (group["name"], place % HUES + 1) for place, group in enumerate(groups or [])}


def script_data(*, study: Study, coding: Coding, sheet: Sheet, user: User) -> dict[str, Any]:
    """What the page's scripts start from."""
    video = coding.video

    def url(name: str) -> str:
        return reverse(f"annotator:{name}", args=(study.slug, coding.pk))

    guide = reverse("annotator:coding_guide", args=(study.slug, coding.codebook.number))
    names = {row.value.slug: row.value for row in sheet.rows}
    return {
        "coding": coding.pk,
        "user": user.pk,
        "state": coding.state,
        "isParked": coding.parked_at is not None,
        "scale": [int(stance) for stance in coding.codebook.scale],
        "rows": [
            {**row, "name": names[row["key"]].name, "short": names[row["key"]].short} for row in sheet.entries
        ],
        "note": note_entry(coding),
        "video": {
            "isHeld": bool(video.media),
            "durationMs": video.duration_ms or 0,
            "isAudible": bool(video.has_audio_stream if video.has_sound is None else video.has_sound),
        },
        "hardly": HARDLY,
        "course": {
            "played_ms": coding.played_ms,
            "heard_ms": coding.heard_ms,
            "active_ms": coding.active_ms,
        },
        "urls": {
            "save": url("coding_save"),
            "submit": url("coding_submit"),
            "park": url("coding_park"),
            "setAside": url("coding_set_aside"),
            "play": url("coding_play"),
            "next": reverse("annotator:coding_next", args=(study.slug,)),
            "peek": reverse("annotator:coding_peek", args=(study.slug,)),
            "guide": f"{guide}?v={coding.codebook.content_hash[:12]}&language={get_language()}",
        },
        "texts": script_texts(get_language() or ""),
    }


@lru_cache
def script_texts(_language: str) -> dict[str, Any]:
    """Words that only scripts put on the page, in the language that is active; to be read only."""
    return {
        "stances": {
            str(int(Stance.CONFRONTED)): _("confronted"),
            str(int(Stance.ABSENT)): _("absent"),
            str(int(Stance.ENDORSED)): _("endorsed"),
            str(int(Stance.DOMINANT)): _("dominant"),
            "null": _("not set"),
        },
        "unsure": _("unsure"),
        "nothingToUndo": _("Nothing to undo."),
        "undone": _("Undone: %(name)s is %(stance)s again."),
        "closed": _("This coding is closed."),
        "noClearing": _("Submitted answers can be changed, but not cleared."),
        "evidenceFull": _("No more moments can be added to this value."),
        "noVideo": _("There is no video here to take the moment from."),
        "removeEvidence": _("Remove the moment %(time)s"),
        "seekEvidence": _("Go to %(time)s"),
        "noteOn": _("Note on %(name)s"),
        "conflict": _("Changed elsewhere meanwhile. There: %(theirs)s. Here: %(mine)s."),
        "keepTheirs": _("Take theirs"),
        "keepMine": _("Keep mine"),
        "refused": _("Not accepted: %(why)s"),
        "discard": _("Discard my change"),
        "guideMissing": _("The codebook could not be loaded. Reload the page to see it."),
        "note": _("note"),
        "evidence": _("evidence"),
        "restLine": _("The other %(n)s become absent: %(names)s."),
        "allSet": _("All %(total)s values have an answer."),
        "givenLine": _("%(n)s of %(total)s values given."),
        "nothingGiven": _("No value is endorsed or confronted."),
        "unsureLine": _("Unsure about: %(names)s."),
        "hardly_played": _("You have played less than half of this video. Submit all the same?"),
        "played_muted": _("You have heard less than half of this video. Submit all the same?"),
        "stillUnset": _("Still without an answer: %(names)s."),
        "manyUnset": _("Still without an answer: %(names)s and %(n)s more."),
        "cannotSubmit": _("Not submitted. %(state)s."),
        "notAnswered": _("Not submitted: the server could not be reached. Nothing is lost; try again."),
        "waitingToSave": _("Saving what is left…"),
        "restAndSubmit": _("Rest is absent: submit"),
        "submit": _("Submit"),
        "submitAnyway": _("Submit all the same"),
        "unparked": _("Taken up again."),
        "offlineAct": _("The server could not be reached. Nothing was changed; try again."),
        "jump": _("Jump to: %(letters)s"),
    }


def state_notice(coding: Coding) -> str:
    """One line on a coding that is not simply in work."""
    return {
        CodingState.CLOSED: _("Closed: a consolidator has begun with this video."),
        CodingState.SET_ASIDE: _("Set aside: this video cannot be coded."),
        CodingState.SUBMITTED: _("Submitted. You can correct it until a consolidator begins."),
        CodingState.PARKED: _("Parked"),
        CodingState.LATE: _("Given back to the pool while untouched: your answers are kept."),
        CodingState.IN_WORK: "",
    }[coding.state]
