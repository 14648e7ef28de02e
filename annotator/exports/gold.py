"""Gold: as labels, as 38 binary labels, and in the form in which the data set is published."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from unicodedata import normalize

from django.db.models import QuerySet

from annotator.exports.tables import ExportTable, Wishes, parts, pseudonyms, readable_videos, without_minors
from annotator.exports.writers import Row
from annotator.labels import Stance
from annotator.models import ConsolidationState, GoldLabel, Study, User, Value, Video

LABEL_COLUMNS: dict[str, type] = {
    "video_id": str,
    "platform": str,
    "creator": str,  # the code, never the account
    "value": str,
    "stance": int,
    "origin": str,
    "was_conflict": bool,
    "predictions_seen": bool,
    "decided_by": str,
    "decided_at": str,
    "codebook_version": int,
}
# How the published data set spells values; others as their slugs, in capitals.
PUBLISHED_NAMES = {
    "power-dominance": "Power_dominance",
    "security-societal": "Security_Social",
    "benevolence-caring": "Benevolence_Care",
}
PUBLISHED_WORDS = {
    Stance.CONFRONTED: "conflict",
    Stance.ABSENT: "",
    Stance.ENDORSED: "present",
    Stance.DOMINANT: "dominant",
}
SHORTEST_NAME = 3  # a shorter one is found in ids by chance


@dataclass(frozen=True, slots=True)
class GoldOfStudy:
    """Reads the gold of the current codebook's values, some videos at a time."""

    study: Study
    values: list[Value]  # of the current version, in the order of the circle

    @classmethod
    def of(cls, study: Study) -> "GoldOfStudy":
        return cls(study, list(Value.objects.filter(codebook=study.codebook_id).order_by("position")))

    def labels(self, videos: list[int]) -> dict[int, dict[str, GoldLabel]]:
        """By video and slug; a label under an earlier version counts where the value kept its meaning."""
        same = {(value.slug, value.identity) for value in self.values}
        found: dict[int, dict[str, GoldLabel]] = defaultdict(dict)
        rows = GoldLabel.objects.filter(video__in=videos).select_related("value__codebook", "decided_by")
        rows = rows.defer("value__codebook__document").order_by("value__codebook__number")
        for label in rows:
            if (label.value.slug, label.value.identity) in same:
                found[label.video_id][label.value.slug] = label
        return found

    def complete(self, videos: QuerySet[Video]) -> list[int]:
        """The videos with gold on every value."""
        slugs = {value.slug for value in self.values}
        same = {(value.slug, value.identity) for value in self.values}
        ids = list(videos.order_by("pk").values_list("pk", flat=True))
        whole = []
        for part in parts(ids):
            had: dict[int, set[str]] = defaultdict(set)
            rows = GoldLabel.objects.filter(video__in=part)
            for video, slug, identity in rows.values_list("video", "value__slug", "value__identity"):
                if (slug, identity) in same:
                    had[video].add(slug)
            whole += [pk for pk in part if had[pk] == slugs]
        return whole


def gold_table(study: Study, wishes: Wishes) -> ExportTable:
    """A row a gold label, with where it comes from."""
    videos, left_out = readable_videos(study, wishes)
    videos, minors = without_minors(videos, wishes)
    ids = list(videos.filter(gold__isnull=False).order_by("pk").values_list("pk", flat=True).distinct())
    people = User.objects.filter(pk__in=GoldLabel.objects.filter(video__study=study).values("decided_by"))
    names = pseudonyms(people, word="consolidator") if wishes.pseudonyms else None
    gold = GoldOfStudy.of(study)
    return ExportTable(LABEL_COLUMNS, lambda: _label_rows(gold, ids, names=names), ids, left_out | minors)


def binary_table(study: Study, wishes: Wishes) -> ExportTable:
    """A row a video, two columns a value: endorsed (x >= 1) and confronted (x = −1)."""
    videos, left_out = readable_videos(study, wishes)
    videos, minors = without_minors(videos, wishes)
    gold = GoldOfStudy.of(study)
    ids = gold.complete(videos.filter(gold__isnull=False).distinct())
    columns: dict[str, type] = {"video_id": str, "platform": str, "creator": str}
    for value in gold.values:
        columns |= {f"{value.slug}:endorsed": int, f"{value.slug}:confronted": int}
    incomplete = videos.filter(gold__isnull=False).distinct().count() - len(ids)
    left_out |= minors | ({"incomplete": incomplete} if incomplete else {})
    return ExportTable(columns, lambda: _binary_rows(gold, ids), ids, left_out)


def published_table(study: Study, wishes: Wishes) -> ExportTable:
    """Only what may leave the lab: ids, labels, creators' codes, whether there is sound.

    Never an account, also not inside a link or an id; only videos that are consolidated and not withdrawn.
    """
    videos, left_out = readable_videos(study, wishes)
    videos, minors = without_minors(videos, wishes)
    gold = GoldOfStudy.of(study)
    settled = videos.filter(consolidation__state=ConsolidationState.DONE)
    ids = gold.complete(settled)
    n_unsettled = videos.count() - len(ids)
    left_out |= minors | ({"not_consolidated": n_unsettled} if n_unsettled else {})
    columns: dict[str, type] = {"1_Link1": str, "Platform": str, "Creator": str, "Has_sound": str}
    columns |= {published_name(value.slug): str for value in gold.values}
    return ExportTable(columns, lambda: _published_rows(gold, ids), ids, left_out)


def published_name(slug: str) -> str:
    """A value's column in the published form."""
    name = PUBLISHED_NAMES.get(slug) or "_".join(word.capitalize() for word in slug.split("-"))
    return f"1_Value1_{name}_values"


def published_id(video: Video) -> str:
    """The video's id, unless it tells the account; then a pseudonym that stays the same."""
    names = (video.creator.handle, video.creator.name) if video.creator else ()
    is_plain = not set(video.external_id) & set("@/:")  # else it is an account or a link
    if is_plain and not any(_tells(video.external_id, name) for name in names):
        return video.external_id
    return "v" + hashlib.sha256(f"{video.study.seed}:{video.pk}".encode()).hexdigest()[:16]


def _tells(external_id: str, name: str) -> bool:
    """Whether a name can be read in an id, however written; a very short one only as a word of its own."""
    if len(name) >= SHORTEST_NAME and name.casefold() in external_id.casefold():
        return True
    plain = _letters(name)
    words = {_letters(word) for word in re.split(r"[\W_]+", external_id)}
    return bool(plain) and (
        plain in words or (len(plain) >= SHORTEST_NAME and plain in _letters(external_id))
    )


def _letters(text: str) -> str:
    """Letters and digits alone, in one case and one width."""
    return "".join(character for character in normalize("NFKC", text).casefold() if character.isalnum())


def _label_rows(gold: GoldOfStudy, ids: list[int], *, names: dict[int, str] | None) -> Iterator[Row]:
    for video, labels in _videos_with_gold(gold, ids):
        for value in gold.values:
            label = labels.get(value.slug)
            if label is None:
                continue
            decided_by = ""
            if label.decided_by is not None and label.decided_by_id is not None:
                decided_by = label.decided_by.username if names is None else names[label.decided_by_id]
            yield _about(video) | {
                "value": value.slug,
                "stance": label.stance,
                "origin": label.origin,
                "was_conflict": label.was_conflict,
                "predictions_seen": label.predictions_seen,
                "decided_by": decided_by,
                "decided_at": label.decided_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "codebook_version": label.value.codebook.number,
            }


def _binary_rows(gold: GoldOfStudy, ids: list[int]) -> Iterator[Row]:
    for video, labels in _videos_with_gold(gold, ids):
        row = _about(video)
        for value in gold.values:
            stance = Stance(labels[value.slug].stance)
            row[f"{value.slug}:endorsed"] = int(stance.is_endorsed)
            row[f"{value.slug}:confronted"] = int(stance.is_confronted)
        yield row


def _published_rows(gold: GoldOfStudy, ids: list[int]) -> Iterator[Row]:
    sound = {True: "yes", False: "no", None: ""}
    for video, labels in _videos_with_gold(gold, ids):
        row: dict[str, Any] = {
            "1_Link1": published_id(video),
            "Platform": video.platform,
            "Creator": video.creator.code if video.creator else "",
            "Has_sound": sound[video.has_sound],
        }
        for value in gold.values:
            row[published_name(value.slug)] = PUBLISHED_WORDS[Stance(labels[value.slug].stance)]
        yield row


def _videos_with_gold(gold: GoldOfStudy, ids: list[int]) -> Iterator[tuple[Video, Mapping[str, GoldLabel]]]:
    for part in parts(ids):
        labels = gold.labels(part)
        videos = Video.objects.filter(pk__in=part).select_related("creator", "study")
        for video in videos.defer("caption", "hashtags", "counts").order_by("pk"):
            yield video, labels.get(video.pk, {})


def _about(video: Video) -> dict[str, Any]:
    return {
        "video_id": video.external_id,
        "platform": video.platform,
        "creator": video.creator.code if video.creator else "",
    }
