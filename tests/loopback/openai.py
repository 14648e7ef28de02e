"""A server of OpenAI's protocol on this machine: the wire format of chat completions.

    with OpenAiServer(say=lambda call: '{"values": …}') as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url); monkeypatch.setenv("OPENAI_API_KEY", KEY)

    OpenAiServer(say=…)        # the text of each answer, from the Call; default: a JSON answer on 19 values
    server.key = "…"           # the only key that is taken; None: any, or none
    server.models = {"m"}      # those that there are; None: every one
    server.forms = {"json_object"}        # types of response_format that it knows; others get a 400
    server.refused = {"temperature", "max_tokens", "seed"}   # parameters that the model does not take
    server.has_system_role = False        # as the templates of some models

Whole answers to put in a queue: Fault.body(filtered_answer()), filtered_question(), refusal(), cut_answer(),
no_choices(), wrong_schema(), used_up(), too_long(), …: see below. All that Loopback offers works, too.
"""

import itertools
import json
from collections.abc import Callable
from typing import Any

from tests.loopback.server import Answer, Call, Loopback

_NINETEEN = (
    "self-direction-thought self-direction-action stimulation hedonism achievement power-dominance"
    " power-resources face security-personal security-societal tradition conformity-rules"
    " conformity-interpersonal humility benevolence-dependability benevolence-caring universalism-concern"
    " universalism-nature universalism-tolerance"
)
SLUGS = _NINETEEN.split()
TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}


def on_nineteen_values(call: Call) -> str:
    """A JSON answer in which the first value is present and the others are not."""
    values = {slug: {"label": "none"} for slug in SLUGS}
    values[SLUGS[0]] = {"label": "present", "reason": "It shows it."}
    return json.dumps({"values": values, "has_sound": True})


class OpenAiServer(Loopback):
    """The server."""

    def __init__(
        self, *, say: Callable[[Call], str] = on_nineteen_values, key: str | None = None, latency: float = 0
    ) -> None:
        super().__init__(latency=latency)
        self.say = say
        self.key = key
        self.models: set[str] | None = None
        self.forms = {"json_schema", "json_object", "text"}
        self.refused: set[str] = set()
        self.has_system_role = True
        self.usage: dict[str, Any] | None = None  # of every answer; None: its words, counted
        self._numbers = itertools.count(1)

    @property
    def base_url(self) -> str:
        """What OPENAI_BASE_URL is to be."""
        return f"{self.url}/v1"

    def is_question(self, call: Call) -> bool:
        return call.path.endswith("/chat/completions")

    def error(self, status: int, message: str) -> Answer:
        kind = TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")
        return refused(status, message, kind=kind)

    def answer(self, call: Call) -> Answer:
        if self.key is not None and call.headers.get("authorization") != f"Bearer {self.key}":
            return wrong_key(call.headers.get("authorization", ""))
        if call.method != "POST" or call.path != "/v1/chat/completions":
            return refused(404, f"Invalid URL ({call.method} {call.path})")
        body = call.json
        if self.models is not None and body["model"] not in self.models:
            return no_model(body["model"])
        if (complaint := self._complaint(body)) is not None:
            return complaint
        return completion(self.say(call), body=body, number=next(self._numbers), usage=self.usage)

    def _complaint(self, body: dict[str, Any]) -> Answer | None:
        for name in sorted(self.refused & body.keys()):
            return unsupported(name, body[name])
        asked = body.get("response_format", {}).get("type", "text")
        if asked not in self.forms:
            message = f"Invalid parameter: 'response_format' of type '{asked}' is not supported."
            return refused(400, message, param="response_format")
        if not self.has_system_role and body["messages"][0]["role"] == "system":
            return refused(400, "System role not supported")
        return None


def completion(
    text: str | None,
    *,
    body: dict[str, Any] | None = None,
    number: int = 1,
    finish: str = "stop",
    refusal: str | None = None,
    usage: dict[str, Any] | None = None,
) -> Answer:
    """An answer as chat completions give it; tokens are words here."""
    asked = json.dumps((body or {}).get("messages", ""))
    n_asked, n_said = len(asked.split()), len((text or "").split())
    counted = {
        "prompt_tokens": n_asked,
        "completion_tokens": n_said,
        "total_tokens": n_asked + n_said,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0},
    }
    return Answer.json(
        {
            "id": f"chatcmpl-{number}",
            "object": "chat.completion",
            "created": 1_780_000_000,
            "model": f"{(body or {}).get('model', 'model')}-2026-01-01",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": text, "refusal": refusal},
                    "logprobs": None,
                    "finish_reason": finish,
                }
            ],
            "usage": counted if usage is None else usage,
            "system_fingerprint": "fp_1",
        }
    )


def refused(
    status: int,
    message: str,
    *,
    kind: str = "invalid_request_error",
    param: str | None = None,
    code: str | None = None,
    **more: Any,
) -> Answer:
    """An error as OpenAI words it."""
    error = {"message": message, "type": kind, "param": param, "code": code, **more}
    return Answer.json({"error": error}, status=status)


def unsupported(name: str, value: object) -> Answer:
    """A parameter that a reasoning model does not take."""
    if name == "max_tokens":
        message = (
            "Unsupported parameter: 'max_tokens' is not supported with this model."
            " Use 'max_completion_tokens' instead."
        )
        return refused(400, message, param=name, code="unsupported_parameter")
    message = (
        f"Unsupported value: '{name}' does not support {value} with this model."
        " Only the default (1) value is supported."
    )
    return refused(400, message, param=name, code="unsupported_value")


def wrong_key(authorization: str) -> Answer:
    """As OpenAI does, it says a part of the key back."""
    given = authorization.removeprefix("Bearer ")
    return refused(401, f"Incorrect API key provided: {given}.", code="invalid_api_key")


def no_model(name: str) -> Answer:
    """A model that is not there."""
    return refused(404, f"The model `{name}` does not exist.", code="model_not_found")


def used_up() -> Answer:
    """A limit that does not pass: no money left."""
    message = "You exceeded your current quota, please check your plan and billing details."
    return refused(429, message, kind="insufficient_quota", code="insufficient_quota")


def too_long() -> Answer:
    """More than the model reads."""
    message = "This model's maximum context length is 4096 tokens. However, you requested 9000 tokens."
    return refused(400, message, param="messages", code="context_length_exceeded")


def filtered_question() -> Answer:
    """As Azure refuses a question."""
    message = "The response was filtered due to the prompt triggering the content management policy."
    inner = {"code": "ResponsibleAIPolicyViolation", "content_filter_result": {"hate": {"filtered": True}}}
    return refused(400, message, param="prompt", code="content_filter", innererror=inner)


def filtered_answer() -> Answer:
    """An answer that a filter ended."""
    return completion("The video", finish="content_filter")


def refusal() -> Answer:
    """A model that will not."""
    return completion(None, refusal="I cannot help with that.")


def cut_answer() -> Answer:
    """An answer longer than was allowed."""
    return completion('{"values": {"stimu', finish="length")


def no_choices() -> Answer:
    """Neither an answer nor an error."""
    return Answer.json({"id": "chatcmpl-0", "object": "chat.completion", "model": "model", "choices": []})


def wrong_schema() -> Answer:
    """JSON, but nothing that was asked for."""
    return completion('{"mood": "good"}')
