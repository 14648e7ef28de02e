"""Gemini on this machine: the wire format of its Developer API (and of Vertex AI's generateContent).

    with GeminiServer(say=lambda call: '{"values": …}') as server:
        monkeypatch.setenv("GEMINI_BASE_URL", server.url); monkeypatch.setenv("GEMINI_API_KEY", KEY)

    GeminiServer(say=…)        # the text of each answer, from the Call; default: a JSON answer on 19 values
    server.key = "…"           # the only key that is taken; None: any
    server.processing = 2      # how often a new file is still PROCESSING when it is asked for
    server.broken = True       # new files end as FAILED
    server.expire()            # forget all files: requests that name one get a 403
    server.files               # File resources that exist, by name
    server.uploads             # how many files were uploaded
    server.batches             # Batch resources, by name; their state is PENDING until
    server.finish_batches()    # … answers every request of every waiting batch
    server.finish_batches(refuse={"key": (8, "Too many.")})   # … with errors for some
    server.finish_batches(state="BATCH_STATE_EXPIRED")

Whole answers to put in a queue: Fault.body(blocked_question()), blocked_answer(), cut_answer(), no_candidates(),
wrong_schema(), invalid_key(), limited(…): see below. All that Loopback offers works, too.
"""

import base64
import hashlib
import itertools
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.loopback.server import Answer, Call, Loopback

SLUGS = (
    "self-direction-thought self-direction-action stimulation hedonism achievement power-dominance"
    " power-resources face security-personal security-societal tradition conformity-rules"
    " conformity-interpersonal humility benevolence-dependability benevolence-caring universalism-concern"
    " universalism-nature universalism-tolerance"
).split()
RPC = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"} | {
    429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED"
}  # fmt: skip


def on_nineteen_values(call: Call) -> str:
    """A JSON answer in which the first value is present and the others are not."""
    values = {slug: {"label": "none"} for slug in SLUGS}
    values[SLUGS[0]] = {"label": "present", "reason": "It shows it."}
    return json.dumps({"values": values, "has_sound": True})


class GeminiServer(Loopback):
    """The server."""

    def __init__(
        self, *, say: Callable[[Call], str] = on_nineteen_values, key: str | None = None, latency: float = 0
    ) -> None:
        super().__init__(latency=latency)
        self.say = say
        self.key = key
        self.processing = 0
        self.broken = False
        self.uploads = 0
        self.files: dict[str, dict[str, Any]] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self._contents: dict[str, bytes] = {}
        self._arriving: dict[str, tuple[dict[str, Any], bytearray]] = {}
        self._numbers = itertools.count(1)

    def is_question(self, call: Call) -> bool:
        return call.path.endswith(":generateContent")

    def error(self, status: int, message: str) -> Answer:
        error = {"code": status, "message": message, "status": RPC.get(status, "UNKNOWN")}
        return Answer.json({"error": error}, status=status)

    def answer(self, call: Call) -> Answer:
        sent = call.headers.get("x-goog-api-key") or call.headers.get("authorization", "")
        if self.key is not None and not call.path.startswith("/arriving/") and sent != self.key:
            return invalid_key()
        path = call.path.removeprefix("/v1beta1").removeprefix("/v1beta")
        with self.lock:
            if call.path.startswith("/arriving/"):
                return self._arrive(call)
            if call.path.endswith("/files") and call.path.startswith("/upload/"):
                return self._begin(call)
            if path.startswith("/files"):
                return self._file(call.method, path.removeprefix("/"))
            if path.startswith("/batches"):
                return self._batch(call.method, path.removeprefix("/"))
        if path.endswith(":batchGenerateContent"):
            return self._new_batch(call)
        if path.endswith(":countTokens"):
            return Answer.json({"totalTokens": sum(len(text.split()) for text in texts_of(call.json))})
        if self.is_question(call):
            return self._generate(call)
        return self.error(404, "Requested entity was not found.")

    def expire(self) -> None:
        with self.lock:
            self.files.clear()

    def finish_batches(
        self,
        *,
        refuse: dict[str, tuple[int, str]] | None = None,
        state: str = "BATCH_STATE_SUCCEEDED",
        lines: Callable[[list[str]], list[str]] = lambda lines: lines,
    ) -> None:
        """Answer the requests of all waiting batches; ``lines`` may change what their file says."""
        with self.lock:
            waiting = [
                batch
                for batch in self.batches.values()
                if batch["metadata"]["state"] == "BATCH_STATE_PENDING"
            ]
        for batch in waiting:
            metadata = batch["metadata"]
            if state == "BATCH_STATE_SUCCEEDED":
                said = [self._line(line, refuse or {}) for line in self._lines_of(metadata)]
                name = f"files/batch-{next(self._numbers)}"
                self._contents[name] = "\n".join(lines(said)).encode()
                metadata["output"] = {"responsesFile": name}
                batch["response"] = metadata["output"]
            metadata["state"] = state
            batch["done"] = True

    # Questions

    def _generate(self, call: Call) -> Answer:
        if problem := self._missing_file(call.json):
            return problem
        return Answer.json(self._response(call))

    def _response(self, call: Call) -> dict[str, Any]:
        text = self.say(call)
        n_input = sum(len(said.split()) for said in texts_of(call.json))
        model = call.path.rpartition("/")[2].partition(":")[0]
        return whole(text, n_input=n_input, model=model)

    def _missing_file(self, body: dict[str, Any]) -> Answer | None:
        for uri in file_uris_of(body):
            name = "files/" + uri.rpartition("/")[2]
            file = self.files.get(name)
            if file is None:
                return self.error(
                    403, f"You do not have permission to access the File {name[6:]} or it may not exist."
                )
            if file["state"] != "ACTIVE":
                return self.error(
                    400, f"The File {name[6:]} is not in an ACTIVE state and usage is not allowed."
                )
        return None

    # Files

    def _begin(self, call: Call) -> Answer:
        if call.headers.get("x-goog-upload-command") != "start":
            return self.error(400, "An upload begins with start.")
        number = f"f{next(self._numbers)}"
        told = call.json.get("file") or {}
        told["mimeType"] = call.headers["x-goog-upload-header-content-type"]
        told["sizeBytes"] = call.headers["x-goog-upload-header-content-length"]
        self._arriving[number] = (told, bytearray())
        headers = {"X-Goog-Upload-URL": f"{self.url}/arriving/{number}", "X-Goog-Upload-Status": "active"}
        return Answer.json({}, headers=headers)

    def _arrive(self, call: Call) -> Answer:
        number = call.path.rpartition("/")[2]
        told, content = self._arriving[number]
        if int(call.headers["x-goog-upload-offset"]) != len(content):
            return self.error(400, "This is not the next part of the file.")
        content += call.body
        if "finalize" not in call.headers["x-goog-upload-command"]:
            return Answer.json({}, headers={"X-Goog-Upload-Status": "active"})
        if int(told["sizeBytes"]) != len(content):
            return self.error(400, "The file is not as long as was said.")
        del self._arriving[number]
        now = datetime.now(UTC)
        file = {
            "name": f"files/{number}",
            "uri": f"{self.url}/v1beta/files/{number}",
            "mimeType": told["mimeType"],
            "sizeBytes": told["sizeBytes"],
            "displayName": told.get("displayName", ""),
            "createTime": now.isoformat(),
            "expirationTime": (now + timedelta(hours=48)).isoformat(),
            "sha256Hash": base64.b64encode(hashlib.sha256(content).hexdigest().encode()).decode(),
            "state": "PROCESSING" if self.processing or self.broken else "ACTIVE",
            "source": "UPLOADED",
        }
        self.files[file["name"]] = file
        self._contents[file["name"]] = bytes(content)
        self.uploads += 1
        file["_left"] = self.processing
        return Answer.json({"file": _public(file)}, headers={"X-Goog-Upload-Status": "final"})

    def _file(self, method: str, name: str) -> Answer:
        if name == "files":
            return Answer.json({"files": [_public(file) for file in self.files.values()]})
        if name.endswith(":download"):
            content = self._contents.get(name.removesuffix(":download"))
            return self.error(404, "No such file.") if content is None else Answer(content)
        file = self.files.get(name)
        if file is None:
            return self.error(
                403, f"You do not have permission to access the File {name[6:]} or it may not exist."
            )
        if method == "DELETE":
            del self.files[name]
            return Answer.json({})
        if file["state"] == "PROCESSING":
            file["_left"] -= 1
            if file["_left"] <= 0:
                file["state"] = "FAILED" if self.broken else "ACTIVE"
                if self.broken:
                    file["error"] = {"code": 3, "message": "The video has no frames."}
        return Answer.json(_public(file))

    # Batches

    def _new_batch(self, call: Call) -> Answer:
        told = call.json["batch"]
        name = f"batches/b{next(self._numbers)}"
        metadata = {
            "name": name,
            "displayName": told["displayName"],
            "model": call.path.rpartition("/")[2].partition(":")[0],
            "inputConfig": told["inputConfig"],
            "createTime": datetime.now(UTC).isoformat(),
            "state": "BATCH_STATE_PENDING",
        }
        with self.lock:
            self.batches[name] = {"name": name, "metadata": metadata}
        return Answer.json(self.batches[name])

    def _batch(self, method: str, name: str) -> Answer:
        if name == "batches":
            return Answer.json({"operations": list(reversed(self.batches.values()))})
        batch = self.batches.get(name.removesuffix(":cancel"))
        if batch is None:
            return self.error(404, "Requested entity was not found.")
        if name.endswith(":cancel"):
            if batch.get("done"):
                return self.error(400, "The batch has ended.")
            batch["metadata"]["state"] = "BATCH_STATE_CANCELLED"
            batch["done"] = True
            return Answer.json({})
        return Answer.json(batch)

    def _lines_of(self, metadata: dict[str, Any]) -> list[dict[str, Any]]:
        content = self._contents[metadata["inputConfig"]["fileName"]]
        return [json.loads(line) for line in content.decode().splitlines()]

    def _line(self, line: dict[str, Any], refuse: dict[str, tuple[int, str]]) -> str:
        key, body = line["key"], line["request"]
        if key in refuse:
            code, message = refuse[key]
            return json.dumps({"key": key, "error": {"code": code, "message": message}})
        call = Call("POST", "/v1beta/models/of-a-batch:generateContent", {}, {}, json.dumps(body).encode())
        if problem := self._missing_file(body):
            return json.dumps({"key": key, "error": json.loads(problem.body)["error"]})
        return json.dumps({"key": key, "response": self._response(call)})


def whole(text: str, *, n_input: int = 100, model: str = "gemini", reason: str = "STOP") -> dict[str, Any]:
    """The body of an answer."""
    return {
        "candidates": [
            {"content": {"parts": [{"text": text}], "role": "model"}, "finishReason": reason, "index": 0}
        ],
        "usageMetadata": {
            "promptTokenCount": n_input,
            "candidatesTokenCount": len(text.split()),
            "thoughtsTokenCount": 7,
            "totalTokenCount": n_input + len(text.split()) + 7,
        },
        "modelVersion": f"{model}-001",
        "responseId": "r1",
    }


def blocked_question(reason: str = "PROHIBITED_CONTENT") -> Answer:
    return Answer.json({"promptFeedback": {"blockReason": reason}, "usageMetadata": {"promptTokenCount": 11}})


def blocked_answer(reason: str = "SAFETY") -> Answer:
    candidate = {"finishReason": reason, "index": 0}
    return Answer.json({"candidates": [candidate], "usageMetadata": {"promptTokenCount": 11}})


def cut_answer(text: str = '{"values": {') -> Answer:
    return Answer.json(whole(text, reason="MAX_TOKENS"))


def no_candidates() -> Answer:
    return Answer.json({"usageMetadata": {"promptTokenCount": 11}})


def wrong_schema() -> Answer:
    return Answer.json(whole('{"stances": [1, 0, 2]}'))


def invalid_key() -> Answer:
    detail = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
    message = "API key not valid. Please pass a valid API key."
    error = {"code": 400, "message": message, "status": "INVALID_ARGUMENT", "details": [detail]}
    return Answer.json({"error": error}, status=400)


def limited(
    *, delay: str | None = None, quota: str = "GenerateRequestsPerMinutePerProjectPerModel"
) -> Answer:
    """429 as Google says it: the time in the details, not in a header."""
    google = "type.googleapis.com/google.rpc."
    details: list[dict[str, Any]] = [{"@type": f"{google}QuotaFailure", "violations": [{"quotaId": quota}]}]
    if delay is not None:
        details.append({"@type": f"{google}RetryInfo", "retryDelay": delay})
    message = "You exceeded your current quota, please check your plan and billing details."
    error = {"code": 429, "message": message, "status": "RESOURCE_EXHAUSTED", "details": details}
    return Answer.json({"error": error}, status=429)


def parts_of(body: dict[str, Any]) -> list[dict[str, Any]]:
    """All parts of a request: its instruction's first."""
    system = body.get("systemInstruction", {}).get("parts", [])
    return [*system, *(part for content in body["contents"] for part in content["parts"])]


def texts_of(body: dict[str, Any]) -> list[str]:
    """What a request says in words."""
    return [part["text"] for part in parts_of(body) if "text" in part]


def file_uris_of(body: dict[str, Any]) -> list[str]:
    """The files that a request names."""
    return [part["fileData"]["fileUri"] for part in parts_of(body) if "fileData" in part]


def _public(file: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in file.items() if not name.startswith("_")}
