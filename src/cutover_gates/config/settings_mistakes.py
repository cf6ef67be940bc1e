"""Mistakes in the settings, each as one sentence that holds no secret."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from cutover_gates.config.base import SECRET_KEYS, find_table, list_keys
from cutover_gates.config.settings import Settings
from cutover_gates.core.tables import suggest_nearest

PROBLEMS = {
    "missing": "it must be given",
    "model_type": "a table is needed here",
    "dict_type": "a table is needed here",
}
"""What is wrong, by the type of pydantic's error."""
VALUE_NOT_SHOWN = ("model_type", "dict_type", "value_error")
"""Errors where the value is a whole table, which may hold secrets, or is in the message already."""


def invalid_environment_message() -> str:
    """Return what is wrong where pydantic cannot parse an environment variable."""
    names = [name for name in sorted(os.environ) if name.upper().startswith("CUTOVER_TARGETS")]
    return f"one of {', '.join(names)} stands for a table or a list and is not valid JSON"


def describe_mistake(mistake: Mapping[str, Any], file: str) -> str:
    """Return one sentence: section, key, value, allowed values, and the nearest known one.

    `mistake` is one of pydantic's `ValidationError.errors()`.
    """
    place = [str(part) for part in mistake["loc"] if part != "[key]"]
    if mistake["type"] == "value_error" and isinstance(mistake["input"], dict):
        return f"{_format_section(file, place)}: {_describe_problem(mistake)}"
    *section, key = place
    where = f"{_format_section(file, section)}, key {key!r}"
    if mistake["type"] == "extra_forbidden":
        # The value is not shown: under a misspelt key it may be a secret.
        allowed = _allowed_keys(section)
        return f"{where}: unknown key.{suggest_nearest(key, allowed)} Allowed: {', '.join(allowed)}"
    return f"{where}: {_describe_problem(mistake)}{_describe_value(mistake, place)}"


def _format_section(file: str, section: list[str]) -> str:
    where = f"{file} or environment"
    return f"{where}, section [{'.'.join(section)}]" if section else where


def _describe_problem(mistake: Mapping[str, Any]) -> str:
    message = str(mistake["msg"]).removeprefix("Value error, ")
    return PROBLEMS.get(mistake["type"], message)


def _describe_value(mistake: Mapping[str, Any], place: list[str]) -> str:
    """Return the value and the nearest allowed one; nothing where the value may be a secret."""
    value = mistake["input"]
    is_secret = bool(set(place) & SECRET_KEYS)
    is_plain = isinstance(value, str | int | float)
    if is_secret or not is_plain or mistake["type"] in VALUE_NOT_SHOWN:
        return ""
    # pydantic lists the allowed values of a Literal in its context, as a text.
    allowed = re.findall(r"'([^']+)'", str(mistake.get("ctx", {}).get("expected", "")))
    return f" (given: {value!r}).{suggest_nearest(str(value), allowed)}"


def _allowed_keys(section: list[str]) -> list[str]:
    """Return the keys that a section may have."""
    model: type[BaseModel] = Settings
    for key in section:
        field = list_keys(model).get(key)
        # A name that the author chose (of a target, a role, a database table) is no field.
        table = find_table(field.annotation) if field else None
        model = table or model
    return list(list_keys(model))
