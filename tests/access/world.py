"""A study with one of everything, seen from one person; and another study, in which they have no part."""

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from annotator.actions.claims import claim
from annotator.actions.codebook import builtin_codebook
from annotator.actions.comparison import compare
from annotator.actions.consolidation import finish
from annotator.actions.questions import ask
from annotator.actions.studies import create_study
from annotator.codebooks.file import CodebookDoc
from annotator.models import Creator, Decision, Role, Study, User, Video
from models_app.models import ScriptGap
from tests.factories import make_batch, make_coding, make_member, make_user, make_video
from tests.llm_factories import make_llm_run, make_prompt
from tests.run_factories import make_run, make_script, predict

WEBP = b"RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00"
MP4 = b"\x00\x00\x00\x18ftypmp42" + bytes(range(256)) * 4


@cache
def codebook() -> CodebookDoc:
    """The built-in codebook, read once."""
    return builtin_codebook()


@dataclass
class World:
    """What addresses can be about: the arguments of each kind of object, in both studies."""

    study: Study
    me: User
    objects: dict[str, dict[str, Any]] = field(default_factory=dict)  # what -> arguments of its address


def give_media(video: Video) -> None:
    """Media and a thumbnail, as an import leaves them."""
    video.media = default_storage.save(f"clips/{video.pk}.mp4", ContentFile(MP4))
    video.thumbnail = default_storage.save(f"thumbnails/{video.pk}.webp", ContentFile(WEBP))
    video.sha256, video.size, video.content_type = f"{video.pk:064x}", len(MP4), "video/mp4"
    video.duration_ms, video.width, video.height, video.has_sound = 9_000, 540, 960, True
    video.has_audio_stream = True
    video.save()


def build(*, me: User, roles: Collection[Role], slug: str) -> World:
    """The study; `me` holds the roles in it, and has done work of every kind, also of roles lost since.

    Codings are the exception: whoever ever coded is bound by blindness, and a researcher's pages differ.
    """
    study = create_study(slug=slug, name=f"Study {slug}", codebook=codebook())
    ann, bob, con, res = (make_user(f"{slug}-{name}") for name in ("ann", "bob", "con", "res"))
    for user, role in ((ann, Role.ANNOTATOR), (bob, Role.ANNOTATOR), (con, Role.CONSOLIDATOR)):
        make_member(study, role, user=user)
    make_member(study, Role.RESEARCHER, user=res)
    make_member(study, *roles, user=me)
    coder = me if Role.ANNOTATOR in roles or not roles else make_user(f"{slug}-eve")
    batch = make_batch(study, f"{slug} one")
    released = make_batch(study, f"{slug} two", released_at=timezone.now())
    fields = {"batch": batch, "creator": f"{slug}-creator", "counts": {"likes": 7}}

    free = make_video(study, **fields)
    give_media(free)
    bare = make_video(study, **fields)  # known by its id only
    begun = make_video(study, **fields)
    own = make_coding(begun, coder, submitted=False, rest=None)
    theirs = make_coding(begun, ann, submitted=False)
    waiting = both_coded(study, ann, bob, **fields)
    mine = claim(video=both_coded(study, ann, bob, **fields), by=me)
    held = claim(video=both_coded(study, ann, bob, **fields), by=con)
    asked = claim(video=both_coded(study, coder, ann, **fields), by=con)
    value = study.codebook.values.get(slug="face")
    to_me = ask(consolidation=asked, by=con, text="Why?", value=value)
    to_others = ask(consolidation=held, by=con, text="Why?", value=value)
    done = settle(claim(video=both_coded(study, ann, bob, **fields), by=me), by=me)
    done_by_con = settle(
        claim(video=both_coded(study, coder, ann, **fields | {"batch": released}), by=con), by=con
    )
    predicted = make_run(study, [free, done.video, done_by_con.video])
    scripts = {}
    for video in (free, done.video, done_by_con.video):
        predict(predicted, video)
        scripts[video] = make_script(video)
    gaps = [ScriptGap.objects.create(script=scripts[free], text="a gap", created_by=by) for by in (me, res)]

    run = make_run(study, [done.video, done_by_con.video], {(done.video_id, "face"): (True, False)})
    make_run(study, [done.video, done_by_con.video])
    asking = make_llm_run(study)
    make_prompt(run=asking)

    return World(
        study=study,
        me=me,
        objects={
            "": {},
            "batch": {"pk": batch.pk},
            "video": {"pk": free.pk},
            "bare video": {"pk": bare.pk},
            "begun video": {"pk": begun.pk},
            "creator": {"pk": Creator.objects.get(study=study).pk},
            "free slot": {"pk": free.slots.first().pk},
            "held slot": {"pk": own.slot_id},
            "member": {"pk": ann.pk},
            "own coding": {"pk": own.pk},
            "other coding": {"pk": theirs.pk},
            "waiting video": {"video": waiting.pk},
            "held video": {"video": held.video_id},
            "video I coded": {"video": asked.video_id},
            "own claim": {"pk": mine.pk},
            "other claim": {"pk": held.pk},
            "own claim, value": {"pk": mine.pk, "value": "face"},
            "other claim, value": {"pk": held.pk, "value": "face"},
            "own settled": {"pk": done.pk},
            "other settled": {"pk": done_by_con.pk},
            "question to me": {"pk": to_me.pk},
            "question to others": {"pk": to_others.pk},
            "value": {"value": "face"},
            "version": {"number": 1},
            "run": {"pk": run.pk},
            "figure": {"ending": "svg"},
            "predicted run": {"pk": predicted.pk},
            "predicted item": {"pk": predicted.pk, "video": free.pk},
            "released item": {"pk": predicted.pk, "video": done_by_con.video_id},
            "pipeline": {"pipeline": "dictionary"},
            "asking pipeline": {"pipeline": "llm-direct"},
            "asking run": {"pk": asking.pk},
            "predicted video": {"pk": free.pk},
            "released video": {"pk": done_by_con.video_id},
            "video I settled": {"pk": done.video_id},
            "script": {"pk": scripts[free].pk},
            "script of a released video": {"pk": scripts[done_by_con.video].pk},
            "own gap": {"pk": gaps[0].pk},
            "other gap": {"pk": gaps[1].pk},
            "reviews file": {"what": "reviews", "ending": "csv"},
            "labels file": {"what": "labels", "ending": "csv"},
        },
    )


def both_coded(study: Study, first: User, second: User, **fields) -> Video:
    """A video handed in by two people who differ on one value."""
    video = make_video(study, **fields)
    make_coding(video, first, {"face": 1})
    make_coding(video, second, {"face": -1})
    compare(video=video)
    return video


def settle(consolidation, *, by: User, stance: int = 1, reason: str = ""):
    """Decide the one conflict and finish."""
    Decision.objects.create(
        consolidation=consolidation,
        value=consolidation.codebook.values.get(slug="face"),
        stance=stance,
        reason=reason,
        pattern="-1,1",
        was_conflict=True,
        revision=1,
    )
    return finish(consolidation=consolidation, by=by)
