"""Gold examples of a run: enough for every video, never its own creator's, the same for equal runs."""

from collections import Counter

import pytest
from django.utils import timezone

from annotator.errors import RefusedError
from annotator.models import GoldLabel
from models_app.actions.runs import start_run
from models_app.models import Run, RunShot
from tests.factories import make_study, make_video
from tests.run_factories import make_script

pytestmark = pytest.mark.django_db
VALUES = ("face", "humility")


def gold_video(study, creator=None, *, stances=(1, -1), script="A script.", model="writer", **fields):
    video = make_video(study, creator=creator, slots=False, media="a.mp4", **fields)
    values = study.codebook.values.order_by("position")
    GoldLabel.objects.bulk_create(
        GoldLabel(video=video, value=value, stance=stance, origin="import", decided_at=timezone.now())
        for value, stance in zip(values, stances, strict=False)
    )
    if script is not None:
        make_script(video, script, model=model)
    return video


def start(study, pipeline="llm-from-script", **given):
    options = {key: given.pop(key) for key in ("scripts", "video_ids") if key in given}
    settings = {"examples": "gold", "shots": 2, **given}
    return start_run(study=study, pipeline=pipeline, settings=settings, **options)


def study_with_gold(*creators, **options):
    study = make_study(slugs=VALUES, **options)
    return study, [gold_video(study, creator) for creator in creators]


def shown(run, video):
    """What a video would be shown, told anew from the rows."""
    rows = run.shots.order_by("number").select_related("video")
    own = video.creator_id
    others = [r for r in rows if r.video_id != video.pk and not (own and r.video.creator_id == own)]
    return others[: run.settings["shots"]]


def test_examples_are_frozen_with_script_and_stances():
    study, videos = study_with_gold("a", "b", "c")
    newest = {video.pk: make_script(video, "Newer.", model="writer").pk for video in videos}
    run = start(study)
    assert run.scope["scripts"] == run.scope["example_scripts"] == "writer"
    assert [shot.number for shot in run.shots.all()] == [0, 1, 2]
    for shot in run.shots.all():
        assert shot.script_id == newest[shot.video_id]
        assert shot.gold == {"face": 1, "humility": -1}


@pytest.mark.parametrize("creators", [list("aaaabbc"), list("aabbccdd"), [None] * 5, ["a", "a", None, "b"]])
def test_each_video_can_be_shown_enough_of_others(creators):
    study, videos = study_with_gold(*creators)
    run = start(study)
    for video in videos:
        assert len(shown(run, video)) == 2
    sizes = Counter(shot.video.creator_id or -shot.video_id for shot in run.shots.select_related("video"))
    assert sizes.total() - max(sizes.values()) == 2  # and no more are kept than that takes


def test_equal_runs_show_equal_examples_and_other_replicates_others():
    study, _videos = study_with_gold(*"abcdefghijklmnop")
    first, second, other = (
        [shot.video_id for shot in start(study, replicate=n).shots.all()] for n in (0, 0, 1)
    )
    assert first == second
    assert first != other


def test_examples_do_not_hang_on_the_scope():
    study, videos = study_with_gold(*"abcdefgh")
    whole = [shot.video_id for shot in start(study).shots.all()]
    part = [shot.video_id for shot in start(study, video_ids=[videos[0].pk]).shots.all()]
    assert whole == part


@pytest.mark.parametrize("pipeline", ["llm-direct", "llm-two-step"])
def test_videos_that_are_watched_are_shown_scripts_of_one_model(pipeline):
    study, videos = study_with_gold("a", "b", "c")
    assert start(study, pipeline).scope["example_scripts"] == "writer"
    for video in videos:
        make_script(video, "Another.", model="other")
    with pytest.raises(RefusedError, match="choose one of other, writer"):
        start(study, pipeline)
    run = start(study, pipeline, scripts="other")
    assert (run.scope["scripts"], run.scope["example_scripts"]) == ("", "other")
    assert {shot.script.text for shot in run.shots.select_related("script")} == {"Another."}


def test_video_that_cannot_be_an_example_is_none():
    study, videos = study_with_gold("a", "b", "c")
    gold_video(study, "d", stances=(1,))
    gold_video(study, "e", script=" ")
    gold_video(study, "f", script=None)
    gold_video(study, "g", withdrawn_at=timezone.now())
    gold_video(make_study(slugs=VALUES), "h")
    run = start(study)
    assert {shot.video_id for shot in run.shots.all()} == {video.pk for video in videos}


def test_dominant_is_shown_where_it_is_offered():
    for dominant, stance in ((True, 2), (False, 1)):
        study = make_study(slugs=VALUES, dominant=dominant)
        for creator in "abc":
            gold_video(study, creator, stances=(2, -1))
        assert {shot.gold["face"] for shot in start(study).shots.all()} == {stance}


@pytest.mark.parametrize(
    ("creators", "said"),
    [
        ([], "there are none yet"),
        (list("aaaa"), "there are 4, of 1 creators"),
        (list("aab"), "there are 3, of 2 creators"),
        ([None, None], "there are 2, of 2 creators"),
    ],
)
def test_too_few_examples_start_no_run(creators, said):
    study, _videos = study_with_gold(*creators)
    make_script(make_video(study, creator="z", slots=False), model="writer")
    with pytest.raises(RefusedError, match=said):
        start(study)
    assert not Run.objects.exists()


@pytest.mark.parametrize("examples", ["none", "codebook"])
def test_other_presets_show_no_gold(examples):
    study, _videos = study_with_gold("a", "b", "c")
    run = start(study, examples=examples)
    assert "example_scripts" not in run.scope
    assert not RunShot.objects.exists()


def test_scripts_are_still_refused_where_nothing_reads_them():
    study, _videos = study_with_gold("a", "b", "c")
    with pytest.raises(RefusedError, match="reads no scripts"):
        start(study, "llm-direct", examples="none", scripts="writer")
