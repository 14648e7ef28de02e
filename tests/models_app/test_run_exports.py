"""What runs leave behind as files: predictions with their reasons, and never a provider's key."""

import csv
import json

import pytest

from annotator.exports.catalogue import TABLES, write_export
from annotator.exports.tables import Wishes
from models_app.models import Prediction
from tests.factories import make_study, make_video
from tests.llm_factories import make_exchange, make_llm_run, say
from tests.run_factories import make_run, make_script, predict

pytestmark = pytest.mark.django_db
KEY = "sk-zq-0123456789-secret"


@pytest.fixture
def study():
    return make_study("s", slugs=["face", "humility"])


def export(study, what, path):
    return write_export(study=study, what=what, path=path, wishes=Wishes(), act="export.written")


def test_predictions_come_with_their_reasons_and_moments(study, tmp_path):
    video = make_video(study)
    run = make_llm_run(study, [video])
    say(run, video, {"face": (True, False)}, why='She says "no", שלום\nand leaves', evidence_ms=61_250)
    predict(make_run(study, [video]), video)
    export(study, "predictions", tmp_path / "p.csv")
    with (tmp_path / "p.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    of_run = {
        row["value"]: (row["reason"], row["evidence_seconds"]) for row in rows if row["run"] == str(run.pk)
    }
    assert of_run == {"face": ('She says "no", שלום\nand leaves', "61.25"), "humility": ("", "")}
    export(study, "predictions", tmp_path / "p.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "p.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {line["evidence_seconds"] for line in lines} == {61.25, None}


def test_a_reason_that_a_spreadsheet_would_run_is_defused(study, tmp_path):
    video = make_video(study)
    run = make_llm_run(study, [video])
    say(run, video, {"face": (True, False)}, why="=HYPERLINK(1)")
    export(study, "predictions", tmp_path / "p.csv")
    assert ",=HYPERLINK" not in (tmp_path / "p.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_no_export_holds_a_key_nor_what_was_sent_to_a_provider(study, tmp_path, monkeypatch, ending):
    for name in ("GEMINI_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.setenv(name, KEY)
    video = make_video(study)
    run = make_llm_run(study, [video])
    say(run, video, {"face": (True, False)})
    make_script(video, run=run)
    make_exchange(run, video, f"an answer {KEY}", message=f"a message {KEY}", answered_by=KEY)
    run.items.update(error=KEY, error_detail=KEY, facts={"k": KEY})
    for what in TABLES:
        path = tmp_path / f"{what}.{ending}"
        export(study, what, path)
        assert KEY.encode() not in path.read_bytes(), what
    Prediction.objects.update(reason=KEY)  # the search can find something
    export(study, "predictions", tmp_path / "told.jsonl")
    assert KEY in (tmp_path / "told.jsonl").read_text(encoding="utf-8")
