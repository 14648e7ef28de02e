"""The client around a local model: many threads ask, one generates."""

import os
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from models_app.clients import transformers
from models_app.clients.base import (
    Client,
    ClientName,
    DeniedError,
    DownError,
    Finish,
    Picture,
    RefusedRequestError,
    Request,
    Text,
)
from models_app.clients.local_drawing import Prompt
from models_app.clients.local_model import Generated, NoMemoryError, load
from models_app.clients.transformers import Transformers
from tests.models_app.clients.tiny import CONTEXT, make_model


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> str:
    return str(make_model(tmp_path_factory.mktemp("tiny")))


@pytest.fixture
def made():
    """Makes clients, and closes them in the end."""
    clients = []

    def make(**given) -> Transformers:
        clients.append(Transformers(**given))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


def question(text: str = "A film.", *, model: str = "m", **changes) -> Request:
    return Request(model, "Judge.", (Text(text),), **({"max_output_tokens": 8} | changes))


class FakeModel:
    """Answers what it was asked, at once or when it is let; keeps the batches that it was given."""

    def __init__(self, name: str = "m", *, fits: int = 99) -> None:
        self.name, self.fits = name, fits
        self.batches: list[list[int]] = []
        self.texts: list[str] = []
        self.free = threading.Event()
        self.free.set()
        self.n_loaded = 0

    def load(self, name: str) -> "FakeModel":
        self.name = name
        self.n_loaded += 1
        return self

    def prompt_of(self, request: Request, *, is_dropped) -> Prompt:
        (part,) = request.parts
        if part.text == "too long":
            raise RefusedRequestError("too-long", "Too long.")
        self.texts.append(part.text)
        return Prompt((len(self.texts) - 1,), request.max_output_tokens, is_dropped=is_dropped)

    def answers(self, prompts: Sequence[Prompt]) -> list[Generated]:
        while not self.free.wait(0.01):
            if all(prompt.is_dropped() for prompt in prompts):
                return [Generated("HALF AN ANS", Finish.OTHER, 2) for _prompt in prompts]
        self.batches.append([prompt.tokens[0] for prompt in prompts])
        if len(prompts) > self.fits:
            raise NoMemoryError
        if any(self.texts[prompt.tokens[0]] == "broken" for prompt in prompts):
            raise RuntimeError("shapes differ")
        return [Generated(self.texts[p.tokens[0]].upper(), Finish.WHOLE, 3) for p in prompts]


def ask_all(client: Transformers, requests: Sequence[Request], *, timeout: float = 20):
    with ThreadPoolExecutor(len(requests)) as pool:
        return list(pool.map(lambda request: client.ask(request, timeout=timeout), requests))


# --- With a real model -------------------------------------------------------------------------


def test_eight_threads_get_their_own_answers_from_a_real_model(folder, made):
    client = made()
    a_client: Client = client
    assert a_client.name is ClientName.TRANSFORMERS
    requests = [
        question(f"A film of {'a cat ' * n}", model=folder, max_output_tokens=4 + n) for n in range(8)
    ]
    replies = ask_all(client, requests * 3, timeout=60)
    alone = load(folder)
    for request, reply in zip(requests * 3, replies, strict=True):
        prompt = alone.prompt_of(request, is_dropped=lambda: False)
        (expected,) = alone.answers([prompt])
        assert reply.text == expected.text
        assert reply.usage.input == len(prompt.tokens)
        assert reply.usage.output == expected.n_tokens
        assert reply.usage.cached is None
        assert reply.model == folder


def test_real_model_refuses_what_is_too_long_and_answers_the_others(folder, made):
    client = made()
    requests = [question(model=folder), question("bowl " * 500, model=folder), question(model=folder)]

    def outcome(request: Request) -> str:
        try:
            return client.ask(request, timeout=60).finish
        except RefusedRequestError as error:
            return str(error)

    with ThreadPoolExecutor(3) as pool:
        first, refused, last = pool.map(outcome, requests)
    assert first == last == Finish.CUT
    assert f"takes {CONTEXT}" in refused


def test_real_answer_past_its_time_is_dropped_and_the_next_is_given(folder, made):
    client = made()
    client.ask(question(model=folder), timeout=60)
    local = client._shelf._model
    local.ends = frozenset()  # it goes on to its limit
    steps = []

    def slowly(_module, _given) -> None:
        steps.append(time.sleep(0.02))

    local.model.register_forward_pre_hook(slowly)
    with pytest.raises(DownError, match="did not answer within"):
        client.ask(question(model=folder, max_output_tokens=150), timeout=0.3)
    assert client.ask(question(model=folder), timeout=60).usage.output == 8
    assert len(steps) < 150


def test_closing_in_the_middle_of_a_real_answer_gives_no_half_of_it(folder, made):
    client = made()
    client.ask(question(model=folder), timeout=60)
    local = client._shelf._model
    local.ends = frozenset()
    steps = []

    def slowly(_module, _given) -> None:
        steps.append(time.sleep(0.02))

    local.model.register_forward_pre_hook(slowly)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(client.ask, question(model=folder, max_output_tokens=200), timeout=60)
        _until(lambda: len(steps) > 3)
        client.close()
        with pytest.raises(DownError, match="stopping"):
            asked.result()
    assert len(steps) < 150


# --- With a fake one ---------------------------------------------------------------------------


def test_requests_that_come_together_are_generated_together(made):
    model = FakeModel()
    client = made(load_model=model.load)
    replies = ask_all(client, [question(f"film {n}") for n in range(8)])
    assert [reply.text for reply in replies] == [f"FILM {n}" for n in range(8)]
    assert len(model.batches) <= 3
    assert model.n_loaded == 1


def test_model_whose_files_have_changed_is_loaded_again(made, tmp_path):
    model = FakeModel()
    client = made(load_model=model.load)
    weights = tmp_path / "model.safetensors"
    for content, n_loaded in ((b"first", 1), (b"first", 1), (b"again", 2), (b"again", 2)):
        if not weights.exists() or weights.read_bytes() != content:
            weights.write_bytes(content)
            os.utime(weights, ns=(n_loaded, n_loaded))
        client.ask(question(model=str(tmp_path)), timeout=20)
        assert model.n_loaded == n_loaded


def test_batch_is_no_larger_than_allowed(made):
    model = FakeModel()
    client = made(load_model=model.load, most_together=3)
    ask_all(client, [question(f"film {n}") for n in range(8)])
    assert max(map(len, model.batches)) == 3
    assert sum(map(len, model.batches)) == 8


def test_memory_that_does_not_suffice_halves_the_batch_for_good(made):
    model = FakeModel(fits=2)
    client = made(load_model=model.load)
    model.free.clear()
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(client.ask, question("first"), timeout=20)
        _until(lambda: model.texts)  # it is being generated: the others gather behind it
        others = [pool.submit(client.ask, question(f"film {n}"), timeout=20) for n in range(8)]
        time.sleep(0.2)
        model.free.set()
        assert [job.result().text for job in (first, *others)] == ["FIRST", *(f"FILM {n}" for n in range(8))]
    assert [len(batch) for batch in model.batches] == [1, 8, 4, 2, 2, 2, 2]
    ask_all(client, [question(f"more {n}") for n in range(4)])
    assert max(len(batch) for batch in model.batches[7:]) <= 2


def test_memory_that_does_not_suffice_for_one_is_refused(made):
    client = made(load_model=FakeModel(fits=0).load)
    with pytest.raises(RefusedRequestError, match="smaller model") as caught:
        client.ask(question(), timeout=20)
    assert caught.value.code == "out-of-memory"


def test_model_that_cannot_be_had_is_tried_once_for_all(made, monkeypatch):
    n_tries = 0

    def fail(name: str):
        nonlocal n_tries
        n_tries += 1
        raise DeniedError("model-not-loaded", f"The model “{name}” cannot be loaded.")

    client = made(load_model=fail)
    outcomes = []

    def outcome(_n: int) -> None:
        with pytest.raises(DeniedError, match="“m” cannot be loaded") as caught:
            client.ask(question(), timeout=20)
        outcomes.append(caught.value)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(outcome, range(24)))
    assert n_tries == 1
    assert len({id(error) for error in outcomes}) == 24  # an error of its own for each thread
    monkeypatch.setattr(transformers, "REMEMBER_FAILURE", 0.0)
    client._shelf._failures.clear()
    for _n in range(2):
        outcome(0)
    assert n_tries == 3


def test_missing_model_is_denied(made, tmp_path):
    with pytest.raises(DeniedError, match="nothing-here"):
        made().ask(question(model=str(tmp_path / "nothing-here")), timeout=60)


def test_request_that_waits_past_its_time_is_never_begun(made):
    model = FakeModel()
    client = made(load_model=model.load)
    model.free.clear()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(client.ask, question("first"), timeout=20)
        _until(lambda: model.texts)
        with pytest.raises(DownError) as caught:
            client.ask(question("late"), timeout=0.1)
        model.free.set()
        assert first.result().text == "FIRST"
    assert caught.value.code == "timeout"
    client.ask(question("next"), timeout=20)
    assert model.texts == ["first", "next"]


def test_model_that_loads_for_long_is_named(made):
    go_on = threading.Event()
    model = FakeModel()

    def slowly(name: str) -> FakeModel:
        go_on.wait(20)
        return model.load(name)

    client = made(load_model=slowly)
    with pytest.raises(DownError, match="“m” is still being loaded") as caught:
        client.ask(question(), timeout=0.2)
    assert caught.value.code == "loading"
    go_on.set()
    assert client.ask(question(), timeout=20).text == "A FILM."
    assert model.n_loaded == 1


def test_another_model_takes_the_place_of_the_first(made):
    model = FakeModel()
    client = made(load_model=model.load)
    replies = ask_all(client, [question(model=name) for name in "abab"])
    assert {reply.model for reply in replies} == {"a", "b"}
    assert model.n_loaded <= 4
    assert all(len(batch) <= 2 for batch in model.batches)


def test_failure_of_one_batch_leaves_the_thread_for_the_next(made):
    client = made(load_model=FakeModel().load)
    with pytest.raises(DownError, match="shapes differ"):
        client.ask(question("broken"), timeout=20)
    assert client.ask(question("fine"), timeout=20).text == "FINE"


def test_pictures_are_refused_without_loading_anything(made):
    model = FakeModel()
    client = made(load_model=model.load)
    with pytest.raises(RefusedRequestError):
        client.ask(Request("m", "", (Picture(b"jpeg", 0),)), timeout=20)
    assert not model.n_loaded


def test_closing_drops_what_is_under_way(made):
    model = FakeModel()
    client = made(load_model=model.load)
    model.free.clear()
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(client.ask, question("first"), timeout=20)
        _until(lambda: model.texts)
        second = pool.submit(client.ask, question("second"), timeout=20)
        _until(lambda: client._jobs)
        client.close()
        for asked in (first, second):
            with pytest.raises(DownError, match="stopping"):
                asked.result()
    assert client._thread is None
    assert client._shelf._model is None
    model.free.set()
    assert client.ask(question("again"), timeout=20).text == "AGAIN"
    assert model.n_loaded == 2


def test_memory_is_given_back_when_nobody_asks(made, monkeypatch):
    monkeypatch.setattr(transformers, "IDLE_SECONDS", 0.1)
    model = FakeModel()
    client = made(load_model=model.load)
    client.ask(question(), timeout=20)
    _until(lambda: client._shelf._model is None)
    assert client.ask(question(), timeout=20).text == "A FILM."
    assert model.n_loaded == 2


def _until(happens, *, seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.005)
