"""How a mistake in the settings is told: one sentence, and never a secret in it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel

from cutover.plan import nearest
from cutover.settings.base import SECRETS
from cutover.settings.model import Settings


def not_json() -> str:
    names = [name for name in sorted(os.environ) if name.upper().startswith("CUTOVER_TARGETS")]
    return f"one of {', '.join(names)} stands for a table or a list and is not valid JSON"


def teach(mistake: Mapping[str, Any], file: str) -> str:
    """One sentence: section, key, value given, values allowed, the nearest known one."""
    place = [str(part) for part in mistake["loc"] if part != "[key]"]
    if mistake["type"] == "value_error" and isinstance(mistake["input"], dict):
        return (
            f"{file} or environment{f', section [{_dotted(place)}]' if place else ''}:"
            f" {_words(mistake)}"
        )
    *section, key = place
    where = (
        f"{file} or environment{f', section [{_dotted(section)}]' if section else ''}, key {key!r}"
    )
    if (
        mistake["type"] == "extra_forbidden"
    ):  # the value is not shown: under a misspelt key it may be a secret
        allowed = _keys_at(section)
        return f"{where}: unknown key.{nearest(key, allowed)} Allowed: {', '.join(allowed)}"
    return f"{where}: {_words(mistake)}{_given(mistake, place)}"


def _dotted(section: list[str]) -> str:
    return ".".join(section)


def _words(mistake: Mapping[str, Any]) -> str:
    """What is wrong, in the words of the file's author."""
    words = {
        "missing": "it must be given",
        "model_type": "a table is needed here",
        "dict_type": "a table is needed here",
    }
    return words.get(mistake["type"], str(mistake["msg"]).removeprefix("Value error, "))


def _given(mistake: Mapping[str, Any], place: list[str]) -> str:
    """The value given, and the nearest allowed one.

    Not where it is a secret, or stands where a whole table with secrets should.
    """
    value = mistake["input"]
    if (
        set(place) & SECRETS
        or mistake["type"] in ("model_type", "dict_type", "value_error")
        or not isinstance(value, str | int | float)
    ):
        return ""
    allowed = re.findall(r"'([^']+)'", str(mistake.get("ctx", {}).get("expected", "")))
    return f" (given: {value!r}).{nearest(str(value), allowed)}"


def _keys_at(section: list[str]) -> list[str]:
    """The keys that a section may have."""
    model: type[BaseModel] = Settings
    for key in section:
        field = model.model_fields.get(key)
        model = (
            field and _table_in(field.annotation)
        ) or model  # a name of the author's own (a target, a role, a table) leads no further
    return list(model.model_fields)


def _table_in(annotation: Any) -> type[BaseModel] | None:
    """The table that a key holds: by itself, in a list, or under names of the author's own."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _table_in(part))), None)
