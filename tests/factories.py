"""Rows for tests, made directly: short to write, and free of the actions under test."""

import itertools
from collections.abc import Mapping, Sequence

from django.utils import timezone

from annotator.models import (
    Batch,
    Codebook,
    Coding,
    Creator,
    Judgement,
    Membership,
    Role,
    Slot,
    Study,
    User,
    Value,
    Video,
)

SCHWARTZ = [
    "self-direction-thought",
    "self-direction-action",
    "stimulation",
    "hedonism",
    "achievement",
    "power-dominance",
    "power-resources",
    "face",
    "security-personal",
    "security-societal",
    "tradition",
    "conformity-rules",
    "conformity-interpersonal",
    "humility",
    "benevolence-dependability",
    "benevolence-caring",
    "universalism-concern",
    "universalism-nature",
    "universalism-tolerance",
]

_numbers = itertools.count(1)


def make_user(username: str | None = None, *, password: str = "a-long-password", **fields) -> User:
    """A user who can log in."""
    return User.objects.create_user(username or f"user{next(_numbers)}", password=password, **fields)


def make_codebook(
    study: Study, *, slugs: Sequence[str] = SCHWARTZ, dominant: bool = False, number: int = 1
) -> Codebook:
    """A codebook version with its values; becomes the study's current one."""
    codebook = Codebook.objects.create(
        study=study,
        number=number,
        name="Values",
        document=_document(slugs, dominant=dominant),
        content_hash=f"{number:064d}",
        allow_dominant=dominant,
    )
    Value.objects.bulk_create(
        Value(
            codebook=codebook,
            slug=slug,
            name=slug.replace("-", " ").capitalize(),
            short=slug[:40],
            position=position,
            group=f"group-{(position - 1) * 4 // len(slugs) + 1}",
            content_hash=f"{slug:_<64}",
            identity=f"{slug:_<64}",
        )
        for position, slug in enumerate(slugs, start=1)
    )
    study.codebook = codebook
    study.save()
    return codebook


def _document(slugs: Sequence[str], *, dominant: bool) -> dict:
    """The least that a codebook's file can say of its values."""
    values = [
        {
            "slug": slug,
            "name": slug.replace("-", " ").capitalize(),
            "position": n,
            "definition": f"Of {slug}.",
        }
        for n, slug in enumerate(slugs, start=1)
    ]
    return {"slug": "values", "name": "Values", "allow_dominant": dominant, "values": values}


def make_study(
    slug: str | None = None,
    *,
    slugs: Sequence[str] = SCHWARTZ,
    dominant: bool = False,
    **fields,
) -> Study:
    """A study with a codebook of the shortest texts."""
    slug = slug or f"study-{next(_numbers)}"
    study = Study.objects.create(slug=slug, name=fields.pop("name", slug.title()), **fields)
    make_codebook(study, slugs=slugs, dominant=dominant)
    return study


def make_member(study: Study, *roles: Role, user: User | None = None) -> User:
    """A user holding the roles in the study."""
    user = user or make_user()
    Membership.objects.bulk_create(Membership(study=study, user=user, role=role) for role in roles)
    return user


def make_batch(study: Study, name: str | None = None, **fields) -> Batch:
    """A batch after all others."""
    order = fields.pop("order", study.batches.count() + 1)
    return Batch.objects.create(study=study, name=name or f"Batch {order}", order=order, **fields)


def make_video(
    study: Study, *, batch: Batch | None = None, creator: str | None = None, slots: bool = True, **fields
) -> Video:
    """A video known by its id, in a batch, with its slots open."""
    if batch is None:
        batch = study.batches.first() or make_batch(study)
    if creator is not None:
        fields["creator"], _ = Creator.objects.get_or_create(study=study, handle=creator)
    video = Video.objects.create(
        study=study,
        batch=batch,
        external_id=fields.pop("external_id", None) or f"{7_300_000_000_000_000_000 + next(_numbers)}",
        **fields,
    )
    if slots:
        Slot.objects.bulk_create(
            Slot(video=video, n=n, batch=batch, position=video.position)
            for n in range(1, study.coders_per_video + 1)
        )
    return video


def make_coding(
    video: Video,
    coder: User,
    stances: Mapping[str, int | None] | None = None,
    *,
    rest: int | None = 0,
    submitted: bool = True,
    **fields,
) -> Coding:
    """A coding in the video's next open slot; values not named get ``rest`` (None leaves them unset)."""
    now = timezone.now()
    slot = video.slots.filter(is_open=True).order_by("n").first()
    if slot:
        Slot.objects.filter(pk=slot.pk).update(is_open=False)
    coding = Coding.objects.create(
        study=video.study,
        video=video,
        coder=coder,
        slot=slot,
        codebook=video.study.codebook,
        touched_at=now,
        submitted_at=now if submitted else None,
        **fields,
    )
    given = stances or {}
    Judgement.objects.bulk_create(
        Judgement(
            coding=coding,
            value=value,
            stance=(stance := given.get(value.slug, rest)),
            first_stance=stance if submitted else None,
            revision=1,
        )
        for value in video.study.codebook.values.all()
    )
    return coding
