"""Gold that was made elsewhere: planned against the gold that is there, then stored."""

from collections import Counter
from collections.abc import Collection, Mapping

from django.utils.translation import gettext as _

from annotator.actions.gold import NewGold
from annotator.actions.gold import import_gold as store_gold
from annotator.actions.label_plan import (
    Mode,
    NewLabels,
    PlannedRow,
    by_video,
    chunks,
    count_videos,
    plan_videos,
    put_videos,
)
from annotator.actions.videos import batch_for
from annotator.blindness import is_bound, unblinded_videos
from annotator.imports.label_rows import LabelFile
from annotator.labels import Stance
from annotator.models import (
    Batch,
    Consolidation,
    ConsolidationState,
    GoldLabel,
    Origin,
    Study,
    User,
    Value,
)
from annotator.queries.conflicts import counted_codings

GOLD_BATCH = "Imported gold"


def plan(*, study: Study, file: LabelFile, mode: Mode) -> NewLabels:
    """What becomes new, stays, or is in the way; errors for whatever the mode does not allow."""
    plan = plan_videos(study=study, file=file)
    known = by_video(plan.rows)
    busy = _in_work(known)
    there = _gold_of(study, known)
    kept = _kept_from(mode.reader, study, known)
    coded = _handed_in(kept)
    taken: list[PlannedRow] = []
    counts: Counter[str] = Counter()
    for planned in plan.rows:
        pk = planned.video.pk if planned.video else 0
        if pk in busy:
            plan.refuse(planned.row, _("somebody is consolidating this video just now."))
            continue
        gold = there.get(pk, {})
        if pk in kept and (gold or pk in coded):
            # Neither whether it is the same nor whether there is any: the coders' agreement may have made it.
            message = _("this video is coded or has gold already, which is kept from you as a coder.")
            plan.refuse(planned.row, message)
            continue
        differing = [slug for slug, stance in planned.row.stances.items() if _differs(gold, slug, stance)]
        if refusal := _refusal(gold, differing, planned, mode=mode):
            slug = differing[0]
            plan.refuse(planned.row, refusal, column=slug, line=planned.row.lines.get(slug, 0))
            continue
        decided = sum(gold[slug].origin == Origin.PERSON for slug in differing)
        counts["n_new"] += sum(slug not in gold for slug in planned.row.stances)
        counts["n_unchanged"] += sum(slug in gold for slug in planned.row.stances) - len(differing)
        counts["n_replaced"] += len(differing)
        counts["n_replaced_decided_here"] += decided
        taken.append(planned)
    plan.rows = taken
    names = ("n_new", "n_unchanged", "n_replaced", "n_replaced_decided_here")
    plan.counts = count_videos(plan) | {name: counts[name] for name in names}
    return plan


def store(*, study: Study, plan: NewLabels, mode: Mode, by: User | None) -> None:
    """Make unknown videos, write what is new or differs; what is the same already is left alone."""
    if any(planned.video is None for planned in plan.rows):
        put_videos(study=study, plan=plan, batch=_batch(study, mode), by=by)
    there = _gold_of(study, by_video(plan.rows))
    values = {value.slug: value for value in Value.objects.filter(codebook=study.codebook_id)}
    gold = []
    for planned in plan.rows:
        video = planned.video
        if video is None:
            continue
        known = there.get(video.pk, {})
        # A label in an older version of the same meaning is replaced where it stands.
        stances: dict[Value, Stance | int] = {
            (known[slug].value if slug in known else values[slug]): stance
            for slug, stance in planned.row.stances.items()
            if stance is not None and (slug not in known or known[slug].stance != stance)
        }
        if stances:
            gold.append(NewGold(video, stances))
    store_gold(study=study, gold=gold, by=by)


def _kept_from(reader: User | None, study: Study, known: Mapping[int, PlannedRow]) -> set[int]:
    """Those of the videos whose labels the reader may not know of."""
    if reader is None or not is_bound(reader, study):
        return set()
    return set(known) - set(unblinded_videos(reader, study).values_list("pk", flat=True))


def _handed_in(videos: Collection[int]) -> set[int]:
    """Those of the videos that somebody has submitted or set aside."""
    found: set[int] = set()
    for part in chunks(list(videos)):
        found.update(counted_codings().filter(video__in=part).values_list("video", flat=True))
    return found


def _batch(study: Study, mode: Mode) -> Batch:
    """Where unknown videos go: unless a batch is named, a closed one, so that nobody is sent to code them."""
    if mode.batch:
        return batch_for(study=study, name=mode.batch)
    found = study.batches.filter(name=GOLD_BATCH).first()
    return found or Batch.objects.create(
        study=study, name=GOLD_BATCH, order=study.batches.count() + 1, is_open=False
    )


def _in_work(known: Mapping[int, PlannedRow]) -> set[int]:
    """Videos whose consolidation is under way."""
    busy: set[int] = set()
    for part in chunks(list(known)):
        rows = Consolidation.objects.filter(video__in=part).exclude(state=ConsolidationState.DONE)
        busy.update(rows.values_list("video", flat=True))
    return busy


def _gold_of(study: Study, known: Mapping[int, PlannedRow]) -> dict[int, dict[str, GoldLabel]]:
    """Present gold by video and slug, of values that mean the same as those of the current version."""
    identities = set(Value.objects.filter(codebook=study.codebook_id).values_list("slug", "identity"))
    found: dict[int, dict[str, GoldLabel]] = {}
    for part in chunks(list(known)):
        labels = GoldLabel.objects.filter(video__in=part).select_related("value")
        for label in labels.order_by("value__codebook__number"):
            if (label.value.slug, label.value.identity) in identities:
                found.setdefault(label.video_id, {})[label.value.slug] = label
    return found


def _differs(gold: Mapping[str, GoldLabel], slug: str, stance: Stance | None) -> bool:
    return slug in gold and stance is not None and gold[slug].stance != stance


def _refusal(
    gold: Mapping[str, GoldLabel], differing: list[str], planned: PlannedRow, *, mode: Mode
) -> str | None:
    """Why gold that is there already may not be replaced by this row."""
    if not differing:
        return None
    slug = differing[0]
    text = _("gold of video %(id)s is %(there)s here, %(new)s in the file") % {
        "id": planned.row.video.external_id,
        "there": gold[slug].stance,
        "new": int(planned.row.stances[slug] or 0),
    }
    if len(differing) > 1:
        text += " " + _("(and differs on %(n)s more values)") % {"n": len(differing) - 1}
    decided = any(gold[slug].origin == Origin.PERSON for slug in differing)
    if decided and not mode.replace_decided:
        return text + "; " + _("a consolidator decided it: --replace-decided overwrites that.")
    if not decided and not (mode.replace or mode.replace_decided):
        return text + "; " + _("--replace overwrites it.")
    return None
