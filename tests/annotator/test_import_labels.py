"""Labels made elsewhere: three formats, as gold or as codings, whole files or none."""

import csv
import io
import json
from collections import Counter

import pytest
from django.core.management import CommandError, call_command

from annotator.actions.label_plan import Mode
from annotator.actions.labels import LabelImportError, import_codings, import_gold
from annotator.errors import RefusedError
from annotator.imports.errors import ImportFileError
from annotator.imports.tables import read_table
from annotator.models import (
    Change,
    Codebook,
    Coding,
    Comparison,
    Consolidation,
    ConsolidationState,
    Creator,
    Evidence,
    GoldLabel,
    Judgement,
    Origin,
    Role,
    Slot,
    Video,
)
from tests.factories import SCHWARTZ, make_batch, make_coding, make_member, make_study, make_user, make_video

pytestmark = pytest.mark.django_db
SLUGS = ["face", "tradition", "hedonism"]


def table(text, name="labels.csv"):
    return read_table(io.BytesIO(text.encode()), name=name)


def gold_of(study, external_id):
    rows = GoldLabel.objects.filter(video__study=study, video__external_id=external_id)
    return dict(rows.values_list("value__slug", "stance"))


def small_study(**fields):
    return make_study(slugs=SLUGS, **fields)


WIDE = "video_id,face,tradition,hedonism\n1,1,0,-1\n2,0,0,1\n"
LONG = "video_id,value,stance\n1,face,1\n1,tradition,0\n1,hedonism,-1\n"
PUBLISHED = (
    "1_Link1,1_Value1_Face_values,1_value1_TRADITION_values,1_Value1_Hedonism_values,Has_sound\n"
    "https://www.tiktok.com/@ann/video/71,present,,conflict,yes\n"
    "https://www.tiktok.com/@ann/video/72,dominant,Present,,no\n"
)


def test_wide_gold_makes_videos_that_count_as_consolidated():
    study = small_study()
    report = import_gold(study=study, table=table(WIDE))
    assert report.format == "wide"
    assert gold_of(study, "1") == {"face": 1, "tradition": 0, "hedonism": -1}
    consolidation = Consolidation.objects.get(video__external_id="1")
    assert (consolidation.state, consolidation.origin) == (ConsolidationState.DONE, Origin.IMPORT)
    assert set(GoldLabel.objects.values_list("origin", flat=True)) == {Origin.IMPORT}
    assert Codebook.objects.get(pk=study.codebook_id).frozen_at is not None
    assert Change.objects.filter(study=study, what="labels.imported").count() == 1


def test_gold_for_unknown_videos_sends_nobody_to_code_them():
    study = small_study()
    import_gold(study=study, table=table(WIDE))
    batch = Video.objects.get(external_id="1").batch
    assert batch is not None
    assert not batch.is_open
    assert Slot.objects.filter(video__external_id="1").count() == 2


def test_long_gold_may_come_in_any_order():
    study = small_study()
    lines = LONG.splitlines()
    report = import_gold(study=study, table=table("\n".join([lines[0], *reversed(lines[1:])])))
    assert report.format == "long"
    assert gold_of(study, "1") == {"face": 1, "tradition": 0, "hedonism": -1}


def test_published_gold_takes_account_and_sound_and_maps_words():
    study = small_study(dominant=True)
    report = import_gold(study=study, table=table(PUBLISHED))
    assert report.format == "published"
    assert gold_of(study, "71") == {"face": 1, "tradition": 0, "hedonism": -1}
    assert gold_of(study, "72") == {"face": 2, "tradition": 1, "hedonism": 0}
    video = Video.objects.get(external_id="71")
    assert (video.platform, video.has_sound, video.creator.handle) == ("tiktok", True, "ann")
    assert Creator.objects.filter(study=study).count() == 1


def test_dominant_becomes_endorsed_and_is_counted_where_the_codebook_has_none():
    study = small_study()
    report = import_gold(study=study, table=table(PUBLISHED))
    assert gold_of(study, "72")["face"] == 1
    assert report.counts["n_dominant_stored_as_endorsed"] == 1


def test_published_names_of_the_data_set_map_onto_the_built_in_slugs():
    study = make_study()
    header = [
        "Self_Direction_Thought", "Self_Direction_Action", "Stimulation", "Hedonism", "Achievement",
        "Power_Resources", "Power_dominance", "Face", "Security_Personal", "Security_Social",
        "Conformity_Rules", "Conformity_Interpersonal", "Tradition", "Humility",
        "Benevolence_Dependability", "Benevolence_Care", "Universalism_Concern", "Universalism_Nature",
        "Universalism_Tolerance",
    ]  # fmt: skip
    cells = ["present" if name in ("Security_Social", "Power_dominance") else "" for name in header]
    cells[header.index("Benevolence_Care")] = "conflict"
    columns = ",".join(f"1_Value1_{name}_values" for name in header)
    import_gold(study=study, table=table(f"1_Link1,{columns}\n9,{','.join(cells)}\n"))
    found = gold_of(study, "9")
    assert set(found) == set(SCHWARTZ)
    assert {slug: stance for slug, stance in found.items() if stance} == {
        "security-societal": 1,
        "power-dominance": 1,
        "benevolence-caring": -1,
    }


def test_json_lines_keep_numbers_and_ids():
    study = small_study()
    rows = [{"video_id": 7300000000000000001, "face": 1, "tradition": 0, "hedonism": -1.0}]
    import_gold(study=study, table=table("\n".join(map(json.dumps, rows)), name="gold.jsonl"))
    assert gold_of(study, "7300000000000000001") == {"face": 1, "tradition": 0, "hedonism": -1}


@pytest.mark.parametrize(
    ("text", "line", "column", "said"),
    [
        ("video_id,face,tradition,hedonism\n1,1,0,\n", 2, "hedonism", "cannot be empty"),
        ("video_id,face,tradition,hedonism\n1,1,0,3\n", 2, "hedonism", "“3”"),
        ("video_id,face,tradition,hedonism\n,1,0,1\n", 2, "video_id", "id is missing"),
        (WIDE + "1,1,1,1\n", 4, "video_id", "line 2"),
        ("video_id,value,stance\n1,face,1\n1,tradition,0\n", 2, None, "hedonism"),
        (LONG + "1,face,0\n", 5, "value", "already on line 2"),
        (LONG + "1,fame,0\n", 5, "value", "“fame”"),
        (PUBLISHED + "73,maybe,,,\n", 4, "1_Value1_Face_values", "“maybe”"),
    ],
)
def test_bad_row_is_named_by_line_and_column_and_nothing_is_imported(text, line, column, said):
    study = small_study()
    with pytest.raises(LabelImportError) as caught:
        import_gold(study=study, table=table(text))
    first = caught.value.errors[0]
    assert (first.line, first.column) == (line, column)
    assert said in first.message
    assert not Video.objects.exists()
    assert not GoldLabel.objects.exists()
    assert Codebook.objects.get(pk=study.codebook_id).frozen_at is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("video_id,face,tradition,hedonism,fame\n1,1,0,0,1\n", "fame"),
        ("video_id,face,tradition\n1,1,0\n", "hedonism"),
        ("1_Link1,1_Value1_Face_values\n1,present\n", "tradition, hedonism"),
        ("face,tradition,hedonism\n1,0,0\n", "no column tells which video"),
        ("video_id,note\n1,x\n", "no labels"),
    ],
)
def test_header_that_does_not_fit_is_refused_by_name(text, said):
    with pytest.raises(ImportFileError, match=said):
        import_gold(study=small_study(), table=table(text))


def test_skipping_bad_rows_imports_the_good_ones():
    study = small_study()
    report = import_gold(study=study, table=table(WIDE + "3,1,x,0\n"), mode=Mode(skip_bad_rows=True))
    assert [error.line for error in report.errors] == [4]
    assert set(Video.objects.values_list("external_id", flat=True)) == {"1", "2"}


def test_same_gold_again_changes_nothing():
    study = small_study()
    import_gold(study=study, table=table(WIDE))
    n_changes = Change.objects.filter(what__startswith="gold.").count()
    report = import_gold(study=study, table=table(WIDE))
    assert (report.counts["n_new"], report.counts["n_unchanged"]) == (0, 6)
    assert Change.objects.filter(what__startswith="gold.").count() == n_changes


def test_different_gold_is_refused_unless_replaced_and_then_kept_in_the_history():
    study = small_study()
    import_gold(study=study, table=table(WIDE))
    other = WIDE.replace("1,1,0,-1", "1,0,0,-1")
    with pytest.raises(LabelImportError, match=r"line 2, column “face”.*--replace"):
        import_gold(study=study, table=table(other))
    assert gold_of(study, "1")["face"] == 1
    report = import_gold(study=study, table=table(other), mode=Mode(replace=True))
    assert report.counts["n_replaced"] == 1
    assert gold_of(study, "1")["face"] == 0
    change = Change.objects.get(what="gold.replaced")
    assert (change.before, change.after) == ({"face": 1}, {"face": 0})


def test_gold_decided_by_people_needs_a_word_of_its_own():
    study = small_study()
    import_gold(study=study, table=table(WIDE))
    GoldLabel.objects.filter(value__slug="face", video__external_id="1").update(origin=Origin.PERSON)
    other = WIDE.replace("1,1,0,-1", "1,0,0,-1")
    with pytest.raises(LabelImportError, match="--replace-decided"):
        import_gold(study=study, table=table(other), mode=Mode(replace=True))
    report = import_gold(study=study, table=table(other), mode=Mode(replace_decided=True))
    assert report.counts["n_replaced_decided_here"] == 1


def test_same_stance_leaves_gold_decided_by_people_theirs():
    study = small_study()
    import_gold(study=study, table=table(WIDE))
    GoldLabel.objects.update(origin=Origin.PERSON)
    import_gold(study=study, table=table(WIDE), mode=Mode(replace_decided=True))
    assert set(GoldLabel.objects.values_list("origin", flat=True)) == {Origin.PERSON}


def test_gold_stays_out_of_a_consolidation_under_way():
    study = small_study()
    video = make_video(study, external_id="1")
    Consolidation.objects.create(video=video, claimed_by=make_member(study, Role.CONSOLIDATOR))
    with pytest.raises(LabelImportError, match="consolidating this video just now"):
        import_gold(study=study, table=table(WIDE))


def test_withdrawn_video_gets_no_labels():
    study = small_study()
    video = make_video(study, external_id="1")
    Video.objects.filter(pk=video.pk).update(withdrawn_at="2026-01-01T00:00Z")
    with pytest.raises(LabelImportError, match="withdrawn"):
        import_gold(study=study, table=table(WIDE))


def test_complete_rows_become_submitted_codings_in_slots():
    study = small_study()
    coder = make_member(study, Role.ANNOTATOR)
    import_codings(study=study, coder=coder, table=table(WIDE))
    coding = Coding.objects.get(video__external_id="1")
    assert coding.submitted_at is not None
    assert coding.slot.is_open is False
    stances = dict(coding.judgements.values_list("value__slug", "stance"))
    assert stances == {"face": 1, "tradition": 0, "hedonism": -1}
    assert dict(coding.judgements.values_list("value__slug", "first_stance")) == stances
    assert Slot.objects.filter(video=coding.video, is_open=True).count() == 1


def test_empty_cell_in_a_coders_wide_file_is_unset_and_leaves_the_coding_in_work():
    study = small_study()
    coder = make_member(study, Role.ANNOTATOR)
    text = "video_id,face,tradition\n1,1,\n"
    report = import_codings(study=study, coder=coder, table=table(text))
    coding = Coding.objects.get()
    assert coding.submitted_at is None
    assert coding.touched_at is not None
    assert dict(coding.judgements.values_list("value__slug", "stance")) == {
        "face": 1,
        "tradition": None,
        "hedonism": None,
    }
    assert set(coding.judgements.values_list("first_stance", flat=True)) == {None}
    assert report.counts["n_unsubmitted"] == 1


def test_empty_published_cell_is_absent_for_a_coder_too():
    study = small_study()
    coder = make_member(study, Role.ANNOTATOR)
    import_codings(study=study, coder=coder, table=table(PUBLISHED))
    assert Judgement.objects.filter(stance=None).count() == 0
    assert Coding.objects.filter(submitted_at__isnull=False).count() == 2


def test_two_coders_put_their_video_into_the_queue():
    study = small_study()
    for _n in range(2):
        import_codings(study=study, coder=make_member(study, Role.ANNOTATOR), table=table(WIDE))
    assert Comparison.objects.filter(video__study=study).count() == 2


def test_full_video_and_a_second_coding_are_row_errors():
    study = small_study()
    video = make_video(study, external_id="1")
    first = make_member(study, Role.ANNOTATOR)
    make_coding(video, first)
    with pytest.raises(LabelImportError, match=f"line 2: {first.username} has coded this video already"):
        import_codings(study=study, coder=first, table=table(WIDE))
    make_coding(video, make_member(study, Role.ANNOTATOR))
    with pytest.raises(LabelImportError, match="all places of this video are taken"):
        import_codings(study=study, coder=make_member(study, Role.ANNOTATOR), table=table(WIDE))
    assert Video.objects.count() == 1


def test_codings_need_an_annotator_and_the_message_says_how():
    study = small_study()
    user = make_user("nobody")
    with pytest.raises(RefusedError, match=f"add_member {study.slug} nobody --role annotator"):
        import_codings(study=study, coder=user, table=table(WIDE))


def test_codings_go_into_the_named_batch_with_its_purpose():
    study = small_study()
    make_batch(study, "Pilot A", purpose="pilot")
    coder = make_member(study, Role.ANNOTATOR)
    import_codings(study=study, coder=coder, table=table(WIDE), mode=Mode(batch="Pilot A"))
    assert set(Coding.objects.values_list("purpose", "video__batch__name")) == {("pilot", "Pilot A")}


def test_long_file_keeps_first_submissions_evidence_and_notes():
    study = small_study()
    coder = make_member(study, Role.ANNOTATOR)
    text = (
        "video_id,coder,value,stance,first_stance,unsure,evidence,note,submitted_at\n"
        "1,a,face,1,0,yes,3.2; 7-9.5,'=not a formula,2026-01-02T03:04:05Z\n"
        "1,a,tradition,0,0,,,,2026-01-02T03:04:05Z\n"
        "1,a,hedonism,-1,-1,,,,2026-01-02T03:04:05Z\n"
        "1,b,face,0,0,,,,\n"
    )
    report = import_codings(study=study, coder=coder, table=table(text), mode=Mode(coder_in_file="a"))
    judgement = Judgement.objects.get(value__slug="face")
    assert (judgement.stance, judgement.first_stance, judgement.is_unsure) == (1, 0, True)
    assert judgement.note == "=not a formula"
    assert list(Evidence.objects.values_list("start_ms", "end_ms")) == [(3200, None), (7000, 9500)]
    assert Coding.objects.get().submitted_at.isoformat() == "2026-01-02T03:04:05+00:00"
    assert report.counts["n_rows_of_other_coders"] == 1


def test_file_of_several_coders_asks_which():
    study = small_study()
    coder = make_member(study, Role.ANNOTATOR)
    text = "video_id,coder,value,stance\n1,a,face,1\n1,b,face,0\n"
    with pytest.raises(ImportFileError, match=r"several coders \(a, b\): choose one"):
        import_codings(study=study, coder=coder, table=table(text))
    with pytest.raises(ImportFileError, match="which is not gold"):
        import_gold(study=study, table=table(text))


def test_binary_labels_that_say_both_are_refused():
    study = make_study(slugs=["face"])
    text = "video_id,face:endorsed,face:confronted\n1,1,0\n2,0,1\n3,0,0\n"
    import_gold(study=study, table=table(text))
    assert [gold_of(study, pk)["face"] for pk in "123"] == [1, -1, 0]
    with pytest.raises(LabelImportError, match="both endorsed and confronted"):
        import_gold(study=study, table=table(text + "4,1,1\n"))


def test_dry_run_tells_the_same_and_changes_nothing():
    study = small_study()
    dry = import_gold(study=study, table=table(WIDE), is_dry_run=True)
    assert not Video.objects.exists()
    wet = import_gold(study=study, table=table(WIDE))
    assert dry.counts == wet.counts


def test_known_video_is_found_by_id_or_link_on_its_platform():
    study = small_study()
    video = make_video(study, external_id="71", platform="tiktok")
    import_gold(study=study, table=table(PUBLISHED))
    assert Video.objects.filter(external_id="71").count() == 1
    assert GoldLabel.objects.filter(video=video).count() == 3


def test_queries_do_not_grow_with_the_file(django_assert_max_num_queries):
    study = make_study(slugs=SLUGS)
    coder = make_member(study, Role.ANNOTATOR)
    rows = "".join(f"{n},1,0,-1\n" for n in range(200))
    with django_assert_max_num_queries(60):
        import_codings(study=study, coder=coder, table=table("video_id,face,tradition,hedonism\n" + rows))
    assert Coding.objects.count() == 200


def test_published_file_of_888_videos_in_one_command(shared, capsys):
    source = shared / "data" / "tiktok_values_published_format.csv"
    study = make_study("published", dominant=True)
    call_command("import_labels", "published", str(source), "--as", "gold", "--json")
    said = json.loads(capsys.readouterr().out)
    assert (said["n_videos"], said["n_new"], said["n_new_creators"]) == (888, 888 * 19, 91)
    with source.open(encoding="utf-8") as file:
        cells = Counter(cell for row in csv.reader(file) for cell in row[1:])
    stances = Counter(GoldLabel.objects.values_list("stance", flat=True))
    assert stances[1] == cells["present"] == 1793
    assert stances[2] == cells["dominant"] == 339
    assert stances[-1] == cells["conflict"] == 820
    assert sum(stances.values()) == 888 * 19
    assert Consolidation.objects.filter(video__study=study, state="done").count() == 888


def test_command_says_one_line_and_fails_for_a_bad_file(tmp_path):
    study = small_study()
    path = tmp_path / "gold.csv"
    path.write_text("video_id,face,tradition,hedonism\n1,1,0,x\n2,y,0,0\n")
    with pytest.raises(CommandError) as caught:
        call_command("import_labels", study.slug, str(path), "--as", "gold")
    text = str(caught.value)
    assert "\n" not in text
    assert "gold.csv, line 2, column “hedonism”" in text
    assert "1 more bad row" in text


def test_json_lines_of_which_none_can_be_read_say_why():
    study = small_study()
    long = json.dumps({"video_id": "1", "value": "face", "stance": "9" * 200_000})
    with pytest.raises(
        LabelImportError, match=r"line 1, column “stance”.*holds more than.*and 1 more bad row"
    ):
        import_gold(study=study, table=table(f"{long}\n[1]\n", "labels.jsonl"))
    assert not Video.objects.exists()
