"""Labels on their way out: safe to open, safe to publish, and good to come back in."""

import csv
import json

import openpyxl
import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from pyarrow import parquet

from annotator.actions.label_plan import Mode
from annotator.actions.labels import import_codings, import_gold
from annotator.exports.catalogue import write_export
from annotator.exports.tables import Wishes
from annotator.exports.writers import ExportError, write_rows
from annotator.imports.guard import guard, unguard
from annotator.imports.tables import read_table
from annotator.models import (
    Change,
    Coding,
    Consolidation,
    ConsolidationState,
    Creator,
    Evidence,
    Exposure,
    GoldLabel,
    Judgement,
    Origin,
    Role,
    Video,
)
from tests.factories import make_coding, make_member, make_study, make_user, make_video

pytestmark = pytest.mark.django_db
SLUGS = ["face", "tradition", "security-societal"]


def settle(video, *stances):
    """Gold on every value, as a consolidator leaves it."""
    values = video.study.codebook.values.order_by("position")
    Consolidation.objects.create(video=video, state=ConsolidationState.DONE, codebook=video.study.codebook)
    GoldLabel.objects.bulk_create(
        GoldLabel(
            video=video, value=value, stance=stance, origin=Origin.PERSON, decided_at="2026-01-01T00:00Z"
        )
        for value, stance in zip(values, stances, strict=True)
    )


def export(study, what, path, **wishes):
    return write_export(study=study, what=what, path=path, wishes=Wishes(**wishes), act="export.written")


def rows_in(path):
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def gold_of(study):
    rows = GoldLabel.objects.filter(video__study=study)
    return set(rows.values_list("video__platform", "video__external_id", "value__slug", "stance"))


def codings_of(study, username):
    rows = Judgement.objects.filter(coding__study=study, coding__coder__username=username)
    return set(
        rows.values_list(
            *("coding__video__external_id", "value__slug", "stance", "first_stance", "is_unsure", "note"),
            *("coding__note", "coding__set_aside_because", "evidence__start_ms", "evidence__end_ms"),
            "coding__saw_feedback",
        )
    ), {
        (coding.video.external_id, coding.submitted_at and coding.submitted_at.replace(microsecond=0))
        for coding in Coding.objects.filter(study=study, coder__username=username).select_related("video")
    }


@pytest.fixture
def study():
    study = make_study("one", slugs=SLUGS, dominant=True)
    settle(make_video(study, external_id="-b_1", platform="youtube", creator="ann"), 1, 0, -1)
    settle(make_video(study, external_id="72", creator="ben", has_sound=True), 2, -1, 0)
    return study


@pytest.mark.parametrize("ending", ["csv", "jsonl", "xlsx"])
@pytest.mark.parametrize("what", ["gold", "published"])
def test_gold_comes_back_as_it_left(study, tmp_path, what, ending):
    path = tmp_path / f"out.{ending}"
    export(study, what, path)
    other = make_study("two", slugs=SLUGS, dominant=True)
    import_gold(study=other, table=read_table(path))
    assert gold_of(other) == gold_of(study)
    assert Video.objects.get(study=other, external_id="72").creator.handle == (
        Creator.objects.get(study=study, handle="ben").code
    )


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_binary_comes_back_with_dominant_as_endorsed(study, tmp_path, ending):
    path = tmp_path / f"out.{ending}"
    export(study, "binary", path)
    other = make_study("two", slugs=SLUGS, dominant=True)
    import_gold(study=other, table=read_table(path))
    assert gold_of(other) == {(*row[:3], min(row[3], 1)) for row in gold_of(study)}


@pytest.mark.parametrize("ending", ["csv", "jsonl", "xlsx"])
def test_codings_come_back_as_they_left(tmp_path, ending):
    study = make_study("one", slugs=SLUGS)
    ann = make_member(study, Role.ANNOTATOR, user=make_user("@ann"))
    ben = make_member(study, Role.ANNOTATOR, user=make_user("ben"))
    first = make_coding(make_video(study, external_id="1"), ann, {"face": -1}, note="=1+1", saw_feedback=True)
    judgement = first.judgements.get(value__slug="face")
    Judgement.objects.filter(pk=judgement.pk).update(
        stance=1, is_unsure=True, note="-looks\n\"like\" 'this'; öב"
    )
    Evidence.objects.create(judgement=judgement, start_ms=3250)
    Evidence.objects.create(judgement=judgement, start_ms=7000, end_ms=1234567)
    make_coding(make_video(study, external_id="2"), ann, {"face": 1}, rest=None, submitted=False)
    make_coding(
        make_video(study, external_id="3"),
        ann,
        rest=None,
        submitted=False,
        set_aside_at="2026-01-01T00:00Z",
        set_aside_because="language",
    )
    make_coding(Video.objects.get(external_id="1"), ben, {"face": 1})
    path = tmp_path / f"out.{ending}"
    n_rows, _table = export(study, "labels", path)
    assert n_rows == 4 * len(SLUGS)
    other = make_study("two", slugs=SLUGS)
    for user in (ann, ben):
        make_member(other, Role.ANNOTATOR, user=user)
        import_codings(study=other, coder=user, table=read_table(path))
    for name in ("@ann", "ben"):
        assert codings_of(other, name) == codings_of(study, name)
    assert not Coding.objects.get(study=other, video__external_id="2").submitted_at
    assert Coding.objects.get(study=other, video__external_id="3").set_aside_at


def test_pseudonyms_stand_for_coders_and_come_back_by_number(tmp_path):
    study = make_study("one", slugs=SLUGS)
    coder = make_member(study, Role.ANNOTATOR, user=make_user("rachel"))
    make_coding(make_video(study, external_id="1"), coder)
    path = tmp_path / "out.csv"
    export(study, "labels", path, pseudonyms=True)
    assert "rachel" not in path.read_text()
    other = make_study("two", slugs=SLUGS)
    make_member(other, Role.ANNOTATOR, user=coder)
    import_codings(study=other, coder=coder, table=read_table(path), mode=Mode(coder_in_file="coder-1"))
    assert Coding.objects.filter(study=other).count() == 1


def test_published_never_tells_an_account(study, tmp_path):
    settle(make_video(study, external_id="carla_2024_05", creator="carla"), 0, 0, 0)
    Video.objects.filter(external_id="72").update(url="https://www.tiktok.com/@ben/video/72")
    for ending in ("csv", "jsonl"):
        path = tmp_path / f"out.{ending}"
        export(study, "published", path)
        text = path.read_text().lower()
        assert "72" in text
        for account in ("ann", "ben", "carla", "@", "http"):
            assert account not in text


def test_published_is_consolidated_and_not_withdrawn_and_can_do_without_minors(study, tmp_path):
    reopened = make_video(study, external_id="73")
    settle(reopened, 0, 0, 0)
    Consolidation.objects.filter(video=reopened).update(state=ConsolidationState.REOPENED)
    settle(make_video(study, external_id="74", withdrawn_at="2026-01-01T00:00Z"), 0, 0, 0)
    make_video(study, external_id="75")
    Creator.objects.filter(handle="ben").update(is_minor=True)
    path = tmp_path / "out.csv"
    _n, table = export(study, "published", path)
    assert [row["1_Link1"] for row in rows_in(path)] == ["'-b_1", "72"]
    assert table.left_out == {"not_consolidated": 2}
    export(study, "published", path, without_minors=True)
    assert [row["1_Link1"] for row in rows_in(path)] == ["'-b_1"]


def test_published_uses_the_names_of_the_data_set(study, tmp_path):
    path = tmp_path / "out.csv"
    export(study, "published", path)
    row = rows_in(path)[0]
    assert row["1_Value1_Security_Social_values"] == "conflict"
    assert row["1_Value1_Face_values"] == "present"
    assert row["1_Value1_Tradition_values"] == ""


def test_binary_has_two_columns_a_value(study, tmp_path):
    path = tmp_path / "out.jsonl"
    export(study, "binary", path)
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    second = next(row for row in rows if row["video_id"] == "72")
    assert {slug: second[slug] for slug in second if ":" in slug} == {
        "face:endorsed": 1,
        "face:confronted": 0,
        "tradition:endorsed": 0,
        "tradition:confronted": 1,
        "security-societal:endorsed": 0,
        "security-societal:confronted": 0,
    }


def test_free_text_is_guarded_against_spreadsheets_and_stances_stay_numbers(tmp_path):
    study = make_study("one", slugs=["face"])
    coder = make_member(study, Role.ANNOTATOR)
    coding = make_coding(make_video(study), coder, {"face": -1})
    Judgement.objects.filter(coding=coding).update(note='=HYPERLINK("http://x")')
    path = tmp_path / "out.csv"
    export(study, "labels", path)
    row = rows_in(path)[0]
    assert row["note"] == '\'=HYPERLINK("http://x")'
    assert row["stance"] == "-1"
    book = tmp_path / "out.xlsx"
    export(study, "labels", book)
    header, cells = openpyxl.load_workbook(book).active.iter_rows(values_only=True)
    found = dict(zip(header, cells, strict=True))
    assert found["stance"] == -1
    assert found["note"].startswith("'=")


@pytest.mark.parametrize("text", ["", "a", "=1", "'=1", "''-", "@x", "+", "\ttab", "'quoted'", "5"])
def test_guard_gives_back_what_it_was_given(text):
    guarded = guard(text)
    assert guarded[:1] not in ("=", "+", "-", "@", "\t")
    assert unguard(guarded, name="a.csv") == text


def test_parquet_has_typed_columns(study, tmp_path):
    path = tmp_path / "out.parquet"
    export(study, "gold", path)
    found = parquet.read_table(path)
    assert found.num_rows == 6
    assert str(found.schema.field("stance").type) == "int64"
    assert str(found.schema.field("was_conflict").type) == "bool"
    assert found.column("stance").to_pylist() == [1, 0, -1, 2, -1, 0]


def test_failure_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "out.csv"
    path.write_text("before")

    def rows():
        yield {"a": 1}
        raise ExportError("in the middle")

    with pytest.raises(ExportError):
        write_rows(path, columns={"a": int}, rows=rows())
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("what", "name", "said"),
    [
        ("gold", "out.doc", "“doc” is not one that can be written"),
        ("gold", "missing/out.csv", "No such file or directory"),
    ],
)
def test_command_refuses_in_one_line(study, tmp_path, what, name, said):
    with pytest.raises(CommandError, match=said):
        call_command("export", "one", what, str(tmp_path / name))
    assert list(tmp_path.iterdir()) == []


def test_command_tells_what_it_wrote(study, tmp_path, capsys):
    call_command("export", "one", "gold", str(tmp_path / "out.csv"), "--json")
    said = json.loads(capsys.readouterr().out)
    assert (said["n_rows"], said["n_videos"], said["format"]) == (6, 2, "csv")
    assert Change.objects.get(what="export.written").after["n_rows"] == 6


def test_download_is_logged_and_counts_as_seen(study, client):
    researcher = make_member(study, Role.RESEARCHER)
    client.force_login(researcher)
    response = client.get(reverse("annotator:export_download", args=("one", "gold", "csv")))
    rows = list(csv.DictReader(b"".join(response.streaming_content).decode().splitlines()))
    assert len(rows) == 6
    change = Change.objects.get(what="export.downloaded")
    assert (change.by, change.after["what"], change.after["n_videos"]) == (researcher, "gold", 2)
    assert Exposure.objects.filter(user=researcher, kind="gold").count() == 2


@pytest.mark.parametrize("what", ["labels", "gold", "binary", "published"])
def test_researcher_who_codes_gets_only_what_is_released_to_them(study, client, what):
    person = make_member(study, Role.RESEARCHER, Role.ANNOTATOR)
    other = make_member(study, Role.ANNOTATOR)
    mine, kept = Video.objects.get(external_id="72"), Video.objects.get(external_id="-b_1")
    for video in (mine, kept):
        make_coding(video, other)
    make_coding(mine, person)
    mine.batch.released_at = "2026-01-02T00:00Z"
    mine.batch.save()
    client.force_login(person)
    response = client.get(reverse("annotator:export_download", args=("one", what, "csv")))
    rows = list(csv.DictReader(b"".join(response.streaming_content).decode().splitlines()))
    assert {row.get("video_id") or row.get("1_Link1") for row in rows} == {"72"}
    assert set(Exposure.objects.filter(user=person).values_list("video", flat=True)) == {mine.pk}
    page = client.get(reverse("annotator:export_list", args=("one",))).content.decode()
    assert "1 video is left out of your files" in page


def test_pages_are_for_researchers(study, client):
    addresses = [
        reverse("annotator:export_list", args=("one",)),
        reverse("annotator:export_download", args=("one", "gold", "csv")),
        reverse("annotator:label_import", args=("one",)),
    ]
    for roles, status in (((Role.ANNOTATOR,), 403), ((Role.CONSOLIDATOR,), 403), ((), 404)):
        client.force_login(make_member(study, *roles))
        assert {client.get(address).status_code for address in addresses} == {status}
    assert client.get(addresses[0].replace("one", "none")).status_code == 404


def test_unknown_file_is_not_found(study, client):
    client.force_login(make_member(study, Role.RESEARCHER))
    for what, ending in (("gold", "exe"), ("passwords", "csv")):
        address = reverse("annotator:export_download", args=("one", what, ending))
        assert client.get(address).status_code == 404
