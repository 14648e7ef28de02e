"""Scripts edited and reviewed by hand, and gaps marked in them."""

import pytest

from annotator.actions.videos import withdraw_video
from annotator.errors import RefusedError
from annotator.models import Change, Role
from models_app.actions.script_edit import LONGEST, StaleEditError, edit_script
from models_app.actions.script_review import mark_gap, remove_gap, review_script
from models_app.actions.script_segments import carried_segments
from models_app.models import Captured, ReviewState, Script, ScriptElement, ScriptGap, ScriptReview
from models_app.queries.scripts import states_of
from models_app.queries.scripts_reviews import reviews_for
from tests.factories import make_member, make_study, make_video
from tests.run_factories import make_review, make_script

pytestmark = pytest.mark.django_db
TEXT = 'Sound: speech.\n\nSCENE 1\n\nSPEAKER: "Cold coffee, again."\n\n[day 3]'
PARTS = [
    {"kind": "scene", "text": "SCENE 1", "start_ms": 0, "end_ms": 400, "speaker": ""},
    {"kind": "speech", "text": "Cold coffee, again.", "start_ms": 500, "end_ms": 900, "speaker": "SPEAKER"},
    {"kind": "caption", "text": "day 3", "start_ms": 1000, "end_ms": 1500, "speaker": ""},
]


@pytest.fixture
def study():
    return make_study(slugs=["face", "humility"])


@pytest.fixture
def people(study):
    return [make_member(study, Role.RESEARCHER) for _n in range(4)]


@pytest.fixture
def script(study):
    return make_script(make_video(study), TEXT, segments=PARTS, facts={"sound": "speech"})


def answers(captured="whole", **others):
    given = dict.fromkeys(ScriptElement.values, captured) | others
    return {ScriptElement(name): Captured(answer) for name, answer in given.items()}


def review(script, by, captured="whole", *, note="", **others):
    return review_script(script=script, answers=answers(captured, **others), note=note, by=by)


def state_of(script):
    return states_of([script.pk]).get(script.pk, ReviewState.UNREVIEWED)


# --- edits --------------------------------------------------------------------------------


def test_an_edit_is_a_version_of_its_own(script, people):
    edit = edit_script(script=script, text=TEXT.replace("Cold", "Old"), by=people[0])
    script.refresh_from_db()
    assert script.text == TEXT
    assert (edit.parent, edit.origin, edit.model, edit.run) == (script, "edit", script.model, None)
    assert (edit.created_by, edit.facts) == (people[0], {"sound": "speech"})
    assert edit.sha256 != script.sha256
    assert [part["text"] for part in edit.segments] == ["SCENE 1", "Old coffee, again.", "day 3"]
    assert [part["start_ms"] for part in edit.segments] == [0, 500, 1000]
    change = Change.objects.get(what="script.edited")
    assert (change.by, change.video, change.before["version"]) == (people[0], script.video, script.pk)


@pytest.mark.parametrize("text", [TEXT, TEXT.replace("\n", "\r\n"), TEXT + "\r\n\r\n"])
def test_an_edit_that_changes_nothing_makes_no_version(script, people, text):
    assert edit_script(script=script, text=text, by=people[0]) == script
    assert Script.objects.count() == 1
    assert not Change.objects.filter(what="script.edited").exists()


def test_an_edit_of_what_is_no_longer_the_newest_is_refused_with_the_newest(script, people):
    first = edit_script(script=script, text="One", by=people[0])
    with pytest.raises(StaleEditError) as caught:
        edit_script(script=script, text="Two", by=people[1])
    assert caught.value.newest == first
    assert Script.objects.count() == 2
    second = edit_script(script=first, text="Two", by=people[1])
    assert second.parent == first


def test_another_model_s_newer_script_is_in_nobody_s_way(script, people):
    make_script(script.video, "Other words", model="another")
    assert edit_script(script=script, text="One", by=people[0]).parent == script


@pytest.mark.parametrize(("text", "why"), [(" \n ", "without words"), ("x" * (LONGEST + 1), "too long")])
def test_an_edit_that_makes_no_sense_is_refused(script, people, text, why):
    with pytest.raises(RefusedError, match=why):
        edit_script(script=script, text=text, by=people[0])
    assert Script.objects.count() == 1


def test_nothing_is_said_of_the_script_of_a_withdrawn_video(script, people):
    gone = Script.objects.get(pk=script.pk)
    type(script.video).objects.filter(pk=script.video_id).update(withdrawn_at=script.created_at)
    for act in (
        lambda: edit_script(script=gone, text="One", by=people[0]),
        lambda: review(gone, people[0]),
        lambda: mark_gap(script=gone, by=people[0], **GAP),
    ):
        with pytest.raises(RefusedError, match="withdrawn"):
            act()


def test_withdrawing_a_video_deletes_its_scripts_with_all_that_was_said_of_them(script, people):
    edit_script(script=script, text="One", by=people[0])
    review(script, people[0])
    mark_gap(script=script, by=people[0], **GAP)
    kept = make_script(make_video(script.video.study))
    make_review(kept, people[0])
    withdraw_video(video=script.video, because="asked to", by=people[0])
    assert list(Script.objects.all()) == [kept]
    assert ScriptReview.objects.count() == 1
    assert not ScriptGap.objects.exists()


# --- times of an edited text --------------------------------------------------------------


def carried(after):
    return [
        (part["text"], part["start_ms"])
        for part in carried_segments(before=TEXT, segments=PARTS, after=after)
    ]


def test_lines_that_stay_keep_their_times():
    added = TEXT.replace("[day 3]", "She sits down.\n\n[day 3]")
    assert carried(added) == [("SCENE 1", 0), ("Cold coffee, again.", 500), ("day 3", 1000)]


def test_lines_that_are_taken_out_take_their_times_with_them():
    assert carried(TEXT.replace("SCENE 1\n\n", "")) == [("Cold coffee, again.", 500), ("day 3", 1000)]


def test_a_line_that_is_split_is_not_timed_any_more():
    split = TEXT.replace("[day 3]", "[day\n\nthree]")
    assert carried(split) == [("SCENE 1", 0), ("Cold coffee, again.", 500)]


def test_a_line_corrected_beside_one_that_was_added_keeps_its_time():
    after = TEXT.replace("again.", "again!").replace("[day 3]", "She laughs.\n\n[day 3]")
    assert carried(after) == [("SCENE 1", 0), ("Cold coffee, again!", 500), ("day 3", 1000)]


def test_a_speech_that_is_split_is_not_timed_any_more():
    after = TEXT.replace('coffee, again."', 'coffee."\n\nSPEAKER: "Again."')
    assert carried(after) == [("SCENE 1", 0), ("day 3", 1000)]


def test_a_speaker_may_get_a_name():
    after = TEXT.replace("SPEAKER", "MIRA")
    speech = carried_segments(before=TEXT, segments=PARTS, after=after)[1]
    assert (speech["speaker"], speech["text"], speech["start_ms"]) == ("MIRA", "Cold coffee, again.", 500)
    assert PARTS[1]["speaker"] == "SPEAKER"


# --- reviews ------------------------------------------------------------------------------


def test_two_who_find_nothing_lacking_approve(script, people):
    assert state_of(script) == ReviewState.UNREVIEWED
    review(script, people[0])
    assert state_of(script) == ReviewState.ONE
    review(script, people[1], captions="nothing")
    assert state_of(script) == ReviewState.APPROVED


def test_two_who_agree_that_something_is_lacking_do_not_approve(script, people):
    review(script, people[0], visual="partly")
    review(script, people[1], visual="wrong")
    assert state_of(script) == ReviewState.LACKING


def test_what_a_third_cannot_change_is_not_asked_of_one(script, people):
    """They differ on captions; but both found the visual lacking."""
    review(script, people[0], visual="partly")
    review(script, people[1], visual="partly", captions="wrong")
    assert state_of(script) == ReviewState.LACKING
    with pytest.raises(RefusedError, match="enough people"):
        review(script, people[2])


@pytest.mark.parametrize(("third", "state"), [("whole", "approved"), ("partly", "lacking")])
def test_a_third_decides_where_two_differ(script, people, third, state):
    review(script, people[0], narration="partly")
    review(script, people[1])
    assert state_of(script) == ReviewState.DIFFERING
    review(script, people[2], narration=third)
    assert state_of(script) == state
    with pytest.raises(RefusedError, match="enough people"):
        review(script, people[3])


def test_a_review_can_be_changed_until_somebody_else_has_given_theirs(script, people):
    review(script, people[0], note="First")
    review(script, people[0], "partly", note="Second")
    own = ScriptReview.objects.get()
    assert (own.visual, own.note) == ("partly", "Second")
    assert Change.objects.get(what="script.review_changed").before["visual"] == "whole"
    review(script, people[1])
    with pytest.raises(RefusedError, match="stands"):
        review(script, people[0], "whole")
    own.refresh_from_db()
    assert own.visual == "partly"


def test_the_same_review_sent_twice_is_one(script, people):
    review(script, people[0])
    review(script, people[0])
    assert ScriptReview.objects.count() == Change.objects.filter(what__startswith="script.").count() == 1


def test_others_reviews_and_gaps_are_kept_from_whoever_has_not_given_theirs(script, people):
    first, second, third, _fourth = people
    review(script, first, narration="partly", note="mumbles")
    mark_gap(script=script, by=first, **GAP)
    before = reviews_for(script, reader=second)
    assert (before.shown, before.n_kept, before.gaps, before.n_gaps_kept) == ([], 1, [], 1)
    assert before.can_review
    review(script, second)
    after = reviews_for(script, reader=second)
    assert [found.note for found in after.shown] == ["mumbles"]
    assert (len(after.gaps), after.n_gaps_kept, after.can_review) == (1, 0, False)
    # The two differ: whoever decides sees as little as they did.
    assert reviews_for(script, reader=third).n_kept == 2
    assert not ScriptGap.objects.open_to(third).exists()
    review(script, third)
    assert len(reviews_for(script, reader=people[3]).shown) == 3
    assert ScriptGap.objects.open_to(people[3]).exists()
    assert ScriptReview.objects.open_to(people[3]).count() == 3


def test_own_gaps_are_always_shown(script, people):
    mark_gap(script=script, by=people[0], **GAP)
    assert len(reviews_for(script, reader=people[0]).gaps) == 1


# --- gaps ---------------------------------------------------------------------------------

GAP = {"element": ScriptElement.VISUAL, "is_invented": False, "at_ms": 1200, "text": "driving in the air"}


def test_a_gap_is_marked_once_and_taken_back_by_whoever_marked_it(script, people):
    gap = mark_gap(script=script, by=people[0], **GAP)
    assert mark_gap(script=script, by=people[0], **GAP) == gap
    mark_gap(script=script, by=people[1], **GAP)
    assert ScriptGap.objects.count() == 2
    with pytest.raises(RefusedError, match="only whoever"):
        remove_gap(gap=gap, by=people[1])
    remove_gap(gap=gap, by=people[0])
    assert ScriptGap.objects.get().created_by == people[1]
    changes = Change.objects.filter(what__startswith="script.gap_").values_list("what", flat=True)
    assert sorted(changes) == ["script.gap_marked", "script.gap_marked", "script.gap_removed"]


def test_gaps_of_one_script_have_an_end(script, people, monkeypatch):
    monkeypatch.setattr("models_app.actions.script_review.MOST_GAPS", 1)
    mark_gap(script=script, by=people[0], **GAP)
    with pytest.raises(RefusedError, match="at most 1"):
        mark_gap(script=script, by=people[1], **GAP)
