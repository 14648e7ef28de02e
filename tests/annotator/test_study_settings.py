"""Settings of a study: logged, and refused where work already done rules them out."""

import pytest

from annotator.actions.coders_per_video import CodersError, set_coders_per_video
from annotator.actions.studies import update_study
from annotator.models import Change, Consolidation, Role, Slot
from tests.factories import make_coding, make_member, make_study, make_user, make_video

pytestmark = pytest.mark.django_db


def places(video):
    return sorted(video.slots.values_list("n", flat=True))


def test_each_changed_setting_is_logged_and_unchanged_ones_are_not():
    study = make_study(auto_gold=False, lift_blindness=False)
    lead = make_member(study, Role.RESEARCHER)
    changed = update_study(study=study, by=lead, lift_blindness=True, auto_gold=False, name=study.name)
    assert changed == {"lift_blindness": False}
    change = Change.objects.get(study=study)
    assert (change.what, change.before, change.after) == (
        "study.set",
        {"lift_blindness": False},
        {"lift_blindness": True},
    )
    study.refresh_from_db()
    assert study.lift_blindness


def test_more_coders_open_the_missing_places():
    study = make_study()
    fresh, in_gold, loose = make_video(study), make_video(study), make_video(study, slots=False)
    make_coding(fresh, make_user())
    Consolidation.objects.create(video=in_gold, state="done")
    type(loose).objects.filter(pk=loose.pk).update(batch=None)
    set_coders_per_video(study=study, coders=3, by=None)
    assert places(fresh) == [1, 2, 3]
    assert places(in_gold) == [1, 2]
    assert places(loose) == []
    assert fresh.slots.get(n=3).position == fresh.position
    assert Change.objects.get(study=study).after == {"coders_per_video": 3}


def test_fewer_coders_close_free_places_only():
    study = make_study(coders_per_video=3)
    video = make_video(study)
    coder = make_user()
    coding = make_coding(video, coder)
    # The first place came back, the one in use is the last.
    Slot.objects.filter(video=video, n=1).update(is_open=True)
    last = video.slots.get(n=3)
    type(coding).objects.filter(pk=coding.pk).update(slot=last)
    Slot.objects.filter(pk=last.pk).update(is_open=False)
    set_coders_per_video(study=study, coders=2, by=None)
    assert places(video) == [1, 2]
    coding.refresh_from_db()
    assert coding.slot.n in (1, 2)


def test_fewer_coders_are_refused_where_more_have_coded():
    study = make_study(coders_per_video=2)
    video = make_video(study, external_id="777")
    untouched = make_video(study)
    make_coding(video, make_user())
    make_coding(video, make_user())
    with pytest.raises(CodersError, match=r"1 video already has more than 1 coders \(777\)"):
        set_coders_per_video(study=study, coders=1, by=None)
    study.refresh_from_db()
    assert study.coders_per_video == 2
    assert places(untouched) == [1, 2]


@pytest.mark.parametrize("coders", [0, 11])
def test_number_of_coders_out_of_range_is_refused(coders):
    study = make_study()
    with pytest.raises(CodersError, match="Between 1 and 10"):
        set_coders_per_video(study=study, coders=coders, by=None)
