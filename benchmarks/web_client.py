"""One coder at one browser, as a process of its own: logs in, then codes videos over HTTP.

Started by benchmarks/web.py with a job on standard input; imports nothing of Axial. Says "ready" when it has
logged in and coded one video that is not measured, waits for a line, works, and prints what it measured and
what the server told it was saved.
"""

from __future__ import annotations

import json
import random
import re
import sys
import time
import uuid
from collections import defaultdict
from typing import Any

import httpx

DATA = re.compile(r'<script id="coding-data" type="application/json">(.*?)</script>', re.DOTALL)
STANCES, SHARES = (-1, 0, 1), (0.06, 0.76, 0.18)
PLAYED_MS = 15_000


class UnexpectedError(Exception):
    """The server answered otherwise than the work goes."""


class Coder:
    """A logged-in coder with one connection, as a browser keeps it."""

    def __init__(self, job: dict[str, Any]) -> None:
        self.slug, self.username = job["study"], job["username"]
        self.user_id = ""  # as the coding screen tells it
        self.random = random.Random(job["seed"])
        self.http = httpx.Client(base_url=job["url"], timeout=60, follow_redirects=True)
        self.times: dict[str, list[float]] = defaultdict(list)
        self.codings: dict[int, dict[str, Any]] = {}
        self.errors: list[str] = []
        self._log_in(job["password"])

    def code_videos(self, n: int) -> None:
        """Work through videos; an error is noted, and the work goes on."""
        for _video in range(n):
            try:
                self._code_one()
            except (UnexpectedError, httpx.HTTPError) as exc:
                self.errors.append(f"{type(exc).__name__}: {exc}")

    def rush(self) -> None:
        """Take videos as fast as they come, everything absent in one act, until none is left."""
        while len(self.errors) < 5:
            try:
                data = self._next()
                if data is None:
                    return
                self._submit(data, rest=[row["key"] for row in data["rows"]])
            except (UnexpectedError, httpx.HTTPError) as exc:
                self.errors.append(f"{type(exc).__name__}: {exc}")

    def _log_in(self, password: str) -> None:
        self.http.get("/login/").raise_for_status()
        form = {
            "username": self.username,
            "password": password,
            "csrfmiddlewaretoken": self.http.cookies["csrftoken"],
        }
        page = self.http.post("/login/", data=form)
        if page.status_code != 200 or page.url.path.startswith("/login/"):
            raise UnexpectedError(f"could not log in: {page.status_code} {page.url}")

    def _code_one(self) -> None:
        data = self._next()
        if data is None:
            raise UnexpectedError("no video is left")
        self._timed("floor", "GET", "/robots.txt")
        self._timed("peek", "GET", data["urls"]["peek"])
        rows = list(data["rows"])
        self.random.shuffle(rows)  # people jump about
        for row in rows:
            self._judge(data, row)
        self._timed("floor", "GET", "/robots.txt")
        self._submit(data, rest=None)

    def _next(self) -> dict[str, Any] | None:
        page = self._timed("next", "GET", f"/s/{self.slug}/code/")
        found = DATA.search(page.text)
        if found is None:
            if page.url.path.endswith("/code/"):
                self.times["next"].pop()  # nothing was left, which is another page
                return None
            raise UnexpectedError(f"next: no coding screen at {page.url}")
        data: dict[str, Any] = json.loads(found.group(1))
        self.user_id = str(data["user"])
        self.codings[data["coding"]] = {"saved": {}, "is_submitted": False}
        return data

    def _judge(self, data: dict[str, Any], row: dict[str, Any]) -> None:
        stance = self.random.choices(STANCES, SHARES)[0]
        change = {"key": row["key"], "base": row["revision"], "stance": stance}
        body = {"mutation": str(uuid.uuid4()), "changes": [change]}
        answer = self._timed("judgement", "POST", data["urls"]["save"], body).json()
        self._told(data, answer["saved"])
        if [saved["key"] for saved in answer["saved"]] != [row["key"]] or answer["saved"][0][
            "stance"
        ] != stance:
            raise UnexpectedError(f"judgement: asked for {change}, told {answer}")

    def _submit(self, data: dict[str, Any], *, rest: list[str] | None) -> None:
        course = dict.fromkeys(("played_ms", "heard_ms", "active_ms"), PLAYED_MS)
        body = {"mutation": str(uuid.uuid4()), "rest": rest, "acknowledged": [], **course}
        answer = self._timed("submit", "POST", data["urls"]["submit"], body).json()
        if answer.get("submitted") is not True:
            raise UnexpectedError(f"submit: {answer}")
        self._told(data, answer["saved"])
        self.codings[data["coding"]]["is_submitted"] = True

    def _told(self, data: dict[str, Any], saved: list[dict[str, Any]]) -> None:
        known = self.codings[data["coding"]]["saved"]
        known.update({row["key"]: [row["stance"], row["revision"]] for row in saved})

    def _timed(self, step: str, method: str, url: str, body: dict[str, Any] | None = None) -> httpx.Response:
        headers = {}
        if body is not None:
            headers = {
                "Accept": "application/json",
                "X-CSRFToken": self.http.cookies["csrftoken"],
                "X-Axial-User": self.user_id,
            }
        start = time.perf_counter()
        answer = self.http.request(method, url, json=body, headers=headers)
        self.times[step].append(time.perf_counter() - start)
        if answer.status_code != 200:
            raise UnexpectedError(f"{step}: {answer.status_code} {answer.text[:200]}")
        return answer


def main() -> None:
    """Do the job on standard input."""
    job = json.loads(sys.stdin.readline())
    coder = Coder(job)
    if job["videos"]:
        coder.code_videos(1)  # the first one fills caches of server and client
        coder.times.clear()
    print("ready", flush=True)
    sys.stdin.readline()
    start = time.perf_counter()
    if job["videos"]:
        coder.code_videos(job["videos"])
    else:
        coder.rush()
    seconds = time.perf_counter() - start
    result = {"times": coder.times, "codings": coder.codings, "errors": coder.errors, "seconds": seconds}
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
