"""Scripts made elsewhere: tables and folders in, tables out, and back."""

import json

import pytest
from django.core.management import CommandError, call_command

from annotator.models import Change, Role
from models_app.models import Gives, Run, RunVideo, Script, ScriptOrigin
from tests.factories import make_member, make_study, make_video

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    study = make_study("one", slugs=["face", "tradition"])
    for external_id in ("11", "12"):
        make_video(study, external_id=external_id)
    return study


def bring(path, *options, model="gemini"):
    call_command("import_scripts", "one", str(path), "--model", model, *options)


def written(folder, name, text, encoding="utf-8"):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def test_table_of_scripts_becomes_a_run_of_scripts(study, tmp_path, capsys):
    text = '11,"INT. KITCHEN\r\nMIRA: ""Soup.""\n[SOUP]"\n12,Only a line\n'
    bring(written(tmp_path, "s.csv", "video_id,text\n" + text), "--json")
    told = json.loads(capsys.readouterr().out)
    run = Run.objects.get(pk=told["run"])
    assert (run.gives, run.model, told["n_scripts"]) == (Gives.SCRIPTS, "gemini", 2)
    script = Script.objects.get(video__external_id="11")
    assert script.text == 'INT. KITCHEN\nMIRA: "Soup."\n[SOUP]'
    assert (script.origin, script.run) == (ScriptOrigin.IMPORT, run)
    assert RunVideo.objects.filter(run=run).count() == 2
    assert Change.objects.get(what="run.imported").after["n_scripts"] == 2


def test_folder_of_texts_is_read_by_the_names_of_its_files(study, tmp_path, capsys):
    folder = tmp_path / "scripts"
    folder.mkdir()
    written(folder, "11.txt", "\ufeffשלום 🙂", "utf-8")
    written(folder, "12.TXT", "Second", "utf-16")
    written(folder, "readme.md", "not one")
    bring(folder)
    assert dict(Script.objects.values_list("video__external_id", "text")) == {"11": "שלום 🙂", "12": "Second"}
    assert "Ignored: readme.md" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("video_id,text\n99,Words\n", "line 2: the study has no video 99"),
        ("video_id,text\n11,\n", "line 2, column “text”: the script is empty"),
        ("video_id,text\n11,A\n11,B\n", "line 3, column “video_id”: video 11 stands already on line 2"),
        ("video_id,words\n11,A\n", "there is no column “text”"),
        ("name,text\n11,A\n", "no column tells which video"),
        ("video_id,text\n", "no rows"),
        ("video_id,text,segments\n11,A,{\n", "column “segments”: this is no JSON"),
        ("video_id,text,segments\n11,A,[[]]\n", "column “segments”: 0:"),
        (
            'video_id,text,segments\n11,A,"[{""kind"": ""song"", ""text"": ""la""}]"\n',
            "column “segments”: 0.kind",
        ),
    ],
)
def test_bad_table_is_named_and_nothing_is_changed(study, tmp_path, text, said):
    with pytest.raises(CommandError) as refused:
        bring(written(tmp_path, "s.csv", text))
    assert said in str(refused.value)
    assert (Run.objects.count(), Script.objects.count(), Change.objects.count()) == (0, 0, 0)


def test_bad_file_of_a_folder_is_named(study, tmp_path):
    folder = tmp_path / "scripts"
    folder.mkdir()
    written(folder, "11.txt", "good")
    (folder / "12.txt").write_bytes(b"\xff\xfe\xff\xd8broken")
    written(folder, "a b.txt", "no id")
    with pytest.raises(CommandError, match=r"12\.txt"):
        bring(folder)
    assert not Script.objects.exists()
    bring(folder, "--skip-bad-rows")
    assert list(Script.objects.values_list("video__external_id", flat=True)) == ["11"]


def test_empty_folder_and_missing_file_are_one_line_each(study, tmp_path):
    (tmp_path / "none").mkdir()
    with pytest.raises(CommandError, match=r"no file ending in \.txt"):
        bring(tmp_path / "none")
    with pytest.raises(CommandError, match="cannot be read"):
        bring(tmp_path / "missing.csv")


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_export_with_timed_parts_comes_back_the_same(study, tmp_path, ending):
    segments = [{"kind": "speech", "text": "“Soup.”", "start_ms": 10, "end_ms": 900, "speaker": "MIRA"}]
    row = {"video_id": "11", "text": "=MIRA: “Soup.”", "segments": segments, "facts": {"sound": "speech"}}
    bring(written(tmp_path, "s.jsonl", json.dumps(row) + "\n"))
    out = tmp_path / f"out.{ending}"
    call_command("export", "one", "scripts", str(out))
    bring(out, model="again")
    first, second = Script.objects.order_by("pk")
    assert (second.text, second.segments, second.facts) == (first.text, first.segments, first.facts)
    assert (second.text, second.segments) == ("=MIRA: “Soup.”", segments)


def test_download_of_scripts_is_kept_from_who_has_yet_to_decide(study, client, tmp_path):
    bring(written(tmp_path, "s.csv", "video_id,text\n11,Secret words\n"))
    researcher, both = (
        make_member(study, Role.RESEARCHER),
        make_member(study, Role.RESEARCHER, Role.ANNOTATOR),
    )
    for person, seen in ((researcher, True), (both, False)):
        client.force_login(person)
        answer = client.get("/s/one/export/scripts.csv")
        assert (b"Secret words" in b"".join(answer.streaming_content)) == seen
