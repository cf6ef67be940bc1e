"""Make `docs/settings.md` from the models of the settings."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from cutover_gates.config.base import list_keys
from docs.settings_tables import TablePlace, walk_tables

HEAD = """# Settings

<!-- Made by `python -m docs.generate` from the models in src/cutover_gates/config/.
     Change it there. -->

Settings come from `cutover.toml`. The environment goes over the file, and the command line
(`--target`, `--release`) over the environment. `cutover.toml` shows every key with an example.
Without a file the embedded hospital is judged. `--cutover-config=PATH` names another file
(with `=`: pytest collects a path that stands after a space).

- Paths are relative to the folder of the settings file.
- An empty variable counts as not given. A variable that begins with `CUTOVER_` and sets nothing
  is a mistake. Lists and whole tables are JSON.
- A **secret** never stands in the file. It comes from its variable, or from the file that its
  `_file` key names.
- A mistake is one sentence: section, key, the given value, the allowed values, and the nearest
  known word. Secrets are never shown.
"""

KINDS = {
    "string": "text",
    "boolean": "true or false",
    "integer": "whole number",
    "number": "number",
    "array": "list of texts",
    "object": "table",
    "path": "path",
    "password": "**secret**",
    "date-time": "date and time",
    "date": "date",
    "value": "false or a value",
}


def settings_page() -> str:
    """Return the text of `settings.md`."""
    lines = [HEAD]
    for place in walk_tables():
        lines += _section(place)
    return "\n".join(lines)


def _section(place: TablePlace) -> Iterator[str]:
    """Yield a heading, the purpose of the table, and a row for each key."""
    heading = f"`{place.heading}`" if place.keys else "Top level"
    yield from (f"## {heading}", "", inspect.getdoc(place.model) or "", "")
    yield from ("| key | what it says | kind | default | variable |", "|---|---|---|---|---|")
    schemas = place.model.model_json_schema()["properties"]
    for name, field in list_keys(place.model).items():
        variable = f"`{place.variables}{name.upper()}`" if place.variables else "part of the list's"
        kind = _kind(schemas[name])
        yield f"| `{name}` | {field.description} | {kind} | {_default(field)} | {variable} |"
    yield ""


def _kind(schema: dict[str, Any]) -> str:
    """Return the kind of a value in words, from its JSON schema."""
    one = next(
        (option for option in schema.get("anyOf", []) if option.get("type") != "null"), schema
    )
    if "enum" in one:
        return " or ".join(f"`{value}`" for value in one["enum"])
    words = KINDS[one.get("format") or one.get("type", "object")]
    return " ".join([words, *_list_bounds(one)])


def _list_bounds(schema: dict[str, Any]) -> list[str]:
    """Return the bounds of a number in words."""
    words = {
        "exclusiveMinimum": "greater than",
        "minimum": "from",
        "maximum": "up to",
        "exclusiveMaximum": "below",
    }
    return [f"{word} {_number(schema[key])}" for key, word in words.items() if key in schema]


def _number(value: float) -> str:
    return f"{int(value):,}" if value == int(value) else f"{value:g}"


def _default(field: FieldInfo) -> str:
    """Return the default as a cell of the page."""
    if field.is_required():
        return "must be given"
    if isinstance(field.default, BaseModel):
        return "see below"
    default = format_default(field)
    return default if default == "none" else f"`{default}`"


def format_default(field: FieldInfo) -> str:
    """Return a default as the settings file writes it, or "none"."""
    if field.default is None or field.default in ({}, ()):
        return "none"
    return format_toml(field.default)


def format_toml(value: Any) -> str:
    """Return a value as TOML writes it."""
    if isinstance(value, dict):
        pairs = ", ".join(f"{key} = {format_toml(each)}" for key, each in value.items())
        return f"{{ {pairs} }}"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(format_toml, value))}]"
    if isinstance(value, str) and '"' in value:
        # A literal string: a selector of Prometheus reads best as it is.
        return f"'{value}'"
    return str(value) if isinstance(value, int | float) else f'"{value}"'
