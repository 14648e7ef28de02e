"""A request in Gemini's words: as the SDK takes it, and as a line of a batch."""

from collections.abc import Mapping
from typing import Any

from google.genai import types

from models_app.clients.base import Clip, Picture, RefusedRequestError, Request, Text

# Real videos show quarrels, skin, weapons and jokes about all of it; a study of what people post must see
# them. What Google does not let anybody switch off still blocks, and is recorded as blocked.
SAFETY = [
    types.SafetySetting(category=category, threshold=types.HarmBlockThreshold.OFF)
    for category in (
        types.HarmCategory.HARM_CATEGORY_HARASSMENT,
        types.HarmCategory.HARM_CATEGORY_HATE_SPEECH,
        types.HarmCategory.HARM_CATEGORY_SEXUALLY_EXPLICIT,
        types.HarmCategory.HARM_CATEGORY_DANGEROUS_CONTENT,
    )
]
SEEDS = 2**31  # the API takes a seed of 32 bits


def config_of(request: Request, *, timeout: float | None) -> types.GenerateContentConfig:
    """Everything that is asked for beside the contents."""
    return types.GenerateContentConfig(
        http_options=None if timeout is None else http_options(timeout),
        should_return_http_response=True,  # words that the SDK does not know yet are read by us, as they came
        system_instruction=request.system or None,
        temperature=request.temperature,
        seed=None if request.seed is None else request.seed % SEEDS,
        max_output_tokens=request.max_output_tokens,
        response_mime_type="text/plain" if request.schema is None else "application/json",
        response_json_schema=None if request.schema is None else dict(request.schema),
        safety_settings=SAFETY,
        # Off: the SDK would otherwise ask several times for one question.
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        automatic_continuation=False,
    )


def contents_of(request: Request, media: Mapping[str, types.Part]) -> list[types.Content]:
    """The message and what was said since; ``media`` has the part of each clip by its hash."""
    parts: list[types.Part] = []
    for part in request.parts:
        match part:
            case Text(text):
                parts.append(types.Part(text=text))
            case Picture(jpeg):
                parts.append(types.Part.from_bytes(data=jpeg, mime_type="image/jpeg"))
            case Clip():
                parts.append(media[part.sha256])
    contents = [types.Content(role="user", parts=parts)]
    for turn in request.turns:
        contents.append(types.Content(role="model", parts=[types.Part(text=turn.answer)]))
        contents.append(types.Content(role="user", parts=[types.Part(text=turn.reply)]))
    return contents


def part_of_file(file: types.File, clip: Clip) -> types.Part:
    """An uploaded clip, as it is named in a request."""
    return types.Part.from_uri(file_uri=file.uri or "", mime_type=file.mime_type or clip.mime_type)


def line_of(request: Request, media: Mapping[str, types.Part]) -> dict[str, Any]:
    """The body of a request as the API takes it, for a batch: what the SDK would make of it."""
    config = config_of(request, timeout=None)
    generation = {
        "temperature": config.temperature,
        "seed": config.seed,
        "maxOutputTokens": config.max_output_tokens,
        "responseMimeType": config.response_mime_type,
        "responseJsonSchema": config.response_json_schema,
    }
    body: dict[str, Any] = {
        "contents": [_plain(content) for content in contents_of(request, media)],
        "generationConfig": {name: value for name, value in generation.items() if value is not None},
        "safetySettings": [_plain(setting) for setting in SAFETY],
    }
    if request.system:
        body["systemInstruction"] = {"parts": [{"text": request.system}], "role": "user"}
    return body


def size_of(request: Request) -> int:
    """Bytes of the whole request with its clips inline: base64 makes four of three, JSON up to six of one."""
    size = 6 * len(request.system) + sum(6 * len(turn.answer + turn.reply) for turn in request.turns)
    for part in request.parts:
        match part:
            case Text(text):
                size += 6 * len(text)
            case Picture(jpeg):
                size += len(jpeg) * 4 // 3
            case Clip():
                size += size_of_clip(part) * 4 // 3
    return size


def size_of_clip(clip: Clip) -> int:
    """Bytes of its file."""
    try:
        return clip.path.stat().st_size
    except OSError as error:
        raise unreadable(error) from None


def inline(clip: Clip) -> types.Part:
    """The clip itself, to go with a request."""
    try:
        return types.Part.from_bytes(data=clip.path.read_bytes(), mime_type=clip.mime_type)
    except OSError as error:
        raise unreadable(error) from None


def unreadable(error: OSError) -> RefusedRequestError:
    """The clip's file cannot be read on this machine."""
    return RefusedRequestError("no-media", f"The video's file cannot be read ({error.strerror}).")


def http_options(seconds: float) -> types.HttpOptions:
    """Those of one call: the SDK counts in milliseconds, and takes 0 for no limit."""
    return types.HttpOptions(timeout=max(int(seconds * 1000), 1))


def _plain(model: Any) -> Any:
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)
