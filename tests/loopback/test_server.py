"""The loopback server does to clients what it says."""

import threading

import httpx
import pytest

from tests.loopback.server import Answer, Fault, Loopback


class Echo(Loopback):
    def answer(self, call):
        return Answer.json({"said": call.json} if call.body else {"path": call.path})


@pytest.fixture
def echo():
    with Echo() as server:
        yield server


@pytest.fixture
def ask(echo):
    with httpx.Client(base_url=echo.url, trust_env=False) as client:
        yield lambda text="hello", timeout=5: client.post("/ask", json=text, timeout=timeout)


def test_server_without_faults_answers_and_remembers(echo, ask):
    assert ask("one").json() == {"said": "one"}
    [call] = echo.calls_to("/ask")
    assert (call.method, call.json, echo.n_questions, echo.n_answered) == ("POST", "one", 1, 1)


def test_faults_in_a_queue_come_in_order(echo, ask):
    echo.queue(Fault.limited(after=3), Fault.limited(), None, Fault.status(503, "Down."))
    first, second, third, fourth = (ask() for _ in range(4))
    assert (first.status_code, first.headers["Retry-After"]) == (429, "3")
    assert (second.status_code, "Retry-After" in second.headers) == (429, False)
    assert third.json() == {"said": "hello"}
    assert (fourth.status_code, fourth.json()["error"]["message"]) == (503, "Down.")
    assert echo.struck == {"limited": 2, "status 503": 1}


@pytest.mark.parametrize("fault", [Fault.cut(), Fault.drop()])
def test_connection_that_is_cut_is_an_error_of_transport(echo, ask, fault):
    echo.queue(fault)
    with pytest.raises(httpx.RemoteProtocolError):
        ask("much " * 1000)
    assert ask().status_code == 200


def test_garbled_answer_is_whole_for_http_and_not_for_json(echo, ask):
    echo.queue(Fault.garble())
    response = ask()
    assert response.status_code == 200
    with pytest.raises(ValueError):
        response.json()


def test_slow_answer_outlasts_an_impatient_client(echo, ask):
    echo.queue(Fault.slow(2))
    with pytest.raises(httpx.ReadTimeout):
        ask(timeout=0.1)


def test_fault_at_a_path_leaves_questions_alone(echo, ask):
    echo.queue(Fault.status(404), at="/files")
    assert ask().status_code == 200
    assert httpx.get(f"{echo.url}/files/1", trust_env=False).status_code == 404
    assert httpx.get(f"{echo.url}/files/1", trust_env=False).json() == {"path": "/files/1"}


def test_storm_of_one_seed_strikes_as_often_each_time(echo, ask):
    struck = []
    for _ in range(2):
        echo.storm(0.3, seed=5, faults=(Fault.status(500),))
        struck.append([ask().status_code for _ in range(40)])
    assert struck[0] == struck[1]
    assert 5 < struck[0].count(500) < 20
    echo.calm()
    assert ask().status_code == 200


def test_questions_in_flight_are_counted(echo):
    echo.latency = 0.2
    threads = [
        threading.Thread(target=httpx.post, args=(f"{echo.url}/ask",), kwargs={"json": n, "trust_env": False})
        for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert echo.most_in_flight == 4
