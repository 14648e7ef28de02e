"""Blindness (DESIGN rule 1): what a person may not see is nowhere, and what they may see is somewhere.

Two ways of looking. Secrets: unmistakable words in others' notes, reasons and answers are searched in every
answer. Difference: every page is read, what the person must not know is changed, and every page is read
again: nothing may have moved, be it a label, a count, an order or a state.
"""

import re
from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import reverse

from annotator.models import Role
from tests.access import staged as stages
from tests.access.staged import KINDS, MARKER, MODEL_KINDS, STAGES, A, C, Persona, R, Staged, build
from tests.access.walk import TOKENS, Answer, walk

PERSONAS = {
    "annotator": Persona(frozenset({A})),
    "annotator alone, lifted": Persona(frozenset({A}), lifted=True),
    "annotator+researcher": Persona(frozenset({A, R})),
    "annotator+researcher, lifted": Persona(frozenset({A, R}), lifted=True),
    "annotator+consolidator": Persona(frozenset({A, C})),
    "annotator+consolidator, lifted": Persona(frozenset({A, C}), lifted=True),
    "everything": Persona(frozenset(Role)),
    "former annotator, researcher": Persona(frozenset({R})),
    "former annotator, consolidator": Persona(frozenset({C})),
    "researcher": Persona(frozenset({R}), codes=False),
    "consolidator": Persona(frozenset({C}), codes=False),
    "consolidator+researcher": Persona(frozenset({C, R}), codes=False),
}
# Where the rule's "may" is also a "does": what each must find somewhere, else nothing above could fail.
FINDS = {
    "annotator": {("released", "reason"), ("claimed", "question"), ("released", "script")},
    "annotator alone, lifted": {("released", "reason"), ("claimed", "question")},
    "annotator+researcher": {("released", "reason"), ("released", "history")},
    "annotator+researcher, lifted": {
        ("in-work", "history"),
        ("submitted", "history"),
        ("settled", "history"),
    },
    "annotator+consolidator": {("mine-claimed", "note"), ("released", "reason"), ("mine-claimed", "answer")},
    "annotator+consolidator, lifted": {
        ("mine-claimed", "note"),
        ("settled", "reason"),
        ("precedent", "reason"),
    },
    "everything": {
        ("released", "failure"),
        ("released", "log"),
        ("mine-claimed", "note"),
        ("released", "history"),
        ("mine-claimed", "history"),
    },
    "former annotator, researcher": {("released", "history")},
    "former annotator, consolidator": {("mine-claimed", "note")},
    "researcher": {(stage, kind) for stage in STAGES for kind in ("history", *MODEL_KINDS)}
    | {("released", "likes"), ("in-work", "likes")},
    "consolidator": {("mine-claimed", "note"), ("precedent", "reason"), ("others-settled", "reason")},
    "consolidator+researcher": {("in-work", "history"), ("settled", "script"), ("settled", "log")},
}


def log_in(staged: Staged) -> Client:
    client = Client()
    client.force_login(staged.me)
    return client


def secrets_in(text: str) -> set[tuple[str, str]]:
    found = {(stage, kind) for stage, kind in MARKER.findall(text)}
    digits = re.sub(r"(?<=\d)[,.\s\u00a0\u202f'](?=\d{3})", "", text)
    for n, stage in enumerate(STAGES):
        if str(7_310_001 + n) in digits:
            found.add((stage, "likes"))
    return found


def leaks(staged: Staged, answers: dict[str, Answer]) -> list[str]:
    return [
        f"{url} shows {kind} of {stage}"
        for url, answer in answers.items()
        for stage, kind in sorted(secrets_in(answer.text))
        if not staged.persona.may_see(stage, kind)
    ]


def test_secrets_stay_hidden_from_fragments_too(db):
    staged = build(PERSONAS["annotator+researcher"])
    answers = walk(log_in(staged), staged.study, headers={"HX-Request": "true"})
    assert not (found := leaks(staged, answers)), "\n".join(found)
    assert any(answer.status == 200 for answer in answers.values())


HIDDEN = tuple(stage for stage in STAGES if stage not in ("released", "mine-claimed"))


def differences(before: dict[str, Answer], after: dict[str, Answer]) -> list[str]:
    """Addresses that answer otherwise now, with the first place where they do; refusals are all the same."""
    found = []
    for url, answer in before.items():
        now = after.get(url)
        if now is None or now == answer or answer.status == now.status >= 400:
            continue
        at = next((n for n, (a, b) in enumerate(zip(answer.text, now.text, strict=False)) if a != b), 0)
        was, then = (" ".join(text[max(0, at - 60) : at + 60].split()) for text in (answer.text, now.text))
        found.append(f"{url}: {answer.status} {was!r}\n   became {now.status} {then!r}")
    return found


def perturb_what_is_hidden(staged: Staged) -> None:
    """Other labels, scripts and predictions wherever the persona may not know of them."""
    persona = staged.persona
    # A consolidator's queue tells how many values differ, of videos that they do not code.
    labels = [stage for stage in HIDDEN if not (C in persona.roles and stage == "others-waiting")]
    stages.perturb(staged, stages=labels if persona.is_bound else [])
    stages.perturb_models(staged, stages=[stage for stage in STAGES if not persona.may_see_models(stage)])


def agree_by_itself(staged: Staged) -> None:
    """Gold without a consolidator: it would say that the other gave what I gave."""
    stages.agree_by_itself(staged, "submitted")
    if C not in staged.persona.roles:
        stages.agree_by_itself(staged, "others-waiting")


def hidden_changes(persona: Persona) -> list[Callable[[Staged], None]]:
    """What may happen behind the persona's back."""
    if persona.is_bound:
        return [perturb_what_is_hidden, agree_by_itself]
    return [] if all(map(persona.may_see_models, STAGES)) else [perturb_what_is_hidden]


@pytest.mark.parametrize("name", PERSONAS)
def test_each_sees_what_the_rule_says_and_nothing_moves_when_what_is_hidden_changes(db, refuse_plainly, name):
    """Not even the figures of agreement, over so few videos; see also tests of agreement itself."""
    persona = PERSONAS[name]
    staged = build(persona)
    client = log_in(staged)
    before = walk(client, staged.study)
    assert not (found := leaks(staged, before)), "\n".join(found)
    seen = {secret for answer in before.values() for secret in secrets_in(answer.text)}
    assert FINDS[name] <= seen, f"never shown: {FINDS[name] - seen}"
    assert all(kind in KINDS for _stage, kind in seen)

    refuse_plainly()
    for change in hidden_changes(persona):
        with transaction.atomic():
            change(staged)
            after = walk(client, staged.study, endings=("csv",))
            transaction.set_rollback(True)
        found = differences(before, after)
        assert not found, "\n".join([change.__name__, *found])


def test_researchers_who_neither_code_nor_decide_see_predictions_move(db, plain_errors):
    """The test of each can fail: the same changes do show where they may."""
    staged = build(PERSONAS["researcher"])
    before = walk(log_in(staged), staged.study, endings=("csv",))
    stages.perturb_models(staged, stages=STAGES)
    found = differences(before, walk(log_in(staged), staged.study, endings=("csv",)))
    moved = {before[line.partition(": ")[0]].name for line in found}
    assert {"models_app:video_models", "models_app:run_videos", "models_app:run_detail"} <= moved
    assert {"models_app:run_item", "models_app:run_compare", "annotator:export_download"} <= moved


def test_researchers_who_do_not_code_see_labels_move(db, plain_errors):
    """The test of each can fail: the same changes do show where they may."""
    staged = build(PERSONAS["researcher"])
    before = walk(log_in(staged), staged.study, endings=("csv",))
    stages.perturb(staged, stages=HIDDEN)
    found = differences(before, walk(log_in(staged), staged.study, endings=("csv",)))
    moved = {before[line.partition(": ")[0]].name for line in found}
    assert {
        "annotator:video_detail",
        "annotator:history_list",
        "annotator:export_download",
        "evaluation:agreement_conflicts",
        "evaluation:leaderboard",
        "evaluation:leaderboard_compare",
        "evaluation:leaderboard_labels_table",
    } <= moved


def test_an_import_of_gold_is_no_oracle(db):
    """A preview that told which labels differ from what is there would tell what is there."""
    staged = build(PERSONAS["annotator+researcher"])
    client = log_in(staged)
    url = reverse("annotator:label_import", args=[staged.study.slug])
    stances = {"face": -1, "humility": 0, "tradition": 0, "hedonism": 1}
    lines = [
        f"stage-{stage},{slug},{stance}"
        for stage in ("settled", "submitted", "others-settled", "others-waiting")
        for slug, stance in stances.items()
    ]
    content = "\n".join(["video_id,value,stance", *lines]).encode()

    def preview():
        file = SimpleUploadedFile("gold.csv", content, content_type="text/csv")
        response = client.post(url, {"file": file, "use": "gold"})
        assert "report" in response.context
        return TOKENS.sub("", response.content.decode())

    tokens = re.compile(r'name="token" value="[^"]+"')
    before = tokens.sub("", preview())
    stages.perturb(staged, stages=["settled", "others-settled"])
    stages.agree_by_itself(staged, "submitted")
    stages.agree_by_itself(staged, "others-waiting")
    assert tokens.sub("", preview()) == before
