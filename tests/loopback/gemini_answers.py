"""Whole answers of Gemini, to be put in a queue of the loopback server: Fault.body(blocked_question())."""

from typing import Any

from tests.loopback.server import Answer

NOTHING_SAID = {"promptTokenCount": 11, "totalTokenCount": 11}  # what is zero is left out


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
    return Answer.json({"promptFeedback": {"blockReason": reason}, "usageMetadata": NOTHING_SAID})


def blocked_answer(reason: str = "SAFETY") -> Answer:
    candidate = {"finishReason": reason, "index": 0}
    return Answer.json({"candidates": [candidate], "usageMetadata": NOTHING_SAID})


def cut_answer(text: str = '{"values": {') -> Answer:
    return Answer.json(whole(text, reason="MAX_TOKENS"))


def no_candidates() -> Answer:
    return Answer.json({"usageMetadata": NOTHING_SAID})


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
