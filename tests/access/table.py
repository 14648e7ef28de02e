"""The written table: who may open which address, and what about.

A row is one address, one method and one kind of object. Anonymous people, outsiders, members without the role
and objects of other studies are the same everywhere, so the table does not repeat them:

- anonymous: led to the login page; scripts get 401
- an outsider, and anybody at another study's object: 404
- a member without the role: 403
- a member with the role: what the row says
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from annotator.models import Role

A, C, R = Role.ANNOTATOR, Role.CONSOLIDATOR, Role.RESEARCHER
MEMBERS = frozenset(Role)  # anybody in the study
NOBODY: frozenset[Role] = frozenset()

SHOWN = "shown"  # 200, or 206 of a part
DONE = "done"  # 200 or a redirect after a POST
LED = "led on"  # a redirect: to the next video, back to the list
HIDDEN = "hidden"  # 404
DENIED = "denied"  # 403
REFUSED = "refused"  # 409: reached, and says why not
WRONG_METHOD = "wrong method"  # 405
LOGIN = "login"  # redirect to the login page, or 401
BAD = "bad"  # 400, for what only a made-up request sends


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    roles: frozenset[Role]
    about: str = ""
    method: str = "GET"
    outcome: str = ""  # for whoever holds a role; SHOWN for GET, DONE for POST unless it says otherwise
    data: dict[str, Any] = field(default_factory=dict)  # a form
    json: dict[str, Any] | None = None  # a script's request
    get: str = ""  # what GET answers where only POST does something
    bound: str = ""  # the outcome for whoever blindness binds, where it is another
    finds: Callable[[frozenset[Role]], bool] | None = None  # of those with a role; others find nothing
    is_public: bool = False  # also to people who are not logged in
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def expected(self) -> str:
        """The outcome for whoever may."""
        return self.outcome or (SHOWN if self.method == "GET" else DONE)

    @property
    def label(self) -> str:
        """For messages of the test."""
        return f"{self.method} {self.name} ({self.about or 'no object'})"


def row(name, *roles, **fields) -> Row:
    """A row about a page."""
    return Row(f"annotator:{name}", frozenset(roles) or MEMBERS, **fields)


def act(name, *roles, get=WRONG_METHOD, **fields) -> Row:
    """A row about something done by POST."""
    return row(name, *roles, method="POST", get=get, **fields)


def script(name, *roles, json=None, **fields) -> Row:
    """A row about something that a page's script asks for."""
    return act(name, *roles, json={"mutation": str(uuid.uuid4()), **(json or {})}, **fields)


def figure(name, **fields) -> Row:
    """A row about a page of evaluation."""
    return Row(f"evaluation:{name}", frozenset({R}), **fields)


def run(name, *roles, get=WRONG_METHOD, **fields) -> Row:
    """A row about runs, or about what models made of a video."""
    fields = {"get": get, **fields} if fields.get("method") == "POST" else fields
    return Row(f"models_app:{name}", frozenset(roles) or frozenset({R}), **fields)


def to_everybody(name, **fields) -> Row:
    """A row about a page outside studies."""
    return Row(name, NOBODY, **fields)


EVERYWHERE = [
    to_everybody("annotator:home", outcome=LED),  # with one study, to that study
    to_everybody("annotator:healthz", is_public=True),
    to_everybody("annotator:robots", is_public=True),
    to_everybody("annotator:study_create", outcome=DENIED),  # only who may create studies
    to_everybody("annotator:study_create", method="POST", outcome=DENIED),
    to_everybody("annotator:login", is_public=True, outcome=LED),  # who is logged in is led home
    to_everybody("annotator:logout", is_public=True, method="POST", outcome=LOGIN),
    to_everybody("annotator:password_change"),
    to_everybody("annotator:profile_edit"),
    to_everybody(
        "annotator:profile_edit", method="POST", data={"first_name": "Me", "language": ""}, get=SHOWN
    ),
    to_everybody("set_language", is_public=True, method="POST", data={"language": "he"}, get=LED),
]

STUDY = [
    row("study_detail"),
    row("study_edit", R),
    row("study_edit", R, method="POST", data={"name": ""}, get=SHOWN),
    row("history_list", R),
    row("member_list", R),
    act("member_add", R, data={"username": "newcomer", "roles": ["annotator"]}, get=LED),
    act("member_remove", R, about="member", data={"role": "annotator"}),
    act("member_reset_password", R, about="member", get=LED),
    row("codebook_detail"),
    row("codebook_value", about="value"),
    row("codebook_export"),
    row("codebook_version_list", R),
    row("codebook_import", R),
    row("codebook_import", R, method="POST", data={"text": "no codebook"}, get=SHOWN),
]

VIDEOS = [
    row("video_list", R),
    row("video_import", R),
    row("video_import", R, method="POST", get=SHOWN),
    row("video_detail", about="video"),
    row("video_detail", about="begun video"),
    row("video_media", about="video"),
    row("video_media", about="video", headers={"Range": "bytes=10-20"}),
    row("video_media", about="bare video", outcome=HIDDEN),
    row("video_thumbnail", about="video"),
    row("video_thumbnail", about="bare video", outcome=HIDDEN),
    row("video_withdraw", R, about="video"),
    row("video_withdraw", R, about="video", method="POST", data={"because": "asked to"}, get=SHOWN),
    row("creator_list", R),
    row("creator_edit", R, about="creator"),
    row("creator_edit", R, about="creator", method="POST", data={"name": "N"}, get=SHOWN),
]

BATCHES = [
    row("batch_list", R),
    row("batch_create", R),
    row("batch_create", R, method="POST", data={"name": "Three", "purpose": "main"}, get=SHOWN),
    row("batch_detail", R, about="batch"),
    row("batch_edit", R, about="batch"),
    row("batch_edit", R, about="batch", method="POST", data={"name": ""}, get=SHOWN),
    act("batch_share_out", R, about="batch"),
    row("batch_release", R, about="batch"),
    row("batch_release", R, about="batch", method="POST", get=SHOWN),
    act("slot_assign", R, about="video"),
    act("slot_reassign", R, about="free slot"),
    act("slot_reassign", R, about="held slot"),
]

CODING = [
    row("coding_next", A, outcome=LED),
    row("coding_peek", A),
    row("coding_list", A),
    row("coding_guide", about="version"),
    row("coding_edit", A, about="own coding"),
    row("coding_edit", A, about="other coding", outcome=HIDDEN),
    script("coding_save", A, about="own coding", json={"changes": []}),
    script("coding_save", A, about="other coding", json={"changes": []}, outcome=HIDDEN),
    script("coding_submit", A, about="own coding", outcome=REFUSED),  # nothing is given yet
    script("coding_submit", A, about="other coding", outcome=HIDDEN),
    script("coding_park", A, about="own coding", json={"parked": True}),
    script("coding_park", A, about="other coding", json={"parked": True}, outcome=HIDDEN),
    script("coding_set_aside", A, about="own coding", json={"because": "language", "note": ""}),
    script("coding_set_aside", A, about="other coding", json={"because": "language"}, outcome=HIDDEN),
    script("coding_play", A, about="own coding", json={"played_ms": 5}),
    script("coding_play", A, about="other coding", json={"played_ms": 5}, outcome=HIDDEN),
    row("question_list", A),
    act("question_answer", A, about="question to me", data={"text": "Because."}),
    act("question_answer", A, about="question to others", data={"text": "Because."}, outcome=HIDDEN),
    row("difference_list", A),
]

CONSOLIDATION = [
    row("consolidation_list", C),
    act("consolidation_next", C, outcome=LED, get=LED),
    act("consolidation_claim", C, about="waiting video", outcome=LED),
    act("consolidation_claim", C, about="held video", outcome=LED),  # back to the list, with a message
    act("consolidation_claim", C, about="video I coded", outcome=LED),  # test_blindness looks closer
    row("consolidation_edit", C, about="own claim"),
    row("consolidation_edit", C, about="own settled"),
    row("consolidation_edit", C, about="other claim", outcome=LED),  # to the list: claims do run out
    row("consolidation_edit", C, about="other settled", outcome=LED),
    script("consolidation_save", C, about="own claim", json={"changes": []}),
    script("consolidation_save", C, about="own settled", json={"changes": []}, outcome=REFUSED),
    script("consolidation_save", C, about="other claim", json={"changes": []}, outcome=REFUSED),
    script("consolidation_finish", C, about="own claim", outcome=REFUSED),  # still undecided
    script("consolidation_finish", C, about="other claim", outcome=REFUSED),
    script("consolidation_renew", C, about="own claim"),
    script("consolidation_renew", C, about="other claim"),  # answers that it is not held
    act("consolidation_unclaim", C, about="own claim", outcome=LED),
    act("consolidation_unclaim", C, about="other claim", outcome=LED),
    act("consolidation_reopen", C, R, about="own settled", outcome=LED),
    act("consolidation_reopen", C, R, about="other settled", outcome=LED),
    act("question_ask", C, about="own claim", data={"value": "face", "text": "Why?"}),
    act("question_ask", C, about="other claim", data={"value": "face", "text": "Why?"}, outcome=HIDDEN),
    row("precedent_list", C, about="own claim, value"),
    row("precedent_list", C, about="other claim, value", outcome=HIDDEN),
]

LABELS = [
    row("label_import", R),
    row("label_import", R, method="POST", get=SHOWN),
    act("label_import_confirm", R, outcome=LED),  # without a previewed file: back to where one is chosen
    row("export_list", R),
    row("export_download", R, about="labels file"),
    figure("agreement_detail"),
    figure("agreement_summary"),
    figure("agreement_table", bound=HIDDEN),  # of so few videos
    figure("agreement_figure", about="figure", bound=HIDDEN),
    figure("agreement_conflicts", about="value"),
]

MODELS = [
    figure("leaderboard"),
    figure("leaderboard_table", bound=HIDDEN),  # of so few videos
    figure("leaderboard_compare"),
    figure("leaderboard_labels", about="run"),
    figure("leaderboard_labels_table", about="run", bound=HIDDEN),
    figure("script_agreement"),
]

RUNS = [
    run("run_list"),
    run("run_choose"),
    run("run_create", about="pipeline"),
    run("run_create", about="pipeline", method="POST", data={"videos": "none"}, get=SHOWN),
    run("run_estimate", about="pipeline", method="POST"),
    run("run_prompt_new", about="asking pipeline"),
    run("run_prompt_new", about="asking pipeline", method="POST", get=SHOWN),
    run("run_prompt_count", about="asking pipeline", method="POST"),
    run("run_prompt", about="asking run"),
    run("run_summary"),
    run("run_detail", about="run"),
    run("run_videos", about="run"),
    run("run_pause", about="run", method="POST", outcome=LED),
    run("run_resume", about="run", method="POST", outcome=LED),
    run("run_cancel", about="run", method="POST", outcome=LED),
    run("run_retry", about="run", method="POST", outcome=LED),
    run("run_budget", about="run", method="POST", data={"budget": "5"}, outcome=LED),
    run("run_compare"),
    # A researcher who codes or consolidates finds an item when their own work on its video is done.
    run("run_item", about="predicted item", finds=lambda roles: roles == {R}),
    run("run_item", about="released item"),
    run(
        "run_item_retry",
        about="predicted item",
        method="POST",
        outcome=LED,
        finds=lambda roles: roles == {R},
    ),
    # Whoever codes or consolidates finds what models made of a video when their own work on it is done.
    run("video_models", *MEMBERS, about="predicted video", finds=lambda roles: roles == {R}),
    run("video_models", *MEMBERS, about="released video", finds=lambda roles: roles != {C}),
    run("video_models", *MEMBERS, about="video I settled", finds=lambda roles: C in roles or roles == {R}),
]

# Whoever codes or consolidates too finds the script of a video when their own work on it is done.
FREE = {"about": "script", "finds": lambda roles: roles == {R}}
SCRIPTS = [
    run("script_list"),
    run("script_next", outcome=LED),
    run("script_compare", outcome=LED),  # without two scripts: to the list
    run("script_download", about="reviews file"),
    run("script_detail", **FREE),
    run("script_detail", about="script of a released video"),
    run("script_edit", **FREE),
    run("script_edit", **FREE, method="POST", data={"text": ""}, outcome=SHOWN, get=""),
    run("script_review", **FREE, method="POST", data={"visual": "whole"}, outcome=SHOWN),
    run("script_gap_add", **FREE, method="POST", data={"text": ""}, outcome=SHOWN),
    run("script_gap_delete", about="own gap", method="POST", outcome=LED, finds=lambda roles: roles == {R}),
    run("script_gap_delete", about="other gap", method="POST", outcome=HIDDEN),
]

TABLE = [*EVERYWHERE, *STUDY, *VIDEOS, *BATCHES, *CODING, *CONSOLIDATION, *LABELS, *MODELS, *RUNS, *SCRIPTS]
