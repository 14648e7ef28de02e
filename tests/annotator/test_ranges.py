import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotator.media.ranges import ByteRange, UnsatisfiableError, parse_range


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-99", (0, 99)),
        ("bytes=900-", (900, 999)),
        ("bytes=-100", (900, 999)),
        ("bytes=-5000", (0, 999)),
        ("bytes=990-5000", (990, 999)),
        ("bytes=0-0", (0, 0)),
        ("Bytes = 5-9", (5, 9)),
        ("bytes=5-9, 20-29", (5, 9)),
        ("bytes=5000-, 20-29", (20, 29)),
    ],
)
def test_range_is_understood(header, expected):
    assert parse_range(header, size=1000) == ByteRange(*expected)


@pytest.mark.parametrize(
    "header",
    [None, "", "bytes", "bytes=", "bytes=-", "bytes=9-5", "bytes=a-b", "bytes=1", "items=0-9", "bytes=١-٢",
     "bytes=+1-2", "bytes=0x1-2", "bytes=1-2-3", "bytes=" + "9" * 5000 + "-", "bytes=" + "0-1," * 21],
)  # fmt: skip
def test_range_that_makes_no_sense_is_ignored(header):
    assert parse_range(header, size=1000) is None


@pytest.mark.parametrize("header", ["bytes=1000-", "bytes=5000-6000", "bytes=-0", "bytes=1000-, 2000-"])
def test_range_outside_the_file_is_unsatisfiable(header):
    with pytest.raises(UnsatisfiableError):
        parse_range(header, size=1000)


def test_range_is_never_longer_than_the_cap():
    assert parse_range("bytes=10-", size=10_000_000) == ByteRange(10, 10 + 1024**2 - 1)
    assert parse_range("bytes=-9000000", size=10_000_000).length == 1024**2


@given(
    header=st.one_of(
        st.text(max_size=60),
        st.text(alphabet="bytes=0123456789-, \t", max_size=60),
        st.text(alphabet="0123456789-, \t", max_size=40).map("bytes={}".format),
    ),
    size=st.integers(0, 5_000_000),
    cap=st.integers(1, 2_000_000),
)
def test_any_header_gives_a_range_within_the_file_or_none(header, size, cap):
    try:
        found = parse_range(header, size=size, cap=cap)
    except UnsatisfiableError:
        return
    if found is not None:
        assert 0 <= found.start <= found.end < size
        assert found.length <= cap


@given(start=st.integers(0, 999), length=st.integers(1, 1000))
def test_every_valid_range_is_answered_from_its_start(start, length):
    found = parse_range(f"bytes={start}-{start + length - 1}", size=1000)
    assert found == ByteRange(start, min(999, start + length - 1))
