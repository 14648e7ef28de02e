import io
import json
import zipfile
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotator.imports.errors import ImportFileError, RowError
from annotator.imports.tables import MAX_CELL, SUFFIXES, read_table


def read(data: bytes | str, name: str = "videos.csv", **options):
    data = data.encode() if isinstance(data, str) else data
    return read_table(io.BytesIO(data), name=name, **options)


def refusal(data: bytes | str, name: str = "videos.csv", **options) -> str:
    with pytest.raises(ImportFileError) as caught:
        read(data, name, **options)
    return str(caught.value)


def test_csv_gives_rows_with_the_line_each_begins_on():
    table = read('video_id,caption\n1,"two\nlines"\n\n2,plain\n')
    assert table.columns == ["video_id", "caption"]
    assert list(table) == [
        (2, {"video_id": "1", "caption": "two\nlines"}),
        (5, {"video_id": "2", "caption": "plain"}),
    ]
    assert table.errors == []


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_delimiter_is_told_by_the_header(delimiter):
    table = read(
        f"video_id{delimiter}caption\n1{delimiter}a, b; c\n"
        if delimiter == "\t"
        else f'video_id{delimiter}caption\n1{delimiter}"a, b; c"\n'
    )
    assert table.rows == [(2, {"video_id": "1", "caption": "a, b; c"})]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_csv_in_an_encoding_that_can_be_told(encoding):
    assert read("video_id,caption\n1,שלום\n".encode(encoding)).rows[0][1]["caption"] == "שלום"


def test_latin_1_is_named_and_refused():
    message = refusal("video_id,caption\n1,caf\xe9 au lait\n".encode("latin-1"))
    assert message.startswith("videos.csv, line 2: ")
    assert "0xe9" in message
    assert "Latin-1" in message


def test_latin_1_is_named_also_at_the_end_of_the_file():
    assert "Latin-1" in refusal("video_id,caption\n1,caf\xe9\n".encode("latin-1"))


def test_windows_1252_and_hebrew_are_named():
    assert "Windows-1252" in refusal("video_id,caption\n1,“hi”\n".encode("cp1252"))
    assert "Windows-1255" in refusal("video_id,caption\n1,שלום לכולם חברים\n".encode("cp1255"))


def test_utf_16_without_a_mark_is_named():
    assert "UTF-16" in refusal("video_id,caption\n1,hello\n".encode("utf-16-le"))


def test_utf_8_cut_within_a_character_is_told():
    assert "cut off" in refusal("video_id,caption\n1,שלום".encode()[:-1])


def test_nul_character_is_told_with_its_line():
    assert refusal("video_id,caption\n1,a\n2,b\x00\n").startswith("videos.csv, line 3: there is a NUL")


def test_cell_of_ten_megabytes_is_told_with_line_and_column():
    message = refusal("video_id,caption,genre\n1,a,b\n2," + "x" * 10_000_000 + ",b\n")
    assert message.startswith("videos.csv, line 3, column “caption”: ")
    assert str(MAX_CELL) in message


def test_quote_that_never_closes_is_told_with_the_line_it_opens_on():
    assert refusal('video_id,caption\n1,a\n2,"b\n3,c\n').startswith("videos.csv, line 3: a quote opens")


def test_text_after_a_closing_quote_is_told():
    assert refusal('video_id,caption\n1,"a"b\n').startswith("videos.csv, line 2: after a closing quote")


def test_header_that_names_a_column_twice_is_told():
    assert "“Caption” twice (columns 2 and 3)" in refusal("video_id,caption,Caption\n1,a,b\n")


def test_unnamed_column_gets_its_number():
    assert read(",video_id\n0,1\n").columns == ["(1)", "video_id"]


def test_ragged_rows_are_errors_of_their_own():
    table = read("video_id,caption\n1\n2,a,b\n3,c,,\n")
    assert [str(error) for error in table.errors] == [
        "videos.csv, line 2: the row has 1 cells, the header 2.",
        "videos.csv, line 3: the row has 3 cells, the header 2.",
    ]
    assert table.rows == [(4, {"video_id": "3", "caption": "c"})]


@pytest.mark.parametrize("name", [f"videos{suffix}" for suffix in SUFFIXES])
def test_empty_file_is_told(name):
    assert refusal(b"", name) == f"{name}: the file is empty."
    assert refusal(b" \n\n", name) == f"{name}: the file is empty."


def test_file_over_the_limit_is_told():
    assert "larger than 1 MB" in refusal("a\n" * 600_000, max_bytes=1024**2)


def test_unknown_ending_is_told():
    assert "“.docx” is not one that can be read" in refusal("a", "videos.docx")


@pytest.mark.parametrize(
    ("data", "kind"), [(b"PK\x03\x04abc", "Excel"), (b"%PDF-1.7", "PDF"), (b"\xd0\xcf\x11\xe0", ".xls")]
)
def test_binary_file_named_csv_is_told(data, kind):
    assert kind in refusal(data)


def test_json_lines_keeps_types_and_reports_bad_lines():
    table = read(
        '{"video_id": 1, "tags": ["a"]}\nnot json\n\n[1]\n{"video_id": 2, "video_id": 3}\n', "v.jsonl"
    )
    assert table.rows == [(1, {"video_id": 1, "tags": ["a"]})]
    assert [(error.line, error.message.split(" ")[0]) for error in table.errors] == [
        (2, "this"),
        (4, "expected"),
        (5, "the"),
    ]


def test_json_lines_cut_off_is_told():
    table = read('{"video_id": 1}\n{"video_id": 2, "capt', "v.jsonl")
    assert [str(error) for error in table.errors] == ["v.jsonl, line 2: the JSON is cut off."]


@pytest.mark.parametrize("bad", ['{"a": "\\ud800"}', '{"a": "x\\u0000"}', '{"a": NaN}', '{"a": Infinity}'])
def test_json_that_no_database_stores_is_an_error_of_its_row(bad):
    table = read(bad, "v.jsonl")
    assert len(table.errors) == 1
    assert len(table) == 0


def test_json_cell_of_ten_megabytes_is_told_with_its_field():
    table = read('{"video_id": "1", "caption": "' + "x" * 10_000_000 + '"}', "v.jsonl")
    assert str(table.errors[0]).startswith("v.jsonl, line 1, column “caption”: a text holds more than")


def test_deeply_nested_json_is_told_and_not_a_traceback():
    assert "nested too deeply" in refusal("[" + '{"a":' * 100_000, "v.json")
    deep: object = "x"
    for _ in range(50):
        deep = [deep]
    assert "nested" in read(json.dumps({"a": deep}), "v.jsonl").errors[0].message


def test_number_of_too_many_digits_is_told():
    assert len(read('{"a": ' + "9" * 5000 + "}", "v.jsonl").errors) == 1


def test_json_array_gives_the_line_of_each_element():
    table = read('[\n {"video_id": "1"},\n\n {"video_id": "2"},\n 5\n]\n', "v.json")
    assert [line for line, _row in table] == [2, 4]
    assert [error.line for error in table.errors] == [5]


@pytest.mark.parametrize("text", ['[{"a": 1}', '[{"a": 1},', '[{"a": 1}, {"a"', "[", '{"a": 1'])
def test_json_cut_off_is_told(text):
    assert "cut off" in refusal(text, "v.json")


def workbook(*rows) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


def test_workbook_is_read_as_text():
    table = read(
        workbook(["video_id", "likes", "is_pinned"], ["73001", 12, True], [None], ["7", 1.5, None]), "v.xlsx"
    )
    assert table.rows == [
        (2, {"video_id": "73001", "likes": "12", "is_pinned": "true"}),
        (4, {"video_id": "7", "likes": "1.5", "is_pinned": ""}),
    ]


def test_long_id_that_excel_has_rounded_is_told():
    message = refusal(workbook(["video_id"], [6783398367490854150]), "v.xlsx")
    assert message.startswith("v.xlsx, line 2, column “1”: ")
    assert "format the column as text" in message


def test_damaged_workbook_is_told():
    whole = workbook(["video_id"], ["1"])
    assert "not a readable Excel workbook" in refusal(whole[: len(whole) // 2], "v.xlsx")
    assert "not a readable Excel workbook" in refusal("video_id\n1\n", "v.xlsx")


def test_workbook_that_unpacks_to_a_bomb_is_told():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("xl/worksheets/sheet1.xml", bytes(10))
    data = bytearray(packed.getvalue())
    # The central directory claims 2 GB for the one part.
    at = data.rindex(b"PK\x01\x02") + 24
    data[at : at + 4] = (2**31).to_bytes(4, "little")
    assert "unreasonable size" in refusal(bytes(data), "v.xlsx")


def test_missing_file_is_told(tmp_path: Path):
    with pytest.raises(ImportFileError, match=r"videos\.csv: the file cannot be read: No such file"):
        read_table(tmp_path / "videos.csv")


def check_reads_or_refuses(data: bytes, name: str) -> None:
    """Whatever comes in, out come storable rows and worded errors, or one refusal."""
    try:
        table = read(data, name)
    except ImportFileError as error:
        assert str(error).startswith(name)  # noqa: PT017 - either outcome is right
        return
    for line, row in table:
        assert line >= 1
        json.dumps(row, ensure_ascii=False).encode("utf-8")
    assert all(isinstance(error, RowError) and error.message for error in table.errors)


@given(data=st.binary(max_size=400), suffix=st.sampled_from(SUFFIXES))
def test_any_bytes_are_read_or_refused(data, suffix):
    check_reads_or_refuses(data, f"hostile{suffix}")


@given(
    data=st.text(alphabet='abc,;\t"\n\r \ufeff\x00{}[]:1é\u2028', max_size=200),
    suffix=st.sampled_from([".csv", ".tsv", ".jsonl", ".json"]),
)
def test_any_text_is_read_or_refused(data, suffix):
    check_reads_or_refuses(data.encode(), f"hostile{suffix}")


@given(st.data())
def test_any_cut_of_a_good_file_is_read_or_refused(data):
    rows = [{"video_id": "1", "caption": 'שלום, "you"'}, {"video_id": "2", "caption": "b\nc"}]
    whole = json.dumps(rows, ensure_ascii=False).encode()
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(ImportFileError):
        read(whole[:cut], "cut.json")
