"""Predictions made elsewhere: every form they come in, and nothing that was not said."""

import csv
import json
from contextlib import suppress

import pytest
from django.core.management import CommandError, call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotator.errors import RefusedError
from annotator.imports.errors import ImportFileError
from annotator.imports.tables import Table, read_csv
from annotator.models import Change, Role
from models_app.actions.outside_runs import OutsideImportError
from models_app.actions.prediction_import import import_predictions
from models_app.models import Prediction, Run, RunOrigin, RunState, RunVideo
from tests.factories import make_member, make_study, make_video

pytestmark = pytest.mark.django_db
SLUGS = ["face", "tradition", "security-societal"]
COLUMNS = [
    *("video_id", "url", "face", "tradition", "face:endorsed", "face:confronted", "value", "stance"),
    *("endorsed", "p_endorsed", "run", "1_Value1_Face_values", "\x00", "=cmd"),
]


@pytest.fixture
def study():
    study = make_study("one", slugs=SLUGS)
    for external_id in ("11", "12", "13"):
        make_video(study, external_id=external_id, creator="ann")
    return study


def bring(study, text, *, name="p.csv", model="outside", **how):
    return import_predictions(study=study, table=read_csv(text, name=name), model=model, **how)


def told(run=None):
    rows = Prediction.objects.select_related("video", "value")
    rows = rows.filter(run=run) if run else rows
    return {(r.video.external_id, r.value.slug): (r.endorsed, r.confronted) for r in rows}


def test_wide_predictions_are_two_answers_and_an_empty_cell_is_missing(study):
    report = bring(study, "video_id,face,tradition,security-societal\n11,1,-1,0\n12,,2,\n")
    assert told() == {
        ("11", "face"): (True, False),
        ("11", "tradition"): (False, True),
        ("11", "security-societal"): (False, False),
        ("12", "tradition"): (True, False),
    }
    run = Run.objects.get(pk=report.run)
    assert (run.origin, run.state, run.pipeline) == (RunOrigin.IMPORT, RunState.FINISHED, "import")
    assert (run.ended_at is not None, run.codebook, run.codebook.frozen_at is not None) == (
        True,
        study.codebook,
        True,
    )
    assert RunVideo.objects.filter(run=run).count() == 2  # the file's videos are its scope


def test_published_predictions_read_an_empty_cell_as_absent(study):
    bring(
        study,
        "1_Link1,1_Value1_Face_values,1_Value1_Tradition_values\nhttps://www.tiktok.com/@ann/video/11,present,\n",
    )
    assert told() == {("11", "face"): (True, False), ("11", "tradition"): (False, False)}


def test_long_predictions_leave_out_what_they_do_not_name(study):
    report = bring(study, "video_id,value,stance\n11,face,1\n12,Tradition,-1\n11,tradition,\n")
    assert told() == {("11", "face"): (True, False), ("12", "tradition"): (False, True)}
    assert report.untold == ["security-societal"]


def test_binary_predictions_can_say_both_and_need_not_know_every_label(study):
    bring(study, "video_id,face:endorsed,face:confronted,tradition:endorsed\n11,1,1,0\n12,,1,yes\n")
    assert told() == {
        ("11", "face"): (True, True),
        ("11", "tradition"): (False, None),
        ("12", "face"): (None, True),
        ("12", "tradition"): (True, None),
    }


def test_scores_become_answers_at_the_threshold_and_are_kept(study):
    bring(study, "video_id,face:endorsed,face:confronted\n11,0.5,0.49\n12,1,0\n", threshold=0.5)
    first = Prediction.objects.get(video__external_id="11")
    assert (first.endorsed, first.confronted, first.p_endorsed, first.p_confronted) == (
        True,
        False,
        0.5,
        0.49,
    )
    assert told()["12", "face"] == (True, False)


def test_scope_study_asks_the_model_of_every_video(study):
    report = bring(study, "video_id,face\n11,1\n", scope="study")
    assert RunVideo.objects.filter(run=report.run).count() == 3


@pytest.mark.parametrize(
    ("text", "how", "said"),
    [
        ("video_id,face\n99,1\n", {}, "line 2: the study has no video 99"),
        ("video_id,face\n11,3\n", {}, "line 2, column “face”: expected −1, 0, 1 or 2, found “3”"),
        ("video_id,face\n11,1\n11,0\n", {}, "line 3, column “video_id”: video 11 stands already on line 2"),
        ("video_id,face:endorsed\n11,0.7\n", {}, "“0.7” is a score: say from which one on"),
        ("video_id,face:endorsed\n11,1.7\n", {"threshold": 0.5}, "expected a score from 0 to 1"),
        ("video_id,face:endorsed\n11,nan\n", {"threshold": 0.5}, "expected a score from 0 to 1"),
        ("video_id,face\n11,1\n", {"threshold": 0.5}, "in a binary file only; this one is wide"),
        ("video_id,face:endorsed\n11,1\n", {"threshold": 7}, "between 0 and 1"),
        ("video_id,value,stance\n11,nothing,1\n", {}, "“nothing” is no value of the codebook"),
        (
            "video_id,value,stance\n11,face,1\n11,face,0\n",
            {},
            "line 3, column “value”: video 11 has face already",
        ),
        ("video_id,courage\n11,1\n", {}, "names no value of the codebook"),
        ("name,face\n11,1\n", {}, "no column tells which video"),
        ("video_id,face\n", {}, "no rows"),
        ("video_id,face\n11,1\n", {"model": " "}, "name the model"),
        ("video_id,run,value,endorsed\n11,1,face,1\n11,2,face,1\n", {}, "several runs in it"),
    ],
)
def test_bad_file_is_named_and_nothing_is_changed(study, text, how, said):
    with pytest.raises((ValueError, ImportFileError)) as refused:
        bring(study, text, **how)
    assert said in str(refused.value)
    assert (Run.objects.count(), Prediction.objects.count(), Change.objects.count()) == (0, 0, 0)


def test_bad_rows_can_be_skipped_and_are_told(study):
    report = bring(study, "video_id,face\n11,1\n99,1\n12,x\n", skip_bad_rows=True)
    assert [error.line for error in report.errors] == [3, 4]
    assert set(told()) == {("11", "face")}


def test_a_file_of_bad_rows_alone_is_refused_even_if_they_may_be_skipped(study):
    with pytest.raises(OutsideImportError, match="no video 99"):
        bring(study, "video_id,face\n99,1\n", skip_bad_rows=True)


def test_withdrawn_video_gets_no_prediction(study):
    study.videos.filter(external_id="11").update(withdrawn_at="2026-01-01T00:00Z")
    with pytest.raises(OutsideImportError, match="was withdrawn"):
        bring(study, "video_id,face\n11,1\n")


def test_dry_run_changes_nothing(study):
    report = bring(study, "video_id,face\n11,1\n99,1\n", is_dry_run=True)
    assert (report.run, report.counts["n_predictions"], len(report.errors)) == (None, 1, 1)
    assert not Run.objects.exists()


def test_export_of_a_run_comes_back_the_same(study, tmp_path):
    first = bring(
        study,
        "video_id,face:endorsed,face:confronted,tradition:endorsed\n11,0.9,0.8,\n12,0.1,,0.6\n",
        threshold=0.5,
    )
    out = tmp_path / "out.csv"
    call_command("export", "one", "predictions", str(out), "--run", str(first.run))
    call_command("import_predictions", "one", str(out), "--model", "again", "--json")
    second = Run.objects.get(model="again")

    def whole(run):
        rows = Prediction.objects.filter(run=run).order_by("video", "value")
        return list(
            rows.values_list("video", "value", "endorsed", "confronted", "p_endorsed", "p_confronted")
        )

    assert whole(second) == whole(first.run)


REASONED = """video_id,value,endorsed,confronted,reason,evidence_seconds
11,face,yes,no,"=He hides, smiling, from “everyone”",12.5
12,face,no,no,,
"""


def test_reasons_and_seconds_of_a_model_come_in_and_go_out_as_they_were(study, tmp_path):
    first = bring(study, REASONED).run
    out = tmp_path / "out.csv"
    call_command("export", "one", "predictions", str(out), "--run", str(first))
    call_command("import_predictions", "one", str(out), "--model", "again")
    for run in (first, Run.objects.get(model="again")):
        rows = Prediction.objects.filter(run=run).order_by("video")
        assert list(rows.values_list("endorsed", "confronted", "reason", "evidence_ms")) == [
            (True, False, "=He hides, smiling, from “everyone”", 12_500),
            (False, False, "", None),
        ]


@pytest.mark.parametrize("cell", ["soon", "-1", "nan", "1e9"])
def test_evidence_that_is_no_second_of_a_video_is_a_bad_row(study, cell):
    with pytest.raises(OutsideImportError, match="expected seconds from the video's beginning"):
        bring(study, REASONED.replace("12.5", cell))
    assert not Run.objects.exists()


def test_a_reason_without_an_answer_is_no_prediction(study):
    bring(study, "video_id,value,endorsed,reason\n11,face,,I cannot tell\n12,face,yes,He hides\n")
    assert told() == {("12", "face"): (True, None)}


def test_export_holds_each_answer_with_its_run(study, tmp_path):
    run = bring(study, "video_id,face:endorsed\n11,1\n").run
    call_command("export", "one", "predictions", str(tmp_path / "out.csv"))
    (row,) = csv.DictReader((tmp_path / "out.csv").read_text().splitlines())
    assert (row["run"], row["model"], row["value"], row["endorsed"], row["confronted"]) == (
        *(str(run), "outside", "face", "yes", ""),
    )
    call_command("export", "one", "predictions", str(tmp_path / "out.parquet"))
    with pytest.raises(CommandError, match="no run 9999 of predictions"):
        call_command("export", "one", "predictions", str(tmp_path / "x.csv"), "--run", "9999")


def test_command_tells_what_became_of_the_file(study, tmp_path, capsys):
    file = tmp_path / "p.csv"
    file.write_text("video_id,face\n11,1\n99,1\n")
    call_command("import_predictions", "one", str(file), "--model", "m", "--skip-bad-rows", "--json")
    told = json.loads(capsys.readouterr().out)
    assert (told["model"], told["n_videos"], told["n_bad_rows"], told["format"]) == ("m", 1, 1, "wide")
    assert Change.objects.get(what="run.imported").after["run"] == told["run"]


def test_download_holds_only_videos_whose_predictions_may_be_seen(study, client, tmp_path):
    bring(study, "video_id,face\n11,1\n12,1\n")
    both = make_member(study, Role.RESEARCHER, Role.CONSOLIDATOR)
    client.force_login(both)
    answer = client.get("/s/one/export/predictions.csv")
    assert answer.status_code == 200
    assert b"".join(answer.streaming_content).decode().count("\n") == 1  # the header: nothing is decided yet


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    columns=st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=6, unique=True),
    cells=st.lists(
        st.one_of(st.none(), st.text(max_size=6), st.floats(), st.integers(), st.booleans()), max_size=18
    ),
    threshold=st.one_of(st.none(), st.floats(0, 1)),
)
def test_hostile_table_is_refused_or_imported_whole(study, columns, cells, threshold):
    rows = [
        dict(zip(columns, cells[at : at + len(columns)], strict=False))
        for at in range(0, len(cells), len(columns))
    ]
    table = Table("x.jsonl", columns, list(enumerate(rows, start=2)))
    with suppress(ImportFileError, RefusedError):  # anything else is a bug
        import_predictions(study=study, table=table, model="m", threshold=threshold)
