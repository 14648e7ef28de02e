"""Fills a study for benchmarks/web.py, and looks afterwards whether the database holds what coders were told.

    web_study.py load SLUG --videos N [--history N]
    web_study.py check SLUG < what the clients were told, as JSON

Runs beside the server, with the same environment.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import chain, combinations, cycle, islice
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

from django.contrib.auth.hashers import make_password  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.db.models import Count, F, Model  # noqa: E402
from django.utils import timezone  # noqa: E402

from annotator.actions.codebook import freeze_codebook  # noqa: E402
from annotator.actions.comparison import refresh_comparisons  # noqa: E402
from annotator.actions.studies import create_study  # noqa: E402
from annotator.models import (  # noqa: E402
    Batch,
    Change,
    Coding,
    Creator,
    Judgement,
    Membership,
    Mutation,
    QueueCursor,
    Role,
    Slot,
    Study,
    User,
    Video,
)

CODERS, BATCH_SIZE, VIDEOS_PER_CREATOR = 8, 50, 10
PASSWORD = "bench-password-1"  # noqa: S105 - of a database that lives for minutes
DURATION_MS = 15_000
ROWS = 500  # a statement: below the parameters that SQLite and PostgreSQL take
CHUNK = 2_000  # rows a statement, where the database takes as many


def load(slug: str, *, n_videos: int, n_history: int, batch_size: int) -> None:
    """A study of videos in batches, eight coders, and what each of them has coded before."""
    study = create_study(slug=slug, name=f"{n_videos} videos")
    coders = _coders(study)
    _videos(study, n=n_videos, batch_size=batch_size)
    if n_history:
        _history(study, coders=coders, n_each=n_history)
        refresh_comparisons(study=study)
    with connection.cursor() as cursor:  # what a database in use has long since done by itself
        cursor.execute("ANALYZE")


def _coders(study: Study) -> list[User]:
    if not User.objects.filter(username="coder1").exists():
        password = make_password(PASSWORD)
        names = [f"coder{n}" for n in range(1, CODERS + 1)]
        User.objects.bulk_create(User(username=name, password=password) for name in names)
    coders = list(User.objects.filter(username__startswith="coder").order_by("pk"))
    Membership.objects.bulk_create(
        Membership(study=study, user=coder, role=Role.ANNOTATOR) for coder in coders
    )
    return coders


def _videos(study: Study, *, n: int, batch_size: int) -> None:
    n_batches, n_creators = -(-n // batch_size), -(-n // VIDEOS_PER_CREATOR)
    batches = Batch.objects.bulk_create(
        Batch(study=study, name=f"Batch {place}", order=place) for place in range(1, n_batches + 1)
    )
    creators = Creator.objects.bulk_create(
        Creator(study=study, handle=f"creator{place}", code=f"{place:08d}") for place in range(n_creators)
    )
    videos = (
        Video(
            study=study,
            batch=batches[place // batch_size],
            creator=creators[place % n_creators],
            external_id=f"{study.pk}{place:015d}",
            caption="A clip about what matters, and what does not. " * 3,
            hashtags=["fyp", "values"],
            counts={"likes": place},
            media=f"{study.pk}-{place}.mp4",
            sha256=f"{study.pk:08d}{place:056d}",
            duration_ms=DURATION_MS,
            has_audio_stream=True,
            has_sound=True,
        )
        for place in range(n)
    )
    made = Video.objects.bulk_create(videos, batch_size=CHUNK)
    Slot.objects.bulk_create(
        (
            Slot(video=video, n=number, batch_id=video.batch_id, position=video.position)
            for video in made
            for number in range(1, study.coders_per_video + 1)
        ),
        batch_size=CHUNK,
    )


def _history(study: Study, *, coders: list[User], n_each: int) -> None:
    """Each coder has coded so many videos, in changing pairs, batch by batch; with all that saving leaves."""
    chance = random.Random(7)
    n_videos = n_each * len(coders) // study.coders_per_video
    in_order = study.videos.order_by("batch__order", "position")[:n_videos]
    slots: dict[int, list[Slot]] = defaultdict(list)
    for slot in Slot.objects.filter(video__in=in_order.values("pk")).order_by("n"):
        slots[slot.video_id].append(slot)
    teams = cycle(combinations(coders, study.coders_per_video))
    codings, now = [], timezone.now()
    for video, team in zip(in_order, teams, strict=False):
        for slot, coder in zip(slots[video.pk], team, strict=True):
            at = now - timedelta(days=30) + timedelta(seconds=len(codings))
            codings.append(
                Coding(
                    study=study,
                    video=video,
                    coder=coder,
                    slot=slot,
                    codebook=study.codebook,
                    touched_at=at,
                    submitted_at=at,
                    played_ms=DURATION_MS,
                )
            )
    Coding.objects.bulk_create(codings, batch_size=CHUNK)
    Slot.objects.filter(coding__isnull=False).update(is_open=False)
    _judgements(study, codings=codings, chance=chance)
    taken = Counter((coding.slot.batch_id, coding.coder_id) for coding in codings if coding.slot)
    QueueCursor.objects.bulk_create(
        QueueCursor(batch_id=batch, user_id=user, position=chance.randrange(2**31), taken=n)
        for (batch, user), n in taken.items()
    )
    if study.codebook:
        freeze_codebook(codebook=study.codebook, because="the first judgement")


def _judgements(study: Study, *, codings: list[Coding], chance: random.Random) -> None:
    """Judgements with the changes and the remembered requests that made them."""
    values = list(study.codebook.values.all()) if study.codebook else []
    now = timezone.now()
    given = [
        (coding, value, chance.choices((-1, 0, 1), (0.06, 0.76, 0.18))[0])
        for coding in codings
        for value in values
    ]
    judged = {"is_unsure": False, "is_rest": False, "note": "", "revision": 1, "updated_at": now}
    _insert(
        Judgement,
        judged,
        (
            {"coding": coding.pk, "value": value.pk, "stance": s, "first_stance": s}
            for coding, value, s in given
        ),
    )
    _insert(
        Change,
        {"study": study.pk, "what": "judgement.set", "at": now, "before": {"stance": None}},
        (
            {"by": coding.coder_id, "video": coding.video_id, "value": value.slug, "after": {"stance": s}}
            for coding, value, s in given
        ),
    )
    _insert(
        Mutation,
        {"at": now},
        (
            {
                "id": uuid.UUID(int=chance.getrandbits(128)),
                "user": coding.coder_id,
                "about": f"coding:{coding.pk}",
                "answer": {"saved": [{"key": value.slug, "revision": 1, "stance": s}], "conflicts": []},
            }
            for coding, value, s in given
        ),
    )


def _insert(model: type[Model], same: dict[str, Any], rows: Iterable[dict[str, Any]]) -> None:
    """Rows past the ORM, which would take minutes for hundreds of thousands; `same` holds in all of them."""
    rows = iter(rows)
    first = next(rows)
    fixed_fields, fields = ([model._meta.get_field(name) for name in given] for given in (same, first))
    columns = ", ".join(connection.ops.quote_name(field.column) for field in [*fixed_fields, *fields])
    place = f"({', '.join(['%s'] * (len(same) + len(first)))})"
    statement = f"INSERT INTO {model._meta.db_table} ({columns}) VALUES "  # noqa: S608
    fixed = _prepared(fixed_fields, same)
    prepared = (fixed + _prepared(fields, row) for row in chain((first,), rows))
    with connection.cursor() as cursor:
        while some := list(islice(prepared, ROWS)):
            cursor.execute(statement + ", ".join([place] * len(some)), list(chain.from_iterable(some)))


def _prepared(fields: list[Any], row: dict[str, Any]) -> list[Any]:
    """A row's values as the database takes them."""
    named = zip(fields, row.values(), strict=True)
    return [field.get_db_prep_save(value, connection) for field, value in named]


def check(slug: str, told: dict[str, Any]) -> dict[str, Any]:
    """What is wrong in the database, in words; nothing if all is as the coders were told."""
    study = Study.objects.get(slug=slug)
    return {
        "lost": list(islice(_lost(study, told), 20)),
        "over": list(islice(_over(study), 20)),
        "n_codings": study.codings.filter(slot__isnull=False, submitted_at__isnull=False).count(),
        "n_places": Slot.objects.filter(video__study=study).count(),
    }


def _lost(study: Study, told: dict[str, Any]) -> Iterator[str]:
    """Judgements, submissions and their history that a client was told of and the database lacks."""
    codings = {str(coding.pk): coding for coding in study.codings.filter(pk__in=[int(pk) for pk in told])}
    held: dict[str, dict[str, Judgement]] = defaultdict(dict)
    rows = Judgement.objects.filter(coding__in=codings.values()).select_related("value")
    for judgement in rows:
        held[str(judgement.coding_id)][judgement.value.slug] = judgement
    changes = Change.objects.filter(
        study=study, what="judgement.set", video__in=[c.video_id for c in codings.values()]
    )
    recorded = Counter(changes.values_list("video", "by"))
    for pk, claim in told.items():
        if pk not in codings:
            yield f"coding {pk} is gone"
            continue
        coding = codings[pk]
        for key, (stance, revision) in claim["saved"].items():
            row = held[pk].get(key)
            if row is None or (row.stance, row.revision) != (stance, revision):
                yield f"coding {pk}, {key}: told {stance} at revision {revision}, held {row and row.stance}"
            elif claim["is_submitted"] and row.first_stance != stance:
                yield f"coding {pk}, {key}: first submission holds {row.first_stance}, not {stance}"
        if claim["is_submitted"] and coding.submitted_at is None:
            yield f"coding {pk}: told it was submitted"
        if (n := recorded[coding.video_id, coding.coder_id]) != len(claim["saved"]):
            yield f"coding {pk}: {len(claim['saved'])} judgements told, {n} in the history"


def _over(study: Study) -> Iterator[str]:
    """Videos with more coders than the study asks for, a coder twice, or a place that is open and taken."""
    counted = study.codings.filter(slot__isnull=False)
    per_video = counted.values("video").annotate(n=Count("pk"), people=Count("coder", distinct=True))
    for row in per_video.filter(n__gt=study.coders_per_video):
        yield f"video {row['video']}: {row['n']} codings"
    for row in per_video.filter(n__gt=F("people")):
        yield f"video {row['video']}: the same coder twice"
    for slot in Slot.objects.filter(video__study=study, is_open=True, coding__isnull=False):
        yield f"video {slot.video_id}: place {slot.n} is open and taken"
    n_closed = Slot.objects.filter(video__study=study, is_open=False, coding__isnull=True).count()
    if n_closed:
        yield f"{n_closed} places are closed and nobody has them"


def main() -> None:
    """Do as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("load", "check"))
    parser.add_argument("slug")
    parser.add_argument("--videos", type=int, default=0)
    parser.add_argument("--history", type=int, default=0, help="videos that each coder has coded before")
    parser.add_argument("--batch-size", type=int, default=BATCH_SIZE)
    args = parser.parse_args()
    if args.what == "load":
        with transaction.atomic():
            load(args.slug, n_videos=args.videos, n_history=args.history, batch_size=args.batch_size)
    else:
        print(json.dumps(check(args.slug, json.load(sys.stdin))))


if __name__ == "__main__":
    main()
