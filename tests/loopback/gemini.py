"""Gemini on this machine: the wire format of its Developer API (and of Vertex AI's generateContent).

    with GeminiServer(say=lambda call: '{"values": …}') as server:
        monkeypatch.setenv("GEMINI_BASE_URL", server.url); monkeypatch.setenv("GEMINI_API_KEY", KEY)

    GeminiServer(say=…)        # the text of each answer, from the Call; default: one that fits the schema
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

Whole answers to put in a queue (blocked, cut, empty, wrong, limited) are in gemini_answers. All that Loopback
offers works, too.
"""

import base64
import hashlib
import itertools
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.loopback.gemini_answers import invalid_key, whole
from tests.loopback.saying import fitting
from tests.loopback.server import Answer, Call, Loopback

RPC = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"} | {
    429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED"
}  # fmt: skip


def as_asked(call: Call) -> str:
    """An answer that fits the schema of the request; a sentence where there is none."""
    schema = told(call).get("generationConfig", {}).get("responseJsonSchema")
    return "A quiet room." if schema is None else json.dumps(fitting(schema))


class GeminiServer(Loopback):
    """The server."""

    def __init__(
        self, *, say: Callable[[Call], str] = as_asked, key: str | None = None, latency: float = 0
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
        path = re.sub(r"^/v1(beta1?)?(?=/)", "", call.path)  # the SDK chooses the version
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
            return Answer.json({"totalTokens": sum(len(text.split()) for text in texts_of(told(call)))})
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

    def _generate(self, call: Call) -> Answer:
        return self._missing_file(told(call)) or Answer.json(self._response(call))

    def _response(self, call: Call) -> dict[str, Any]:
        text = self.say(call)
        n_input = sum(len(said.split()) for said in texts_of(told(call)))
        model = call.path.rpartition("/")[2].partition(":")[0]
        return whole(text, n_input=n_input, model=model)

    def _missing_file(self, body: dict[str, Any]) -> Answer | None:
        for uri in file_uris_of(body):
            name = "files/" + uri.rpartition("/")[2]
            file = self.files.get(name)
            if file is None:
                return self._no_file(name)
            if file["state"] != "ACTIVE":
                return self.error(
                    400, f"The File {name[6:]} is not in an ACTIVE state and usage is not allowed."
                )
        return None

    def _no_file(self, name: str) -> Answer:
        return self.error(
            403, f"You do not have permission to access the File {name[6:]} or it may not exist."
        )

    def _begin(self, call: Call) -> Answer:
        if call.headers.get("x-goog-upload-command") != "start":
            return self.error(400, "An upload begins with start.")
        number = f"f{next(self._numbers)}"
        file = told(call).get("file") or {}
        file["mimeType"] = call.headers["x-goog-upload-header-content-type"]
        file["sizeBytes"] = call.headers["x-goog-upload-header-content-length"]
        self._arriving[number] = (file, bytearray())
        # Google names itself; a client that was given another address keeps to that one.
        where = f"https://elsewhere.invalid/arriving/{number}"
        headers = {"X-Goog-Upload-URL": where, "X-Goog-Upload-Status": "active"}
        return Answer.json({}, headers=headers)

    def _arrive(self, call: Call) -> Answer:
        number = call.path.rpartition("/")[2]
        said, content = self._arriving[number]
        if int(call.headers["x-goog-upload-offset"]) != len(content):
            return self.error(400, "This is not the next part of the file.")
        content += call.body
        if "finalize" not in call.headers["x-goog-upload-command"]:
            return Answer.json({}, headers={"X-Goog-Upload-Status": "active"})
        if int(said["sizeBytes"]) != len(content):
            return self.error(400, "The file is not as long as was said.")
        del self._arriving[number]
        now = datetime.now(UTC)
        file = {
            "name": f"files/{number}",
            "uri": f"{self.url}/v1beta/files/{number}",
            "mimeType": said["mimeType"],
            "sizeBytes": said["sizeBytes"],
            "displayName": said.get("displayName", ""),
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
            return self._no_file(name)
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

    def _new_batch(self, call: Call) -> Answer:
        batch = told(call)["batch"]
        name = f"batches/b{next(self._numbers)}"
        metadata = {
            "name": name,
            "displayName": batch["displayName"],
            "model": call.path.rpartition("/")[2].partition(":")[0],
            "inputConfig": batch["inputConfig"],
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


def told(call: Call) -> Any:
    """The body of a call; its names in the spelling of the documentation, of which the SDK uses two."""
    return _camel(call.json)


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


def _camel(value: Any) -> Any:
    if isinstance(value, list):
        return [_camel(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        re.sub(r"_(\w)", lambda found: found[1].upper(), name): (
            inner if name == "responseJsonSchema" else _camel(inner)
        )
        for name, inner in value.items()
    }


def _public(file: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in file.items() if not name.startswith("_")}
