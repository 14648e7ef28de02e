"""The saving protocol: reading requests, refusing them in JSON, answering a repeated one from memory."""

import json
import shutil
import subprocess
import uuid
from pathlib import Path

import pytest
from django.test import RequestFactory

from annotator import outbox
from annotator.models import Mutation
from tests.factories import make_user

JS_TESTS = Path(__file__).resolve().parent.parent / "js"
A_UUID = "0b6fd1f4-5a63-4a3c-8a8e-2f1d6c1b7a10"


def request_with(body: object) -> object:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return RequestFactory().post("/", text, content_type="application/json")


def test_parcel_is_read():
    body = {"mutation": A_UUID, "changes": [{"key": "face", "base": 2, "stance": -1}], "more": 1}
    parcel = outbox.read_parcel(request_with(body))
    assert parcel.mutation == uuid.UUID(A_UUID)
    assert parcel.changes == [outbox.ChangeRequest(key="face", base=2, fields={"stance": -1})]
    assert parcel.body["more"] == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"[" * 100_000,
        [],
        {"changes": []},
        {"mutation": "7", "changes": []},
        {"mutation": A_UUID},
        {"mutation": A_UUID, "changes": {}},
        {"mutation": A_UUID, "changes": ["face"]},
        {"mutation": A_UUID, "changes": [{"base": 0}]},
        {"mutation": A_UUID, "changes": [{"key": "face"}]},
        {"mutation": A_UUID, "changes": [{"key": "face", "base": True}]},
        {"mutation": A_UUID, "changes": [{"key": "face", "base": -1}]},
        {"mutation": A_UUID, "changes": [{"key": "face", "base": 0}] * 2},
        {"mutation": A_UUID, "changes": [{"key": str(n), "base": 0} for n in range(201)]},
    ],
)
def test_parcel_that_makes_no_sense_is_refused(body):
    with pytest.raises(outbox.MalformedError) as refused:
        outbox.read_parcel(request_with(body))
    assert refused.value.response().status_code == 400


def test_parcel_larger_than_the_limit_is_refused(settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    with pytest.raises(outbox.MalformedError, match="too large"):
        outbox.read_parcel(request_with({"mutation": A_UUID, "changes": [], "x": "x" * 200}))


@pytest.mark.parametrize("text", ["a\x00b", "\ud800", "x" * 5_001, 7, None])
def test_text_that_cannot_be_stored_is_refused_naming_row_and_field(text):
    change = outbox.ChangeRequest(key="face", base=0, fields={"note": text})
    with pytest.raises(outbox.MalformedError, match="“face”: note"):
        change.text("note")


@pytest.mark.parametrize("stance", [2, -2, True, "1", 1.0, 10**30])
def test_stance_outside_the_scale_is_refused(stance):
    change = outbox.ChangeRequest(key="face", base=0, fields={"stance": stance})
    with pytest.raises(outbox.MalformedError, match="“face”: stance"):
        change.stance("stance", scale=(-1, 0, 1))


def test_unknown_field_is_refused():
    change = outbox.ChangeRequest(key="face", base=0, fields={"stanec": 1})
    with pytest.raises(outbox.MalformedError, match="stanec"):
        change.only("stance", "note")


@pytest.mark.parametrize(
    ("number", "read"),
    [(12.7, 12), (-5, 0), (10**12, 24 * 3_600_000), (None, None), ("7", None), (True, None)],
)
def test_milliseconds_are_clipped_or_refused(number, read):
    if read is None:
        with pytest.raises(outbox.MalformedError):
            outbox.read_milliseconds({"played_ms": number}, "played_ms")
    else:
        assert outbox.read_milliseconds({"played_ms": number}, "played_ms") == read


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_milliseconds_that_are_no_number_are_refused(number):
    body = json.loads(f'{{"active_ms": {number}}}')
    with pytest.raises(outbox.MalformedError):
        outbox.read_milliseconds(body, "active_ms")


@pytest.mark.django_db
def test_repeated_mutation_is_answered_and_not_performed():
    user, performed = make_user(), []

    def perform():
        performed.append(1)
        return {"saved": [{"key": "face", "revision": 1}], "conflicts": []}

    wish = {"mutation": uuid.UUID(A_UUID), "user": user, "about": "coding:1", "perform": perform}
    first = outbox.once(**wish)
    assert outbox.once(**wish) == first
    assert performed == [1]
    assert Mutation.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("other", ["user", "about"])
def test_mutation_id_of_something_else_is_refused(other):
    wish = {"mutation": uuid.UUID(A_UUID), "user": make_user(), "about": "coding:1", "perform": dict}
    outbox.once(**wish)
    wish[other] = make_user() if other == "user" else "coding:2"
    with pytest.raises(outbox.MalformedError):
        outbox.once(**wish)


def test_outbox_of_the_browser():
    """The JavaScript half has tests of its own, run by node."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed: the outbox's JavaScript tests did not run")
    run = subprocess.run(  # noqa: S603
        [node, "--test", f"{JS_TESTS}/"], capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-2000:]
