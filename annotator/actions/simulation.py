"""Made-up codings of a realistic shape, to show and measure pages at the size of a real study.

Everything it makes is named as simulated, and so is the study.
"""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from annotator.actions.assignment import open_slots
from annotator.actions.codebook import freeze_codebook
from annotator.actions.comparison import refresh_comparisons
from annotator.actions.people import add_member
from annotator.actions.videos import batch_for
from annotator.errors import RefusedError
from annotator.models import (
    Change,
    Codebook,
    Coding,
    Creator,
    Judgement,
    Purpose,
    Role,
    Slot,
    Study,
    User,
    Value,
    Video,
)

CHUNK = 2000
BATCH_NAME = "Simulated videos"
N_CODERS = 6
# How often a value is endorsed and confronted, common ones first; a codebook with more values goes round.
SHARES = (
    *((0.34, 0.01), (0.30, 0.03), (0.26, 0.02), (0.22, 0.05), (0.20, 0.02), (0.17, 0.04), (0.15, 0.09)),
    *((0.13, 0.02), (0.11, 0.03), (0.10, 0.12), (0.09, 0.02), (0.08, 0.06), (0.07, 0.01), (0.06, 0.08)),
    *((0.05, 0.02), (0.05, 0.01), (0.04, 0.04), (0.03, 0.01), (0.02, 0.02)),
)


@dataclass(frozen=True, slots=True)
class SimulatedLabels:
    """Stances drawn for V values of n videos."""

    creator_of: npt.NDArray[np.intp]  # (n,)
    truth: npt.NDArray[np.int8]  # (n, V)
    codings: npt.NDArray[np.int8]  # (n, coders per video, V)
    teams: npt.NDArray[np.intp]  # (n, coders per video): who of the N_CODERS


@transaction.atomic
def simulate_codings(*, study: Study, n_videos: int, n_creators: int, seed: int) -> list[User]:
    """Fill a study with made-up videos, each coded by as many annotators as the study asks for.

    Creators differ in what they post and in how hard it is to code, so that videos of one creator resemble
    each other; coders differ in care. The mean AC1 comes out near .8. Returns the coders, whose names say
    that they are simulated and who cannot log in.
    """
    if study.codebook is None:
        raise RefusedError(_("This study has no codebook yet."))
    if n_videos < 1 or not 1 <= n_creators <= n_videos:
        raise RefusedError(_("A simulation needs at least one video and no more creators than videos."))
    values = list(study.codebook.values.order_by("position"))
    drawn = draw_labels(
        n_videos=n_videos,
        n_creators=n_creators,
        n_values=len(values),
        n_coders=study.coders_per_video,
        seed=seed,
    )
    Study.objects.filter(pk=study.pk).update(is_simulated=True)
    study.is_simulated = True
    coders = [_coder(study, number) for number in range(1, max(N_CODERS, study.coders_per_video) + 1)]
    videos = _videos(study, drawn, n_creators=n_creators)
    for start in range(0, n_videos, CHUNK):
        _code(study, videos[start : start + CHUNK], drawn, start=start, coders=coders, values=values)
    freeze_codebook(codebook=Codebook.objects.get(pk=study.codebook.pk), because=_("simulated codings"))
    Change.objects.record(
        study=study, by=None, what="study.simulated", after={"n_videos": n_videos, "seed": seed}
    )
    refresh_comparisons(study=study)
    return coders


def draw_labels(
    *, n_videos: int, n_creators: int, n_values: int, n_coders: int, seed: int
) -> SimulatedLabels:
    """Draw what videos show and what coders make of it; the same for the same seed."""
    rng = np.random.default_rng(seed)
    sizes = rng.dirichlet(np.full(n_creators, 3.0))
    creator_of = np.concatenate(
        [np.arange(n_creators), rng.choice(n_creators, size=n_videos - n_creators, p=sizes)]
    )
    creator_of.sort()
    shares = np.array([SHARES[(7 * v) % len(SHARES)] for v in range(n_values)])
    # A creator's own leanings: log-odds around the study's, so that some post a value often and most never.
    lean = rng.normal(0, 1.1, size=(n_creators, n_values, 2))
    odds = np.log(shares / (1 - shares.sum(axis=1, keepdims=True))) + lean[creator_of] - 0.45
    weight = np.exp(odds)
    p = weight / (1 + weight.sum(axis=2, keepdims=True))
    frequency = shares.sum(axis=1)
    u = rng.random((n_videos, n_values))
    truth = np.where(u < p[..., 0], 1, np.where(u < p.sum(axis=2), -1, 0)).astype(np.int8)
    # How likely a coder misses what is there, or sees what is not: by value, creator and coder.
    difficulty = rng.beta(2.2, 3.2, size=n_values)
    opaque = np.exp(rng.normal(0, 0.45, size=n_creators))[creator_of]
    care = np.exp(rng.normal(0, 0.25, size=max(N_CODERS, n_coders)))
    teams = np.argsort(rng.random((n_videos, len(care))), axis=1)[:, :n_coders]
    codings = np.empty((n_videos, n_coders, n_values), dtype=np.int8)
    for seat in range(n_coders):
        scale = (opaque * care[teams[:, seat]])[:, None]
        misses = rng.random(truth.shape) < np.minimum(0.72 * difficulty * scale, 0.9)
        invents = rng.random(truth.shape) < np.minimum(0.27 * difficulty * frequency**0.5 * scale, 0.9)
        flips = rng.random(truth.shape) < 0.03
        invented = np.where(rng.random(truth.shape) < shares[:, 0] / frequency, 1, -1)
        seen = np.where(truth == 0, np.where(invents, invented, 0), np.where(misses, 0, truth))
        codings[:, seat] = np.where(flips & (truth != 0), -truth, seen)
    return SimulatedLabels(creator_of=creator_of, truth=truth, codings=codings, teams=teams)


def _coder(study: Study, number: int) -> User:
    """A coder who cannot log in: the password is unusable."""
    membership = add_member(
        study=study,
        username=f"simulated-{study.slug}-{number}"[:150],
        role=Role.ANNOTATOR,
        name=f"Simulated coder {number}",
    )
    return membership.user


def _videos(study: Study, drawn: SimulatedLabels, *, n_creators: int) -> list[Video]:
    """Videos and creators that say what they are, with their places."""
    creators = Creator.objects.bulk_create(
        [
            Creator(
                study=study, platform="simulated", handle=f"simulated{number:04d}", name=f"Simulated {number}"
            )
            for number in range(1, n_creators + 1)
        ],
        batch_size=CHUNK,
    )
    batch = batch_for(study=study, name=BATCH_NAME)
    videos = Video.objects.bulk_create(
        [
            Video(
                study=study,
                batch=batch,
                platform="simulated",
                external_id=f"simulated-{number:06d}",
                creator=creators[creator],
                caption=_("A simulated video: there is nothing to see."),
            )
            for number, creator in enumerate(drawn.creator_of.tolist(), start=1)
        ],
        batch_size=CHUNK,
    )
    for start in range(0, len(videos), CHUNK):
        open_slots(videos=videos[start : start + CHUNK], batch=batch)
    return videos


def _code(
    study: Study,
    videos: list[Video],
    drawn: SimulatedLabels,
    *,
    start: int,
    coders: list[User],
    values: list[Value],
) -> None:
    """Submitted codings of these videos, the first of them the drawn video ``start``."""
    now = timezone.now()
    slots: dict[int, list[Slot]] = {}
    ids = [video.pk for video in videos]
    for slot in Slot.objects.filter(video__in=ids, is_open=True).order_by("n"):
        slots.setdefault(slot.video_id, []).append(slot)
    codings, stances = [], []
    for number, video in enumerate(videos, start=start):
        for seat, slot in enumerate(slots[video.pk][: drawn.teams.shape[1]]):
            ago = timedelta(minutes=7 * (len(drawn.teams) - number) + seat)
            coding = Coding(
                study=study,
                video=video,
                coder=coders[drawn.teams[number, seat]],
                slot=slot,
                codebook=study.codebook,
                purpose=Purpose.MAIN,  # as the batch was made
                touched_at=now - ago,
                submitted_at=now - ago,
                active_ms=60_000 + 1_000 * ((37 * number + 11 * seat) % 180),
            )
            codings.append(coding)
            stances.append(drawn.codings[number, seat].tolist())
    Coding.objects.bulk_create(codings, batch_size=CHUNK)
    Slot.objects.filter(video__in=ids).update(is_open=False)
    Judgement.objects.bulk_create(
        (
            Judgement(
                coding=coding, value=value, stance=stance, first_stance=stance, revision=1, updated_at=now
            )
            for coding, row in zip(codings, stances, strict=True)
            for value, stance in zip(values, row, strict=True)
        ),
        batch_size=CHUNK,
    )
