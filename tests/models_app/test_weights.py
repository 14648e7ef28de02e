"""Where the embedded models lie."""

import errno
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from models_app import weights
from models_app.weights import WeightsError, speech_model, text_model


@pytest.fixture
def halves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two small packages in place of the large ones."""
    whole = b"first half" + b"second half"
    for name, file, content in (
        ("tiny_whisper_1", "model.bin.part1", b"first half"),
        ("tiny_whisper_2", "model.bin.part2", b"second half"),
    ):
        data = tmp_path / "packages" / name / "data"
        data.mkdir(parents=True)
        (data.parent / "__init__.py").write_text("raise AssertionError('nobody imports weights')")
        (data / file).write_bytes(content)
        for other in ("config.json", "tokenizer.json", "vocabulary.json"):
            (data / other).write_text("{}")
    monkeypatch.syspath_prepend(str(tmp_path / "packages"))
    monkeypatch.setattr(weights, "SPEECH_PACKAGES", ("tiny_whisper_1", "tiny_whisper_2"))
    monkeypatch.setattr(weights, "SPEECH_BYTES", len(whole))
    monkeypatch.setattr(weights, "SPEECH_SHA256", hashlib.sha256(whole).hexdigest())
    return tmp_path / "cache"


def test_the_embedded_text_model_is_a_folder_with_weights():
    folder = Path(text_model("all-MiniLM-L6-v2"))
    assert (folder / "model.safetensors").stat().st_size > 80_000_000
    assert "sentence_transformers" not in sys.modules


@pytest.mark.parametrize("name", ["FacebookAI/roberta-large", "/models/mine"])
def test_another_model_is_passed_on_as_it_is(name: str):
    assert text_model(name) == name
    assert speech_model(name) == name


def test_the_two_halves_of_the_speech_model_are_joined_once(halves: Path):
    folder = Path(speech_model("whisper-base", cache=halves))
    assert (folder / "model.bin").read_bytes() == b"first halfsecond half"
    assert {file.name for file in folder.iterdir()} == {
        "model.bin",
        "config.json",
        "tokenizer.json",
        "vocabulary.json",
    }
    before = (folder / "model.bin").stat()
    assert speech_model("whisper-base", cache=halves) == str(folder)
    assert (folder / "model.bin").stat() == before


def test_a_damaged_copy_of_the_speech_model_is_made_anew(halves: Path):
    folder = Path(speech_model("whisper-base", cache=halves))
    (folder / "model.bin").write_bytes(b"first")
    speech_model("whisper-base", cache=halves)
    assert (folder / "model.bin").read_bytes() == b"first halfsecond half"


def test_what_a_killed_process_left_does_not_stop_the_next(halves: Path):
    name = f"whisper-base-{weights.SPEECH_SHA256[:8]}"
    left = halves / f"{name}.unfinished"
    left.mkdir(parents=True)
    (left / "model.bin").write_bytes(b"first")
    folder = Path(speech_model("whisper-base", cache=halves))
    assert (folder / "model.bin").read_bytes() == b"first halfsecond half"
    assert not left.exists()


def test_halves_that_are_not_the_expected_ones_are_refused(halves: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(weights, "SPEECH_SHA256", "0" * 64)
    with pytest.raises(WeightsError, match="not the expected ones"):
        speech_model("whisper-base", cache=halves)
    assert [path.name for path in halves.iterdir()] == [".lock"]


def test_a_full_disk_is_told_and_leaves_nothing(halves: Path, monkeypatch: pytest.MonkeyPatch):
    def full(_number: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(weights.os, "fsync", full)
    with pytest.raises(WeightsError, match="the disk is full"):
        speech_model("whisper-base", cache=halves)
    assert [path.name for path in halves.iterdir()] == [".lock"]


def test_a_cache_that_cannot_be_written_is_told(halves: Path):
    halves.write_text("a file where the folder should be")
    with pytest.raises(WeightsError, match="cannot be put into"):
        speech_model("whisper-base", cache=halves)


@pytest.mark.parametrize(
    ("constant", "value", "ask"),
    [
        ("TEXT_PACKAGE", "no_such_text", lambda: text_model("all-MiniLM-L6-v2")),
        (
            "SPEECH_PACKAGES",
            ("no_such_1", "no_such_2"),
            lambda: speech_model("whisper-base", cache=Path("/x")),
        ),
    ],
)
def test_a_missing_package_says_what_installs_it(constant, value, ask, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(weights, constant, value)
    with pytest.raises(WeightsError, match=r"no-such.*make install-models"):
        ask()


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"AXIAL_DATA_DIR": "/data"}, "/data/weights"),
        ({"XDG_CACHE_HOME": "/caches"}, "/caches/axial/weights"),
        ({"HOME": "/home/ada"}, "/home/ada/.cache/axial/weights"),
    ],
)
def test_joined_weights_lie_with_the_data_or_the_caches(environment, expected, monkeypatch):
    for name in ("AXIAL_DATA_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert weights.default_cache() == Path(expected)


@pytest.mark.slow
def test_four_processes_that_ask_at_once_get_one_whole_model(tmp_path: Path):
    ask = "import sys; from models_app.weights import *; from pathlib import Path\n"
    ask += "print(speech_model('whisper-base', cache=Path(sys.argv[1])))"
    asking = [
        subprocess.Popen([sys.executable, "-c", ask, str(tmp_path)], stdout=subprocess.PIPE, text=True)  # noqa: S603
        for _ in range(4)
    ]
    answers = {process.communicate(timeout=120)[0].strip() for process in asking}
    assert all(process.returncode == 0 for process in asking)
    assert len(answers) == 1
    whole = Path(answers.pop()) / "model.bin"
    assert hashlib.sha256(whole.read_bytes()).hexdigest() == weights.SPEECH_SHA256
