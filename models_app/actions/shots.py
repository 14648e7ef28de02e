"""Gold examples of a run: which videos they are, frozen with their scripts and stances.

So many are kept that each video can be shown enough when its own creator's are left out.
"""

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import TypeGuard

from django.utils.translation import gettext as _

from annotator.errors import RefusedError
from annotator.labels import Stance
from annotator.models import Codebook, Study, Video
from models_app.actions.scope import chosen_model, complete_gold, newest_scripts
from models_app.models import Run, RunShot
from models_app.specs import PipelineSettings, ValuesSettings


@dataclass(frozen=True, slots=True)
class Shots:
    """Examples, before they have a run."""

    rows: list[RunShot] = field(default_factory=list)
    model: str = ""  # whose scripts they are


def shows_gold(settings: PipelineSettings) -> TypeGuard[ValuesSettings]:
    """Whether a run shows gold to its model: then it knows gold as one that learns does."""
    return isinstance(settings, ValuesSettings) and settings.examples == "gold"


def chosen_shots(*, study: Study, codebook: Codebook, settings: PipelineSettings, scripts: str) -> Shots:
    """The examples that a run shows, none where it shows none from gold; RefusedError if there are too few.

    scripts: the model whose scripts are shown; empty where there is only one.
    """
    if not shows_gold(settings):
        return Shots()
    active = Video.objects.active().filter(study=study)
    creators = dict(active.order_by().values_list("pk", "creator_id"))
    gold = complete_gold(study, creators)
    if not gold:
        raise RefusedError(_("gold examples need videos with complete gold; there are none yet."))
    model = chosen_model(sorted(gold), asked=scripts)
    newest, empty = newest_scripts(sorted(gold), model=model)
    usable = [video for video, script in newest.items() if script not in empty]
    # A video of an unknown creator is a group of its own.
    group_of = {video: creators[video] or -video for video in usable}
    taken: list[int] = []
    for video in sorted(usable, key=lambda video: _draw(settings.replicate, video)):
        if _is_enough(taken, group_of, n=settings.shots):
            break
        taken.append(video)
    if not _is_enough(taken, group_of, n=settings.shots):
        raise RefusedError(_too_few(settings.shots, model, len(usable), len(set(group_of.values()))))
    rows = [
        RunShot(number=number, video_id=video, script_id=newest[video], gold=_offered(gold[video], codebook))
        for number, video in enumerate(taken)
    ]
    return Shots(rows, model)


def freeze_shots(run: Run, shots: Shots) -> None:
    """Keep them with the run. Inside the transaction that makes it."""
    for row in shots.rows:
        row.run = run
    RunShot.objects.bulk_create(shots.rows)


def _draw(replicate: int, video: int) -> bytes:
    """The video's place in an order by chance: equal runs of one replicate show equal examples."""
    return hashlib.sha256(f"{replicate} {video}".encode()).digest()


def _is_enough(taken: list[int], group_of: dict[int, int], *, n: int) -> bool:
    """Whether n remain, whichever creator's are left out."""
    sizes = Counter(group_of[video] for video in taken)
    return len(taken) - max(sizes.values(), default=0) >= n


def _offered(gold: dict[str, int], codebook: Codebook) -> dict[str, int]:
    """Dominant is endorsed where the codebook does not offer it any more."""
    highest = max(codebook.scale)
    return {slug: min(Stance(stance), highest).value for slug, stance in gold.items()}


def _too_few(n: int, model: str, n_videos: int, n_groups: int) -> str:
    message = _(
        "%(shots)d gold examples a video, never its own creator's, need more videos with complete gold and a"
        " script by %(model)s: there are %(videos)d, of %(creators)d creators. Take fewer examples, or make"
        " more gold."
    )
    return message % {"shots": n, "model": model, "videos": n_videos, "creators": n_groups}
