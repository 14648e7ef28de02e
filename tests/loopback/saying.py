"""What a model would say that keeps to a schema and sees nothing."""

from collections.abc import Mapping
from typing import Any


def fitting(schema: Mapping[str, Any]) -> Any:
    """The dullest thing that fits a JSON Schema: absent where that may be said, else the first choice."""
    if "enum" in schema:
        return "absent" if "absent" in schema["enum"] else schema["enum"][0]
    kinds = schema.get("type", "object")
    if isinstance(kinds, list):
        return None if "null" in kinds else fitting({**schema, "type": kinds[0]})
    if kinds == "object":
        return {name: fitting(inner) for name, inner in schema.get("properties", {}).items()}
    if kinds == "array":
        return [fitting(schema["items"]) for _ in range(schema.get("minItems", 0))]
    return {"string": "Nothing to see.", "number": 0, "integer": 0, "boolean": True, "null": None}[kinds]
