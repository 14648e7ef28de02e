"""What a run is frozen with: its videos, and for each its script, its gold, its fold, its problem."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Max
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotator.errors import RefusedError
from annotator.models import Batch, GoldLabel, Purpose, Study, Value, Video
from models_app.models import (
    ItemKind,
    Problem,
    ReviewState,
    Run,
    RunItem,
    RunVideo,
    Script,
    ScriptOrigin,
    ScriptReview,
)
from models_app.pipelines.folds import fold_videos
from models_app.specs import Needs, PipelineSettings, PipelineSpec

PART = 500  # keys in one query
NAMED = 10  # how many of something a message names


@dataclass(frozen=True, slots=True)
class Frozen:
    """A scope, before it has a run."""

    rows: list[RunVideo]
    items: list[RunItem]
    scripts: str  # the model whose scripts are read; empty where none are
    n_edits: int  # of these scripts, how many were edited by hand
    problems: dict[str, int]  # how many videos have each, of those that have one

    @property
    def n_problems(self) -> int:
        """Videos of which nothing can be said."""
        return sum(self.problems.values())

    def belongs_to(self, run: Run) -> None:
        """Name the run in every row."""
        for row in self.rows:
            row.run = run
        for item in self.items:
            item.run = run


def freeze(
    *,
    study: Study,
    spec: PipelineSpec,
    settings: PipelineSettings,
    seed: int,
    videos: str,
    video_ids: Collection[int] | None,
    scripts: str,
    approved: bool = False,
) -> Frozen:
    """Everything frozen with a run, or RefusedError where there would be nothing to do.

    approved: only videos whose newest script by the model is approved.
    """
    chosen = chosen_videos(study, videos=videos, video_ids=video_ids)
    if approved and spec.needs == Needs.SCRIPT:
        scripts = chosen_model([video.pk for video in chosen], asked=scripts)
        chosen = _approved(chosen, model=scripts)
    elif approved:
        raise RefusedError(_("%(pipeline)s reads no scripts.") % {"pipeline": spec.name})
    rows = [RunVideo(video_id=video.pk) for video in chosen]
    if spec.needs == Needs.MEDIA:
        _note_media(rows, chosen)
    if spec.needs == Needs.SCRIPT:
        scripts = chosen_model([video.pk for video in chosen], asked=scripts)
        _note_scripts(rows, model=scripts)
    elif scripts:
        raise RefusedError(_("%(pipeline)s reads no scripts.") % {"pipeline": spec.name})
    problems: dict[str, int] = defaultdict(int)
    for row in rows:
        if row.problem:
            problems[str(row.problem)] += 1
    usable = [row for row in rows if not row.problem]
    if not usable:
        raise RefusedError(_nothing_usable(len(rows), problems))
    if spec.learns:
        creators = {video.pk: video.creator_id for video in chosen}
        _note_folds(study, usable, creators, settings=settings, seed=seed)
        folds = sorted({row.fold for row in usable if row.fold is not None})
        items = [RunItem(kind=ItemKind.FOLD, key=fold) for fold in folds]
    else:
        items = [RunItem(kind=ItemKind.VIDEO, key=row.video_id) for row in usable]
    return Frozen(rows, items, scripts, _n_edits(rows), dict(problems))


def chosen_videos(study: Study, *, videos: str, video_ids: Collection[int] | None) -> list[Video]:
    """The active videos asked for: those of a batch, those with these keys, or all of the study."""
    active = Video.objects.active().filter(study=study).order_by("pk")
    active = active.only("pk", "creator_id", "media")
    if video_ids is not None:
        wanted = set(video_ids)
        found = [video for part in _parts(sorted(wanted)) for video in active.filter(pk__in=part)]
        if missing := len(wanted) - len(found):
            text = ngettext(
                "%(n)d of the chosen videos is not in the study, or was withdrawn.",
                "%(n)d of the chosen videos are not in the study, or were withdrawn.",
                missing,
            )
            raise RefusedError(text % {"n": missing})
    elif videos:
        batch = Batch.objects.filter(study=study, name=videos).first()
        if batch is None:
            there = list(study.batches.values_list("name", flat=True)[:NAMED])
            known = _("there are: %s") % ", ".join(there) if there else _("there is none yet")
            raise RefusedError(_("no batch “%(name)s”; %(known)s.") % {"name": videos, "known": known})
        found = list(active.filter(batch=batch))
    else:
        found = list(active)
    if not found:
        raise RefusedError(_("there is no video to work on: the scope is empty."))
    return found


def refuse_scored(rows: Sequence[RunVideo]) -> None:
    """RefusedError unless all the videos are in development batches, which are never scored."""
    for part in _parts([row.video_id for row in rows]):
        if Video.objects.filter(pk__in=part).exclude(batch__purpose=Purpose.DEVELOPMENT).exists():
            raise RefusedError(
                _("a trial works on a batch with the purpose “%(purpose)s” and on nothing else.")
                % {"purpose": Purpose.DEVELOPMENT.label}
            )


def chosen_model(videos: Sequence[int], *, asked: str) -> str:
    """Whose scripts are read: the model asked for, or the only one with scripts of these videos."""
    found: set[str] = set()
    for part in _parts(videos):
        rows = Script.objects.filter(video__in=part)  # no join: before ANALYZE it takes PostgreSQL seconds
        found.update(rows.order_by().values_list("model", flat=True).distinct())
    if not found:
        raise RefusedError(
            _(
                "these videos have no scripts: make some with the pipeline local-script, or bring them in"
                " with import_scripts."
            )
        )
    if asked and asked in found:
        return asked
    known = ", ".join(sorted(found)[:NAMED])
    if asked:
        message = _("no scripts by “%(model)s” of these videos; there are scripts by: %(known)s.")
        raise RefusedError(message % {"model": asked, "known": known})
    if len(found) > 1:
        raise RefusedError(
            _("these videos have scripts by several models: choose one of %(known)s.") % {"known": known}
        )
    return found.pop()


def complete_gold(study: Study, videos: Iterable[int]) -> dict[int, dict[str, int]]:
    """Gold of the videos that have it on every value of the current codebook: slug to stance.

    A label under an earlier version counts where its value kept its meaning; the latest version wins.
    """
    same = set(Value.objects.filter(codebook=study.codebook_id).values_list("slug", "identity"))
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for part in _parts(list(videos)):
        rows = GoldLabel.objects.filter(video__in=part).order_by("value__codebook__number", "pk")
        columns = ("video_id", "value__slug", "value__identity", "stance")
        for video, slug, identity, stance in rows.values_list(*columns):
            if (slug, identity) in same:
                found[video][slug] = stance
    return {video: labels for video, labels in found.items() if len(labels) == len(same)}


def _approved(videos: Sequence[Video], *, model: str) -> list[Video]:
    """Those whose newest script by the model is approved; RefusedError with the numbers where none is."""
    newest: dict[int, int] = {}
    for part in _parts([video.pk for video in videos]):
        found = Script.objects.filter(video__in=part, model=model).newest()
        newest.update(found.values_list("video", "pk"))
    states: Counter[ReviewState] = Counter()
    approved: set[int] = set()
    for part in _parts(sorted(newest.values())):
        verdicts = ScriptReview.objects.verdicts().filter(script__in=part).values_list("script", "state")
        states.update(ReviewState(state) for _script, state in verdicts)
        approved.update(script for script, state in verdicts if state == ReviewState.APPROVED)
    states[ReviewState.UNREVIEWED] = len(newest) - states.total()
    if not approved:
        message = _("none of the %(n)d newest scripts by “%(model)s” is approved: %(why)s.")
        why = ", ".join(f"{state.label.lower()} {n}" for state, n in states.most_common() if n)
        raise RefusedError(message % {"n": len(newest), "model": model, "why": why})
    return [video for video in videos if newest.get(video.pk) in approved]


def _n_edits(rows: Sequence[RunVideo]) -> int:
    keys = [row.script_id for row in rows if row.script_id is not None]
    edits = Script.objects.filter(origin=ScriptOrigin.EDIT)
    return sum(edits.filter(pk__in=part).count() for part in _parts(keys))


def _note_media(rows: Iterable[RunVideo], videos: Iterable[Video]) -> None:
    for row, video in zip(rows, videos, strict=True):
        if not video.media.name:
            row.problem = Problem.NO_MEDIA


def newest_scripts(videos: Sequence[int], *, model: str) -> tuple[dict[int, int], set[int]]:
    """The model's newest script of each video that has one, and those of them that hold no words."""
    newest: dict[int, int] = {}
    for part in _parts(videos):
        found = Script.objects.filter(video__in=part, model=model).order_by().values("video")
        newest.update(found.annotate(newest=Max("pk")).values_list("video", "newest"))
    empty: set[int] = set()
    for part in _parts(sorted(newest.values())):
        texts = Script.objects.filter(pk__in=part).values_list("pk", "text")
        empty.update(pk for pk, text in texts if not text.strip())
    return newest, empty


def _note_scripts(rows: Sequence[RunVideo], *, model: str) -> None:
    """The model's newest script of each video."""
    newest, empty = newest_scripts([row.video_id for row in rows], model=model)
    for row in rows:
        row.script_id = newest.get(row.video_id)
        if row.script_id is None:
            row.problem = Problem.NO_SCRIPT
        elif row.script_id in empty:
            row.problem = Problem.EMPTY_SCRIPT


def _note_folds(
    study: Study,
    rows: Sequence[RunVideo],
    creators: Mapping[int, int | None],
    *,
    settings: Any,
    seed: int,
) -> None:
    """Gold as it is now, and a fold for each video: a group's videos share one."""
    gold = complete_gold(study, (row.video_id for row in rows))
    is_grouped = settings.grouping == "creator"
    # A video of an unknown creator is a group of its own, and each is where nothing is grouped.
    group_of = {row.video_id: (is_grouped and creators[row.video_id]) or -row.video_id for row in rows}
    with_gold = {group_of[video] for video in gold}
    if len(with_gold) < settings.folds:
        raise RefusedError(
            _too_few_gold(len(gold), len(with_gold), n_folds=settings.folds, is_grouped=is_grouped)
        )
    values = Value.objects.filter(codebook=study.codebook_id).order_by("position")
    slugs = list(values.values_list("slug", flat=True))
    for row in rows:
        row.gold = gold.get(row.video_id)
    folds = fold_videos(
        [group_of[row.video_id] for row in rows],
        [[row.gold[slug] for slug in slugs] if row.gold is not None else None for row in rows],
        n_folds=settings.folds,
        seed=seed,
    )
    for row, fold in zip(rows, folds, strict=True):
        row.fold = fold
    if len({row.fold for row in rows if row.gold is not None}) < 2:
        raise RefusedError(
            _("all videos with gold fall into one fold, so that its model would have nothing to learn from.")
        )


def _too_few_gold(n_gold: int, n_groups: int, *, n_folds: int, is_grouped: bool) -> str:
    if is_grouped:
        message = _(
            "%(folds)d folds need gold of at least %(folds)d creators; here %(gold)d videos of %(groups)d"
            " creators have complete gold. Take fewer folds, or make more gold."
        )
    else:
        message = _(
            "%(folds)d folds need at least %(folds)d videos with complete gold; there are %(gold)d."
            " Take fewer folds, or make more gold."
        )
    return message % {"folds": n_folds, "gold": n_gold, "groups": n_groups}


def _nothing_usable(n_videos: int, problems: Mapping[str, int]) -> str:
    text = ngettext(
        "the %(n)d video cannot be worked on: %(why)s.",
        "none of the %(n)d videos can be worked on: %(why)s.",
        n_videos,
    )
    why = "; ".join(f"{Problem(problem).label} ({n})" for problem, n in sorted(problems.items()))
    return text % {"n": n_videos, "why": why}


def _parts(keys: Sequence[int]) -> Iterable[Sequence[int]]:
    return (keys[start : start + PART] for start in range(0, len(keys), PART))
