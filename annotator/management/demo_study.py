"""The demo study: the project's own clips, coded and partly consolidated through the real actions."""

import uuid
from collections.abc import Collection, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from annotator.actions.assignment import reserve_slot, take_next_coding
from annotator.actions.batches import create_batch, fill_batch, release_batch
from annotator.actions.claims import claim
from annotator.actions.coding import save_changes
from annotator.actions.coding_end import park, record_course, set_aside, submit_coding
from annotator.actions.consolidation import finish
from annotator.actions.decisions import save_decisions
from annotator.actions.people import add_member
from annotator.actions.questions import ask
from annotator.actions.simulation import simulate_codings
from annotator.actions.studies import create_study
from annotator.actions.video_import import Wishes, import_videos
from annotator.errors import RefusedError
from annotator.imports.gather import gather
from annotator.models import Batch, Coding, Purpose, Role, SetAside, Study, User, Value, Video
from annotator.outbox import ChangeRequest, Parcel

DEMO = Path(settings.BASE_DIR) / "demo"
SLUG = "demo"
SIMULATED = "simulated"
PASSWORD = "watch-and-code"  # noqa: S105  (of a demo on this machine; printed for everybody to see)
PEOPLE = (
    ("ada", "Ada", Role.ANNOTATOR),
    ("ben", "Ben", Role.ANNOTATOR),
    ("cleo", "Cleo", Role.CONSOLIDATOR),
    ("rosa", "Rosa", Role.RESEARCHER),
)


class DemoError(RefusedError):
    """The demo cannot be made; the message says what is missing."""


@transaction.atomic
def make_demo_study() -> Study:
    """Clips imported, four batches, two coders, conflicts waiting and gold; as in demo/codings.yaml."""
    plan = yaml.safe_load((DEMO / "codings.yaml").read_text(encoding="utf-8"))
    study = create_study(
        slug=SLUG,
        name="Demo: values in short videos",
        description="24 clips that this project made itself. Nobody in them exists.",
    )
    people = add_people(study)
    _import_clips(study, batch=plan["batches"][0]["name"])
    for batch_plan in plan["batches"]:
        batch = _fill(study, batch_plan)
        for external_id, codings in batch_plan["videos"].items():
            _code(study, external_id=external_id, codings=codings, people=people)
        if batch_plan.get("released"):
            for external_id, codings in batch_plan["videos"].items():
                _consolidate(study, external_id=external_id, gold=codings.get("gold", {}), by=people["cleo"])
            release_batch(batch=batch, by=people["rosa"])
    study.refresh_from_db()
    _ask_a_question(study, plan["question"], by=people["cleo"])
    return study


@transaction.atomic
def make_simulated_study() -> Study:
    """A study of the paper's size with made-up labels, named so everywhere, for the researcher to look at."""
    study = create_study(
        slug=SIMULATED,
        name="Simulated study",
        description="Made-up labels of 885 videos by 91 creators: the agreement page at the size of a paper.",
        is_simulated=True,
    )
    simulate_codings(study=study, n_videos=885, n_creators=91, seed=20250119)
    add_people(study, roles={Role.RESEARCHER})
    return study


def add_people(study: Study, *, roles: Collection[Role] = tuple(Role)) -> dict[str, User]:
    """The demo's people who hold one of the roles, made members of the study; by username."""
    found = {}
    for username, name, role in PEOPLE:
        if role not in roles:
            continue
        is_new = not User.objects.filter(username=username).exists()
        member = add_member(
            study=study,
            username=username,
            role=role,
            name=name if is_new else "",
            password=PASSWORD if is_new else None,
            may_create_studies=role is Role.RESEARCHER,
        )
        found[username] = member.user
    return found


def _import_clips(study: Study, *, batch: str) -> None:
    """The clips and what is known about them, by the importer that users use."""
    create_batch(study=study, name=batch)
    report = import_videos(
        study=study,
        sources=gather([DEMO / "videos.jsonl"]),
        wishes=Wishes(batch=batch),
        may_look_beside=True,
    )
    if report.has_failed:
        raise DemoError("\n".join(map(str, report.outcomes)))


def _fill(study: Study, plan: Mapping[str, Any]) -> Batch:
    """The batch with its videos."""
    batch = study.batches.filter(name=plan["name"]).first() or create_batch(
        study=study, name=plan["name"], purpose=plan.get("purpose", Purpose.MAIN)
    )
    fill_batch(batch=batch, videos=list(Video.objects.filter(study=study, external_id__in=plan["videos"])))
    return batch


def _code(study: Study, *, external_id: str, codings: Mapping[str, Any], people: Mapping[str, User]) -> None:
    """What each coder made of one video."""
    video = Video.objects.select_related("study").get(study=study, external_id=external_id)
    for username in ("ada", "ben"):
        if username not in codings:
            continue
        coder, given = people[username], dict(codings[username])
        reserve_slot(video=video, coder=coder, by=people["rosa"])
        coding = take_next_coding(study=study, coder=coder)
        if coding is None or coding.video_id != video.pk:
            raise DemoError(f"{username} was given another video than {external_id}")
        _watch(coding)
        is_parked, because = given.pop("parked", False), given.pop("set_aside", None)
        if given:
            save_changes(coding=coding, mutation_id=uuid.uuid4(), changes=_changes(given), by=coder)
        coding.refresh_from_db()
        if because:
            set_aside(coding=coding, because=SetAside(because), note="", by=coder)
        elif is_parked:
            park(coding=coding, is_parked=True)
        else:
            unset = coding.judgements.filter(stance=None).values_list("value__slug", flat=True)
            submit_coding(coding=coding, by=coder, rest=list(unset))


def _watch(coding: Coding) -> None:
    """Let some time pass: the clip played once, and a while to think that depends on the clip."""
    duration = coding.video.duration_ms or 10_000
    active = duration * 4 + (coding.pk * 7919) % 60_000
    Coding.objects.filter(pk=coding.pk).update(
        started_at=timezone.now() - timedelta(milliseconds=active + 5_000)
    )
    coding.refresh_from_db()
    record_course(coding=coding, played_ms=duration, heard_ms=duration, active_ms=active)


def _changes(given: Mapping[str, Any]) -> list[ChangeRequest]:
    """Judgements as the coding screen would send them."""
    return [ChangeRequest(key=slug, base=0, fields=_fields(judgement)) for slug, judgement in given.items()]


def _fields(judgement: Mapping[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {"stance": judgement["stance"]}
    if "at" in judgement:
        fields["evidence"] = [{"start_ms": int(judgement["at"] * 1000), "end_ms": None}]
    if "note" in judgement:
        fields["note"] = judgement["note"]
    if judgement.get("unsure"):
        fields["unsure"] = True
    return fields


def _consolidate(study: Study, *, external_id: str, gold: Mapping[str, Any], by: User) -> None:
    """The consolidator's decisions on one video, and its gold."""
    consolidation = claim(video=Video.objects.get(study=study, external_id=external_id), by=by)
    changes = [
        ChangeRequest(
            key=slug,
            base=0,
            fields={
                "stance": decision["stance"],
                "reason_tags": decision.get("tags", []),
                "reason": decision.get("reason", ""),
            },
        )
        for slug, decision in gold.items()
    ]
    if changes:
        parcel = Parcel(mutation=uuid.uuid4(), changes=changes, body={})
        save_decisions(consolidation=consolidation, by=by, parcel=parcel)
    finish(consolidation=consolidation, by=by)


def _ask_a_question(study: Study, question: Mapping[str, Any], *, by: User) -> None:
    """A video in the consolidator's hands, with a question to its coders."""
    video = Video.objects.get(study=study, external_id=question["video"])
    consolidation = claim(video=video, by=by)
    value = Value.objects.get(codebook=study.codebook, slug=question["value"])
    ask(consolidation=consolidation, value=value, text=question["text"], by=by)
