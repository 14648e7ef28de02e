"""The log of changes as people read it: who may see which entry, and what it says in words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotator.actions.exposure import record_sight
from annotator.blindness import is_bound, unblinded_videos
from annotator.models import Change, Role, Seen, Study, User
from annotator.templatetags.moments import clock

SENTENCES: Mapping[str, Promise] = {
    "batch.created": gettext_lazy("made a batch"),
    "batch.edited": gettext_lazy("changed a batch"),
    "batch.filled": gettext_lazy("put videos into a batch"),
    "batch.released": gettext_lazy("released a batch: coders see where they differed"),
    "codebook.frozen": gettext_lazy("began to use the codebook, which froze it"),
    "codebook.installed": gettext_lazy("installed a codebook version"),
    "coding.imported": gettext_lazy("imported a coding"),
    "coding.rest_absent": gettext_lazy("set the rest to absent"),
    "coding.set_aside": gettext_lazy("set the video aside"),
    "coding.submitted": gettext_lazy("submitted a coding"),
    "coding.taken_back": gettext_lazy("took the video back to code it after all"),
    "consolidation.claimed": gettext_lazy("began to consolidate"),
    "consolidation.finished": gettext_lazy("finished consolidating"),
    "consolidation.released": gettext_lazy("gave the video back to the queue"),
    "consolidation.reopened": gettext_lazy("reopened the consolidation"),
    "consolidation.set_aside": gettext_lazy("settled that the video cannot be coded"),
    "consolidation.taken_over": gettext_lazy("took a consolidation over"),
    "creator.edited": gettext_lazy("changed a creator"),
    "decision.set": gettext_lazy("decided"),
    "export.downloaded": gettext_lazy("downloaded an export"),
    "export.written": gettext_lazy("wrote an export on the server"),
    "gold.replaced": gettext_lazy("replaced gold"),
    "gold.set": gettext_lazy("made gold"),
    "gold.withdrawn": gettext_lazy("withdrew gold"),
    "judgement.corrected": gettext_lazy("corrected a judgement after submitting"),
    "judgement.set": gettext_lazy("judged"),
    "labels.imported": gettext_lazy("imported labels"),
    "member.added": gettext_lazy("gave somebody a role"),
    "member.may_create_studies": gettext_lazy("let somebody make studies"),
    "member.password_reset": gettext_lazy("reset somebody's password"),
    "member.removed": gettext_lazy("took a role away"),
    "question.answered": gettext_lazy("answered a question"),
    "question.asked": gettext_lazy("asked the coders a question"),
    "run.cancelled": gettext_lazy("cancelled a run"),
    "run.paused": gettext_lazy("paused a run"),
    "run.resumed": gettext_lazy("went on with a run"),
    "run.retried": gettext_lazy("retried what had failed in a run"),
    "run.started": gettext_lazy("started a run"),
    "script.edited": gettext_lazy("edited a script"),
    "script.gap_marked": gettext_lazy("marked a gap in a script"),
    "script.gap_removed": gettext_lazy("took back a gap in a script"),
    "script.review_changed": gettext_lazy("changed their review of a script"),
    "script.reviewed": gettext_lazy("reviewed a script"),
    "slot.expired": gettext_lazy("lost an untouched place, which went back to the pool"),
    "slot.reassigned": gettext_lazy("took a place from its coder"),
    "slot.reserved": gettext_lazy("kept a place for somebody"),
    "study.created": gettext_lazy("made the study"),
    "study.set": gettext_lazy("changed a setting"),
    "study.simulated": gettext_lazy("filled the study with simulated data"),
    "video.added": gettext_lazy("added the video"),
    "video.media-replaced": gettext_lazy("replaced the video's file"),
    "video.media-stored": gettext_lazy("stored the video's file"),
    "video.updated": gettext_lazy("changed what is known of the video"),
    "video.withdrawn": gettext_lazy("withdrew the video"),
}
KINDS: Mapping[str, Promise] = {
    "study": gettext_lazy("Settings"),
    "member": gettext_lazy("People"),
    "codebook": gettext_lazy("Codebook"),
    "video": gettext_lazy("Videos"),
    "creator": gettext_lazy("Creators"),
    "batch": gettext_lazy("Batches"),
    "slot": gettext_lazy("Assignment"),
    "coding": gettext_lazy("Codings"),
    "judgement": gettext_lazy("Judgements"),
    "consolidation": gettext_lazy("Consolidation"),
    "decision": gettext_lazy("Decisions"),
    "question": gettext_lazy("Questions"),
    "gold": gettext_lazy("Gold"),
    "labels": gettext_lazy("Imports of labels"),
    "run": gettext_lazy("Runs"),
    "script": gettext_lazy("Scripts"),
    "export": gettext_lazy("Exports"),
}
# What tells nothing of anybody's labels; all else is hidden from whoever blindness binds.
HARMLESS = ("study", "member", "codebook", "video", "creator", "batch", "slot", "run")
NAMES_ONLY = ("video.updated",)  # what a caption said is not repeated, that it changed is told
# Kept in the log, told nowhere: what a reviewer of scripts said is not for the next one's eyes.
UNTOLD = ("script.reviewed", "script.review_changed", "script.gap_marked", "script.gap_removed")
NOTHING = ((None, None), (None, ""), ("", None), ("", ""))  # a field left empty is not told of
# What I did myself but tells what was there before, which may be somebody else's.
TELLING = ("gold.replaced", "gold.withdrawn")
# By how what happened begins: what its reader has seen of the video.
SIGHTS = {
    "judgement.": Seen.CODINGS,
    "coding.rest_absent": Seen.CODINGS,
    "question.answered": Seen.CODINGS,
    "decision.": Seen.GOLD,
    "gold.": Seen.GOLD,
}


@dataclass(frozen=True, slots=True)
class Move:
    """One thing that went from here to there."""

    name: str
    before: Any
    after: Any
    is_stance: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """A change in words."""

    change: Change
    sentence: str
    moves: list[Move] = field(default_factory=list)
    text: str = ""

    @property
    def value(self) -> str:
        """The value it is about, unless one of the moves says so already."""
        return "" if any(move.name == self.change.value for move in self.moves) else self.change.value


def changes_for(user: User, study: Study) -> QuerySet[Change]:
    """The changes that the user may see: all, for a researcher who does not code."""
    changes = Change.objects.filter(study=study)
    if Role.RESEARCHER not in study.roles_of(user):
        return changes.none()
    if not is_bound(user, study):
        return changes
    seen = (Q(by=user) & ~Q(what__in=TELLING)) | Q(video__in=unblinded_videos(user, study))
    for kind in HARMLESS:
        seen |= Q(what__startswith=f"{kind}.")
    return changes.filter(seen)


def in_words(changes: Iterable[Change]) -> list[Entry]:
    """Each change as an entry."""
    return [_entry(change) for change in changes]


def record_sights(entries: Iterable[Entry], *, user: User) -> None:
    """Write down on which videos the reader has now seen others' labels."""
    videos: dict[Seen, set[int]] = {}
    for entry in entries:
        change = entry.change
        seen = next((kind for begins, kind in SIGHTS.items() if change.what.startswith(begins)), None)
        if seen and change.video_id and change.by_id != user.pk:
            videos.setdefault(seen, set()).add(change.video_id)
    for seen, keys in videos.items():
        record_sight(user=user, videos=keys, kind=seen)


def _entry(change: Change) -> Entry:
    sentence = str(SENTENCES.get(change.what, change.what.replace(".", " ").replace("_", " ")))
    before, after = change.before, change.after
    if change.what in UNTOLD:
        return Entry(change, sentence)
    if isinstance(before, dict) or isinstance(after, dict):
        return Entry(change, sentence, moves=_moves(change, before=_as_dict(before), after=_as_dict(after)))
    if isinstance(after, list):
        return Entry(change, sentence, text=", ".join(map(str, after)))
    return Entry(change, sentence, text="" if after is None else str(after))


def _moves(change: Change, *, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Move]:
    of_labels = change.what.startswith("gold.")
    return [
        Move(
            name=_name(change, key),
            before=_shown(before.get(key)),
            after=_shown(after.get(key)),
            is_stance=key == "stance" or (of_labels and key not in ("because", "origin")),
        )
        for key in dict.fromkeys((*before, *after))
        if change.what in NAMES_ONLY or (before.get(key), after.get(key)) not in NOTHING
    ]


def _name(change: Change, key: str) -> str:
    return change.value if key == "stance" and change.value else key.replace("_", " ")


def _as_dict(given: Any) -> Mapping[str, Any]:
    if isinstance(given, dict):
        return given
    return {} if given is None else {"": given}


def _shown(given: Any) -> Any:
    """A number stays one, for the sign of a stance; what people do not say is said for them."""
    if given in ("", []):
        return None
    if isinstance(given, bool):
        return _("yes") if given else _("no")
    if isinstance(given, list):
        return ", ".join(str(_shown(item)) for item in given)
    if isinstance(given, dict) and "start_ms" in given:
        return _moment(given)
    if isinstance(given, dict):
        return ", ".join(f"{key} {_shown(item)}" for key, item in given.items())
    return given


def _moment(evidence: Mapping[str, Any]) -> str:
    """Where in the video a judgement points."""
    ends = [evidence["start_ms"], evidence.get("end_ms")]
    return "–".join(clock(end) for end in ends if end is not None)
