"""The shapes of schemas: their types and fields, and what an example suggests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Schema = Mapping[str, Any]
_TEMPLATE_SIGNS = ("{{", "{%", "{#")


def is_plain_text(text: str) -> bool:
    """Return whether a text of a document is no template.

    The mapping renders templates, and they see the secrets of the target.
    """
    return not any(sign in text for sign in _TEMPLATE_SIGNS)


@dataclass(frozen=True)
class SchemaField:
    """One field of a schema. `path` is its place, outermost name first."""

    path: tuple[str, ...]
    schema: Schema = field(repr=False)
    required: bool = False

    @property
    def name(self) -> str:
        """The innermost name."""
        return self.path[-1]

    @property
    def is_object(self) -> bool:
        """Whether it has fields of its own."""
        return bool(self.schema.get("properties"))

    @property
    def is_list(self) -> bool:
        """Whether it is a list."""
        return type_of(self.schema) == "array"


def type_of(schema: Schema) -> str:
    """Return the type of a schema: the first one that is not null."""
    kinds = schema.get("type")
    if isinstance(kinds, list):
        kinds = next((kind for kind in kinds if kind != "null"), "")
    return str(kinds or ("object" if schema.get("properties") else ""))


def infer_schema(example: Any) -> Schema:
    """Return the schema that an example suggests; empty for what is neither object nor list."""
    if isinstance(example, dict) and example:
        parts = {name: _infer_part(value) for name, value in example.items()}
        return {"type": "object", "properties": parts, "required": list(example)}
    if isinstance(example, list) and example:
        return {"type": "array", "items": _infer_part(example[0])}
    return {}


def _infer_part(value: Any) -> Schema:
    if isinstance(value, dict | list):
        return infer_schema(value)
    kinds: Mapping[type, str] = {bool: "boolean", int: "integer", float: "number"}
    return {"type": kinds.get(type(value), "string"), "example": value}
