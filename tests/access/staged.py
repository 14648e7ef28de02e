"""A study whose videos stand at every stage, full of unmistakable secrets, seen from one person.

Every secret is a marker ``zq-<stage>-<kind>``; `may_see` says which of them the rule shows to whom. `perturb`
changes what a bound person must not notice, and nothing else.
"""

import re
from dataclasses import dataclass, field
from datetime import timedelta

from django.utils import timezone

from annotator.actions.claims import claim
from annotator.actions.comparison import compare
from annotator.actions.consolidation import reopen
from annotator.actions.questions import answer, ask
from annotator.actions.studies import create_study
from annotator.models import (
    Change,
    Coding,
    Consolidation,
    ConsolidationState,
    Decision,
    Evidence,
    GoldLabel,
    Judgement,
    Origin,
    Question,
    Role,
    Study,
    User,
    Video,
)
from models_app.models import Exchange, Prediction, RunEvent, RunItem, Script, ScriptGap, ScriptReview
from tests.access.world import codebook, settle
from tests.factories import make_batch, make_coding, make_member, make_user, make_video
from tests.llm_factories import make_exchange, make_llm_run
from tests.run_factories import fail, make_review, make_run, make_script, predict

A, C, R = Role.ANNOTATOR, Role.CONSOLIDATOR, Role.RESEARCHER

OWN = ("in-work", "submitted", "claimed", "settled", "released", "reopened")  # I code or coded them
OTHERS = ("others-waiting", "others-settled", "others-released", "precedent")
HANDED_IN = OWN[1:]
SETTLED = ("settled", "released", "reopened", "others-settled", "others-released", "precedent")
STAGES = (*OWN, *OTHERS, "mine-claimed")
MODEL_KINDS = ("script", "failure", "log", "why", "message", "exchange")
KINDS = ("note", "general", "reason", "answer", "question", "history", "likes", *MODEL_KINDS)
MARKER = re.compile(rf"zq-([a-z-]+?)-({'|'.join(KINDS)})\b")


@dataclass(frozen=True)
class Persona:
    """Somebody's roles now, and whether they ever coded."""

    roles: frozenset[Role]
    codes: bool = True
    lifted: bool = False

    @property
    def is_bound(self) -> bool:
        """The rule in the words of the tests, not of the program."""
        return (self.codes or A in self.roles) and not (self.lifted and self.roles - {A})

    def may_see(self, stage: str, kind: str) -> bool:
        """Whether the rule shows this secret."""
        if kind in MODEL_KINDS:
            return self.may_see_models(stage)
        if kind == "likes":
            return R in self.roles and not self.is_bound
        if R in self.roles and not self.is_bound:
            return True
        if self.codes and stage == "released":
            return True
        if C in self.roles and stage == "mine-claimed":
            return True
        if kind == "question":
            return A in self.roles and self.codes and stage in HANDED_IN
        # Precedents: what was decided on the same value between the same stances.
        return kind == "reason" and C in self.roles and not self.is_bound and stage in SETTLED

    def may_see_models(self, stage: str) -> bool:
        """Scripts and predictions: to coders as late as labels, to consolidators after deciding."""
        if self.codes and stage == "released":
            return True
        if R not in self.roles or self.is_bound:
            return False
        return C not in self.roles or (stage in SETTLED and stage != "reopened")


@dataclass
class Staged:
    """The study with its videos by stage."""

    study: Study
    me: User
    persona: Persona
    videos: dict[str, Video] = field(default_factory=dict)
    people: dict[str, User] = field(default_factory=dict)


def build(persona: Persona) -> Staged:
    """The study as the persona finds it."""
    study = create_study(slug="staged", name="Staged", codebook=codebook(), lift_blindness=persona.lifted)
    people = {name: make_user(f"p-{name}") for name in ("ann", "bob", "con", "con2", "res", "eve")}
    for name, role in (("ann", A), ("bob", A), ("con", C), ("con2", C), ("res", R)):
        make_member(study, role, user=people[name])
    me = make_member(study, *persona.roles, user=make_user("me"))
    staged = Staged(study=study, me=me, persona=persona, people=people)
    first = make_batch(study, "closed to eyes")
    open_to_eyes = make_batch(study, "released", released_at=timezone.now())
    mine = me if persona.codes else people["eve"]
    for n, stage in enumerate(STAGES):
        batch = open_to_eyes if stage in ("released", "reopened", "others-released") else first
        video = make_video(
            study,
            batch=batch,
            external_id=f"stage-{stage}",
            creator=f"creator{n}",
            position=n + 1,
            counts={"likes": 7_310_001 + n},
        )
        staged.videos[stage] = video
        _code(video, mine if stage in OWN else people["bob"], stage=stage, is_mine=stage in OWN)
        _code(video, people["ann"], stage=stage, is_mine=False)
        compare(video=video)
        _consolidate(staged, stage)
        for what in ("judgement.set", "decision.set", "gold.set", "coding.rest_absent", "question.answered"):
            by = people["con" if what[0] in "dg" else "ann"]
            marker = f"zq-{stage}-history"
            Change.objects.record(study=study, by=by, what=what, video=video, value="face", after=[marker])
    videos = list(staged.videos.values())
    for says in ((True, False), (False, True)):
        make_run(study, videos, {(video.pk, "face"): says for video in videos}, model=f"model {says}")
    # Long ago, so that "2 minutes ago" on a page does not move while the tests read.
    long_ago = timezone.now() - timedelta(days=10, hours=12)
    Question.objects.update(asked_at=long_ago)
    Consolidation.objects.update(claimed_at=long_ago)
    _run_models(staged)
    free = make_video(study, batch=first, external_id="stage-free", position=99)
    assert free.slots.count() == 2
    return staged


def _code(video: Video, coder: User, *, stage: str, is_mine: bool) -> Coding:
    """A coding; others' are full of secrets."""
    submitted = not (is_mine and stage == "in-work")
    coding = make_coding(
        video,
        coder,
        {"face": 1 if is_mine or coder.username.endswith("bob") else -1},
        rest=0 if submitted else None,
        submitted=submitted,
    )
    if not is_mine:
        Coding.objects.filter(pk=coding.pk).update(note=f"zq-{stage}-general")
        for slug in ("face", "humility"):
            judgement = coding.judgements.get(value__slug=slug)
            Judgement.objects.filter(pk=judgement.pk).update(note=f"zq-{stage}-note")
            Evidence.objects.create(judgement=judgement, start_ms=4_321)
    return coding


def _consolidate(staged: Staged, stage: str) -> None:
    video, con = staged.videos[stage], staged.people["con"]
    if stage == "mine-claimed" and C in staged.persona.roles:
        con = staged.me
    if stage not in (*SETTLED, "claimed", "mine-claimed"):
        return
    consolidation = claim(video=video, by=con)
    if stage in ("claimed", "mine-claimed"):
        value = consolidation.codebook.values.get(slug="face")
        question = ask(consolidation=consolidation, by=con, text=f"zq-{stage}-question", value=value)
        answer(question=question, by=staged.people["ann"], text=f"zq-{stage}-answer")
        Decision.objects.create(consolidation=consolidation, value=value, stance=-1, pattern="-1,1",
                                was_conflict=True, revision=1, reason=f"zq-{stage}-reason")  # fmt: skip
        return
    settle(consolidation, by=con, stance=-1, reason=f"zq-{stage}-reason")
    if stage == "reopened":
        reopen(consolidation=Consolidation.objects.get(pk=consolidation.pk), by=con)


def _run_models(staged: Staged) -> None:
    """A script and a prediction of every video; and a run that failed on all of them, each in its words."""
    predicted = make_llm_run(staged.study, staged.videos.values(), model="a model")
    failed = make_run(staged.study, staged.videos.values(), model="a failing model")
    for stage, video in staged.videos.items():
        words = f"zq-{stage}-script"
        script = make_script(video, words, segments=[{"text": words, "start_ms": 1}])
        for name in ("ann", "res"):
            make_review(script, staged.people[name], note=words)
        ScriptGap.objects.create(script=script, text=words, created_by=staged.people["res"])
        predict(predicted, video, {"face": (True, False, 0.8, 0.1)})
        said = predicted.predictions.filter(video=video, value__slug="face")
        said.update(reason=f"zq-{stage}-why", evidence_ms=1_200)
        make_exchange(predicted, video, f"zq-{stage}-exchange", message=f"zq-{stage}-message")
        fail(failed, video, error=f"zq-{stage}-failure", error_detail=f"zq-{stage}-failure")
        detail = {"kind": "video", "key": video.pk, "code": "unreadable", "because": f"zq-{stage}-log"}
        RunEvent.objects.create(run=failed, what="item.failed", detail=detail)
    RunEvent.objects.update(at=timezone.now() - timedelta(days=10))


def perturb_models(staged: Staged, *, stages) -> None:
    """Other scripts, predictions, failures and lines of logs on these videos."""
    videos = [staged.videos[stage] for stage in stages]
    Script.objects.filter(video__in=videos).update(text="other words", segments=[])
    ScriptReview.objects.filter(script__video__in=videos).update(visual="wrong", note="other words")
    ScriptGap.objects.filter(script__video__in=videos).update(text="other words", is_invented=True)
    Exchange.objects.filter(video__in=videos).update(message="other words", answer="other words")
    of_face = Prediction.objects.filter(video__in=videos, value__slug="face")
    of_face.update(endorsed=False, confronted=True, p_endorsed=0.2, reason="other words")
    Prediction.objects.filter(video__in=videos, value__slug="tradition").delete()
    items = RunItem.objects.filter(run__model="a failing model", key__in=[video.pk for video in videos])
    items.update(error="other words", error_detail="other words")
    for event in RunEvent.objects.filter(detail__key__in=[video.pk for video in videos]):
        event.detail["because"] = "other words"
        event.save()


def perturb(staged: Staged, *, stages) -> None:
    """Other labels, notes, reasons, gold and counts on these videos, and other conflicts: who may not see
    them must not notice."""
    for stage in stages:
        video = staged.videos[stage]
        others = Judgement.objects.filter(coding__video=video).exclude(coding__coder=staged.me)
        changed = ("face", "humility", "tradition", "hedonism", "achievement", "stimulation")
        for judgement in others.filter(value__slug__in=changed):
            new = {-1: 0, 0: 1, 1: 0, None: None}[judgement.stance]
            Judgement.objects.filter(pk=judgement.pk).update(
                stance=new, first_stance=new, note="other words", is_unsure=True
            )
        Evidence.objects.filter(judgement__in=others).update(start_ms=1_111)
        Coding.objects.filter(video=video).exclude(coder=staged.me).update(note="other words")
        Decision.objects.filter(consolidation__video=video).update(
            stance=0, reason="other words", reason_tags=["missed"], is_codebook_problem=True
        )
        GoldLabel.objects.filter(video=video, value__slug__in=changed).update(stance=1)
        Change.objects.filter(video=video).exclude(by=staged.me).exclude(
            what__startswith="consolidation."
        ).update(after={"stance": 1})
        Video.objects.filter(pk=video.pk).update(counts={"likes": 9_990_001})
        compare(video=video)


def agree_by_itself(staged: Staged, stage: str) -> None:
    """As if the coders of a waiting video had agreed on all, and it had become gold by itself."""
    video = staged.videos[stage]
    consolidation = Consolidation.objects.create(
        video=video,
        origin=Origin.AUTOMATIC,
        state=ConsolidationState.DONE,
        codebook=staged.study.codebook,
        finished_at=timezone.now(),
    )
    now = timezone.now()
    for value in staged.study.codebook.values.all():
        GoldLabel.objects.create(
            video=video, value=value, stance=0, origin=consolidation.origin, decided_at=now
        )
