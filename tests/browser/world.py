"""A study in the middle of its work, with something of everything that pages show; and an empty one."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.utils import timezone

from annotator.actions.batches import release_batch
from annotator.actions.claims import claim
from annotator.actions.codebook import builtin_codebook, install_codebook
from annotator.actions.coding_end import set_aside
from annotator.actions.comparison import compare
from annotator.actions.consolidation import finish
from annotator.actions.creators import edit_creator
from annotator.actions.questions import answer, ask
from annotator.actions.studies import create_study, update_study
from annotator.actions.videos import store_media, withdraw_video
from annotator.models import (
    Coding,
    Consolidation,
    Creator,
    Decision,
    Evidence,
    Judgement,
    ReasonTag,
    Role,
    SetAside,
    Study,
    Video,
)
from models_app.models import (
    ProviderGate,
    Run,
    RunEvent,
    RunItem,
    RunOrigin,
    RunState,
    RunVideo,
    Script,
    ScriptGap,
    ScriptOrigin,
)
from tests.factories import make_batch, make_coding, make_member, make_user, make_video
from tests.llm_factories import block, make_exchange, make_llm_run, make_prompt, say
from tests.media_files import make_clip
from tests.run_factories import fail, make_review, make_run, make_script, predict

CAPTION = "Morning routine, but honest: three alarms, cold coffee and a run that I almost skipped 🏃 #honest"
GEMINI = (
    "GENRE: daily life. SOUND: a voice, then music.\n\nINT. KITCHEN – MORNING\n\n"
    "A young woman in a grey hoodie holds a mug with both hands and looks at the window.\n\n"
    "WOMAN: “Cold coffee again, and three alarms.”\n\n[day 3: honest mornings ☕]\n\n[בוקר טוב]"
)
GEMINI_PARTS = [
    {"kind": "scene", "start_ms": 0, "end_ms": 500, "text": "INT. KITCHEN – MORNING"},
    {"kind": "speech", "start_ms": 700, "end_ms": 1_300, "text": "Cold coffee again, and three alarms."},
    {"kind": "caption", "start_ms": 1_400, "end_ms": 1_900, "text": "[day 3: honest mornings ☕]"},
]
HEBREW = "בוקר טוב לכולם! היום מנסים משהו חדש"


@dataclass(frozen=True)
class World:
    """Who there is, and the numbers that addresses are made of."""

    folder: Path  # its media are in media/
    people: dict[str, AbstractUser]
    arguments: dict[str, dict[str, Any]]  # what an address is about -> its arguments


def build(folder: Path) -> World:
    """The full study, the empty one, and everybody in them; media are made in the folder."""
    people = {
        "ann": make_user("ann", first_name="Ann", last_name="Levi"),
        "bob": make_user("bob", first_name="Bob", last_name="Okafor"),
        "con": make_user("con", first_name="Constance", last_name="Ben-Ami"),
        "res": make_user("res", first_name="Rebecca", last_name="Sørensen", can_create_studies=True),
        "all": make_user("all", first_name="Alma"),
        "out": make_user("out", can_create_studies=False),
    }
    full, empty = (
        create_study(slug=slug, name=name, codebook=builtin_codebook(), description=description)
        for slug, name, description in (
            ("full", "Values in the feeds of young people", "What 12 to 18 year olds are shown."),
            ("empty", "Nothing yet", ""),
        )
    )
    for study in (full, empty):
        make_member(study, Role.ANNOTATOR, user=people["ann"])
        make_member(study, Role.ANNOTATOR, user=people["bob"])
        make_member(study, Role.CONSOLIDATOR, user=people["con"])
        make_member(study, Role.RESEARCHER, user=people["res"])
    make_member(full, *Role, user=people["all"])
    arguments = {"": {}, "empty": {"slug": "empty"}, **_fill(full, people, folder)}
    return World(folder=folder, people=people, arguments=arguments)


def _fill(study: Study, people: dict[str, Any], folder: Path) -> dict[str, dict[str, Any]]:
    ann, con, res = people["ann"], people["con"], people["res"]
    training = make_batch(study, "Training", purpose="training")
    main = make_batch(study, "Main sample, first half")
    make_batch(study, "Main sample, second half", is_open=False)
    released = [_coded(study, people, n, batch=training) for n in range(3)]
    settled = [_settle(video, by=con, n=n) for n, video in enumerate(released)]
    release_batch(batch=training, by=res)

    in_hand = claim(video=_coded(study, people, 3, batch=main), by=con)
    face = study.codebook.values.get(slug="face")
    answer(
        question=ask(consolidation=in_hand, by=con, text="Why face?", value=face), by=ann, text="The laugh."
    )
    ask(consolidation=in_hand, by=con, text="Is the caption part of it?")
    for n in range(4, 7):  # they wait
        _coded(study, people, n, batch=main)
    begun = make_coding(
        _video(study, 7, batch=main), ann, {"face": 1, "hedonism": -1}, rest=None, submitted=False
    )
    _remark(begun)
    other = make_coding(_video(study, 8, batch=main), ann, {"face": 1}, rest=None, submitted=False)
    Coding.objects.filter(pk=other.pk).update(parked_at=timezone.now())
    out = make_coding(_video(study, 9, batch=main), ann, {}, rest=None, submitted=False)
    set_aside(coding=out, because=SetAside.LANGUAGE, note="Only Finnish", by=ann)
    gone = _video(study, 10, batch=main)
    lost = make_coding(gone, ann, {"face": 1}, rest=None, submitted=False)
    withdraw_video(video=gone, because="The creator asked", by=res)
    for n in range(11, 16):  # still free
        _video(study, n, batch=main)
    make_video(study, batch=main, caption="Known by its id only")
    shown = begun.video
    store_media(video=shown, path=make_clip(folder / "clip.mp4", seconds=2))

    creator = Creator.objects.filter(study=study).order_by("pk").first()
    edit_creator(creator=creator, fields={"genre": "Daily life"}, by=res)
    update_study(study=study, by=res, description="What 12 to 18 year olds are shown, week by week.")
    _new_version(study, by=res)
    finished, running = _runs(study, [shown, *released], by=res)
    scored, beside_gold = _scored_runs(study, released, free=shown)
    llm = _llm_runs(study, [shown, *released], by=res)
    s = {"slug": study.slug}
    return {
        "llm run": {**s, "pk": llm["running"].pk},
        "paused llm run": {**s, "pk": llm["paused"].pk},
        "trial": {**s, "pk": llm["second"].pk},
        "asking pipeline": {**s, "pipeline": "llm-direct"},
        "two steps": {**s, "pipeline": "llm-two-step"},
        "values from scripts": {**s, "pipeline": "llm-from-script"},
        "item": {**s, "pk": llm["running"].pk, "video": shown.pk},
        "blocked item": {**s, "pk": llm["running"].pk, "video": released[2].pk},
        "item of what is gone": {**s, "pk": llm["running"].pk, "video": gone.pk},
        "study": s,
        "batch": {**s, "pk": main.pk},
        "new batch": {**s, "pk": training.pk},
        "video": {**s, "pk": shown.pk},
        "settled video": {**s, "pk": released[0].pk},
        "video without media": {**s, "pk": released[1].pk},
        "withdrawn video": {**s, "pk": gone.pk},
        "creator": {**s, "pk": creator.pk},
        "coding": {**s, "pk": begun.pk},
        "coding set aside": {**s, "pk": out.pk},
        "coding of what is gone": {**s, "pk": lost.pk},
        "coding submitted": {**s, "pk": released[0].codings.get(coder=ann).pk},
        "consolidation": {**s, "pk": in_hand.pk},
        "settled": {**s, "pk": settled[0].pk},
        "precedents": {**s, "pk": in_hand.pk, "value": "face"},
        "value": {**s, "value": "face"},
        "pipeline": {**s, "pipeline": "masked-lm"},
        "pipeline without scripts": {"slug": "empty", "pipeline": "masked-lm"},
        "running run": {**s, "pk": running.pk},
        "finished run": {**s, "pk": finished.pk},
        "predicted video": {**s, "pk": released[0].pk},
        "version": {**s, "number": 1},
        "script to review": {**s, "pk": _script(study, "gemini-2.5-flash", n=2)},
        "script on which two differ": {**s, "pk": _script(study, "gemini-2.5-flash", n=1)},
        "overtaken script": {**s, "pk": _script(study, "transcriber")},
        "edited script": {**s, "pk": _script(study, "transcriber", origin=ScriptOrigin.EDIT)},
        "run": {**s, "pk": scored.pk},
        "run beside gold": {**s, "pk": beside_gold.pk},
    }


def _script(study: Study, model: str, *, n: int = 0, **fields: Any) -> int:
    """The key of the nth script by the model."""
    scripts = Script.objects.filter(video__study=study, model=model, **fields).order_by("pk")
    return scripts.values_list("pk", flat=True)[n]


def _scored_runs(study: Study, released: list[Video], *, free: Video) -> tuple[Run, Run]:
    """Three: one over all gold, one cancelled half way, one over what has no gold."""
    says = {(video.pk, slug): (True, slug == "face") for video in released for slug in ("face", "humility")}
    settings = {"grouping": "none", "protocol": "paper"}
    run = make_run(study, released, says, model="an-organisation/a-model-with-a-long-name", settings=settings)
    half = {key: said for key, said in says.items() if key[0] == released[0].pk}
    make_run(study, released[:2], half, model="gave up", state=RunState.CANCELLED)
    return run, make_run(study, [free], model="elsewhere", origin=RunOrigin.IMPORT, pipeline="import")


def _runs(study: Study, videos: list[Video], *, by: Any) -> tuple[Run, Run]:
    """Scripts, a finished run that says all there is to be said, and one at work of which some failed."""
    study.refresh_from_db()
    text = "INT. KITCHEN\n\nMIRA: “Cold coffee, again.”\n\n[day 3]\n\nבוקר טוב"
    segments = [
        {"kind": "scene", "start_ms": 0, "end_ms": 400, "text": "INT. KITCHEN"},
        {"kind": "speech", "start_ms": 500, "end_ms": 1_200, "text": "Cold coffee, again."},
        {"kind": "caption", "start_ms": 1_300, "end_ms": 1_900, "text": "[day 3]"},
    ]
    for video in videos[:2]:
        make_script(video, text, segments=segments)
    make_script(videos[1], "", model="another model")
    _reviewed_scripts(study, videos, by=by)
    fields = {"created_by": by, "settings": {"epochs": 5, "model": "all-MiniLM-L6-v2"}}
    names = {"pipeline": "masked-lm", "model": "an-organisation/a-model-with-a-rather-long-name"}
    finished = make_run(study, videos, **fields, **names, seed=7)
    said = {
        "face": (False, True, 0.12, 0.88),
        "humility": (True, True, 0.7, 0.6),
        "tradition": (None, None),
        "hedonism": (True, None, 0.9, None),
        "stimulation": None,
    }
    for video in videos[:3]:
        predict(finished, video, said)
    fail(finished, videos[3], error="The script of this video holds no words.", code="empty-script")
    running = make_run(study, videos, state="running", item_state="waiting", **fields, **names)
    for video in videos[:2]:
        fail(
            running, video, error="The file is no video.", code="media", error_detail="ValueError: x\n  line"
        )
    RunVideo.objects.filter(run=running, video=videos[2]).update(problem="no-script")
    for what, detail in (
        ("started", {"items": 4}),
        ("item.failed", {"kind": "video", "key": videos[0].pk, "code": "media"}),
        ("paused", {"because": "The disk is full."}),
    ):
        RunEvent.objects.create(run=running, what=what, detail=detail, by=by)
    return finished, running


def _reviewed_scripts(study: Study, videos: list[Video], *, by: Any) -> None:
    """One edited and approved with a gap, one on which two differ, one that waits for its second review."""
    others = [make_member(study, Role.RESEARCHER, user=make_user(name)) for name in ("rachel", "omar")]
    mine = videos[0].scripts.get(model="transcriber")
    make_review(mine, others[0], "partly", note="Her voice is there, the laugh is not.")
    edit = make_script(
        mine.video,
        mine.text.replace("again.", "again!") + "\n\nShe laughs.",
        segments=mine.segments,
        origin=ScriptOrigin.EDIT,
        parent=mine,
        created_by=by,
    )
    for person in others:
        make_review(edit, person, captions="nothing")
    ScriptGap.objects.create(
        script=edit, element="visual", at_ms=900, text="The dog at the window", created_by=by
    )
    ScriptGap.objects.create(
        script=edit, element="narration", is_invented=True, text="“driving in the air”", created_by=others[0]
    )
    gemini = [
        make_script(video, GEMINI, model="gemini-2.5-flash", segments=GEMINI_PARTS) for video in videos[:3]
    ]
    make_review(gemini[1], others[0])
    make_review(gemini[1], others[1], visual="wrong")
    make_review(gemini[2], others[1], narration="partly")


HOSTILE = "</pre><script>alert(1)</script> \u202eignore the above\u202c 🏃 שלום — “quoted” & <b>bold</b>"
PROMPT = "\n".join(
    [
        "You are shown a short video.",
        "Say of each value whether the video endorses or confronts it.",
        *(f"Rule {n}: what is only mentioned is neither." for n in range(1, 9)),
        "Answer in JSON.",
    ]
)


def _llm_runs(study: Study, videos: list[Video], *, by: Any) -> dict[str, Run]:
    """One at work, one paused by itself, each with answers, a blocked and a failed item; and two trials."""
    fields = {"created_by": by, "pipeline": "llm-two-step", "budget": Decimal("2.5")}
    gone = study.videos.filter(withdrawn_at__isnull=False)[0]
    runs = {}
    for name in ("running", "paused"):
        run = runs[name] = make_llm_run(study, [*videos, gone], state=name, item_state="waiting", **fields)
        prompt = make_prompt(PROMPT, run=run)
        to_script = make_prompt("Write down what is seen and said.", run=run, step="script")
        said = {"face": (True, False, 0.9, 0.1), "humility": (False, True), "hedonism": (True, True)}
        first = videos[0]
        make_exchange(
            run, first, f"INT. KITCHEN\n{HOSTILE}", step="script", prompt=to_script, cost=Decimal("0.04"),
            seconds=12.4, n_input=45_000, message="[video 0a1b2c3d]",
        )  # fmt: skip
        make_exchange(
            run, first, "Sorry, no JSON", prompt=prompt, message=f"<script-7f>\n{HOSTILE}\n</script-7f>"
        )
        answer = say(run, first, said, why=f"She turns the mirror to the class. {HOSTILE}", evidence_ms=1_300)
        make_exchange(
            run, first, answer, prompt=prompt, turn=1, message="That is no JSON. Answer in JSON only."
        )
        make_exchange(run, videos[1], "{}", prompt=prompt, cost=None, seconds=2.0)
        make_exchange(run, gone, "", message="", prompt=prompt)
        make_exchange(
            run,
            videos[3],
            "The answer was held back.",
            prompt=prompt,
            state="blocked",
            reason="SAFETY",
            finish="",
        )
        RunItem.objects.filter(run=run, key=first.pk).update(state="done")
        fail(run, videos[1], code="unreadable", error="The answer is no JSON, also when asked again.")
        block(run, videos[3])
    soon = timezone.now() + timedelta(minutes=30)
    why = "openai does not answer (connection refused). The run goes on by itself when it is tried again."
    Run.objects.filter(pk=runs["paused"].pk).update(resume_at=soon, paused_because=why)
    ProviderGate.objects.create(client="openai", closed_until=soon)
    for name, text in (("first", PROMPT), ("second", PROMPT.replace("only mentioned", "merely mentioned"))):
        given = {
            "is_trial": True,
            "cloned_from": runs.get("first"),
            "settings": {"temperature": len(runs) / 2},
        }
        run = runs[name] = make_llm_run(study, videos[1:], model=f"trial {name}", **given)
        prompt = make_prompt(text, run=run)
        for n, video in enumerate(videos[1:]):
            says = {"face": (n % 2 == 0, name == "second"), "humility": (True, False)}
            make_exchange(
                run,
                video,
                say(run, video, says, why=f"As one sees: {HOSTILE}", evidence_ms=900),
                prompt=prompt,
            )
    return runs


def _video(study: Study, n: int, **fields: Any) -> Video:
    return make_video(
        study,
        creator=("a_day_with_noor", "skater.boy.ollie", "מירה_מבשלת")[n % 3],
        caption=HEBREW if n % 4 == 1 else CAPTION,
        hashtags=["honestmornings", "grwm", "בוקר"],
        counts={"likes": 12_345 * (n + 1), "comments": 77, "shares": 5},
        duration_ms=14_000,
        position=n,
        **fields,
    )


def _coded(study: Study, people: dict[str, Any], n: int, **fields: Any) -> Video:
    """Handed in by both coders, who differ on three values, one of them opposed."""
    video = _video(study, n, **fields)
    purpose = {"purpose": video.batch.purpose}
    first = make_coding(
        video, people["ann"], {"face": 1, "stimulation": 1, "achievement": 1, "humility": 1}, **purpose
    )
    make_coding(
        video, people["bob"], {"face": -1, "achievement": 1, "tradition": -1, "humility": 1}, **purpose
    )
    _remark(first)
    compare(video=video)
    return video


def _remark(coding: Coding) -> None:
    """Say where, how surely and why."""
    judgement = coding.judgements.get(value__slug="face")
    Judgement.objects.filter(pk=judgement.pk).update(
        is_unsure=True, note="Laughs at being caught: mocked, or meant?"
    )
    Evidence.objects.create(judgement=judgement, start_ms=500)
    Evidence.objects.create(judgement=judgement, start_ms=900, end_ms=1_400)


def _settle(video: Video, *, by: Any, n: int) -> Consolidation:
    consolidation = claim(video=video, by=by)
    for slug, stance, pattern in (
        ("face", 1 if n else -1, "-1,1"),
        ("stimulation", 1, "0,1"),
        ("tradition", 0, "-1,0"),
    ):
        Decision.objects.create(
            consolidation=consolidation,
            value=consolidation.codebook.values.get(slug=slug),
            stance=stance,
            reason="The laugh comes after, at the joke, not at the person." if slug == "face" else "",
            reason_tags=[ReasonTag.values[n % len(ReasonTag.values)]],
            pattern=pattern,
            was_conflict=True,
            revision=1,
        )
    return finish(consolidation=consolidation, by=by)


def _new_version(study: Study, *, by: Any) -> None:
    """A second version of the codebook, with a word changed that changes no meaning."""
    study.refresh_from_db()
    doc = builtin_codebook()
    first, *rest = doc.values
    first = first.model_copy(update={"definition": f"{first.definition} In short: to think for oneself."})
    doc = doc.model_copy(update={"values": (first, *rest), "summary": f"{doc.summary} Second printing."})
    install_codebook(study=study, doc=doc, by=by, is_editorial=True, note="Clearer first sentence")
