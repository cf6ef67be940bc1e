"""How a mistake in the settings is told: one sentence, and never a secret in it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import pydantic_settings
from pydantic import BaseModel, ValidationError

from cutover_gates.config.base import SECRET_KEYS, SettingsError
from cutover_gates.config.settings import FILE_ARGUMENT, Settings
from cutover_gates.core.tables import read_table, suggest_nearest


def invalid_environment_message() -> str:
    names = [name for name in sorted(os.environ) if name.upper().startswith("CUTOVER_TARGETS")]
    return f"one of {', '.join(names)} stands for a table or a list and is not valid JSON"


def describe_mistake(mistake: Mapping[str, Any], file: str) -> str:
    """One sentence: section, key, value given, values allowed, the nearest known one."""
    place = [str(part) for part in mistake["loc"] if part != "[key]"]
    if mistake["type"] == "value_error" and isinstance(mistake["input"], dict):
        return (
            f"{file} or environment{f', section [{_join_path(place)}]' if place else ''}:"
            f" {_describe_problem(mistake)}"
        )
    *section, key = place
    where = f"{file} or environment{f', section [{_join_path(section)}]' if section else ''}, key {key!r}"
    if (
        mistake["type"] == "extra_forbidden"
    ):  # the value is not shown: under a misspelt key it may be a secret
        allowed = _allowed_keys(section)
        return f"{where}: unknown key.{suggest_nearest(key, allowed)} Allowed: {', '.join(allowed)}"
    return f"{where}: {_describe_problem(mistake)}{_describe_value(mistake, place)}"


def _join_path(section: list[str]) -> str:
    return ".".join(section)


def _describe_problem(mistake: Mapping[str, Any]) -> str:
    """What is wrong, in the words of the file's author."""
    words = {
        "missing": "it must be given",
        "model_type": "a table is needed here",
        "dict_type": "a table is needed here",
    }
    return words.get(mistake["type"], str(mistake["msg"]).removeprefix("Value error, "))


def _describe_value(mistake: Mapping[str, Any], place: list[str]) -> str:
    """The value given, and the nearest allowed one.

    Not where it is a secret, or stands where a whole table with secrets should.
    """
    value = mistake["input"]
    if (
        set(place) & SECRET_KEYS
        or mistake["type"] in ("model_type", "dict_type", "value_error")
        or not isinstance(value, str | int | float)
    ):
        return ""
    allowed = re.findall(r"'([^']+)'", str(mistake.get("ctx", {}).get("expected", "")))
    return f" (given: {value!r}).{suggest_nearest(str(value), allowed)}"


def _allowed_keys(section: list[str]) -> list[str]:
    """The keys that a section may have."""
    model: type[BaseModel] = Settings
    for key in section:
        field = model.model_fields.get(key)
        model = (
            field and _table_type(field.annotation)
        ) or model  # a name of the author's own (a target, a role, a table) leads no further
    return list(model.model_fields)


def _table_type(annotation: Any) -> type[BaseModel] | None:
    """The table that a key holds: by itself, in a list, or under names of the author's own."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _table_type(part))), None)


FILE_NAME = "cutover.toml"
EMBEDDED_DEFAULTS = {"kind": "embedded", "release": "2.0.0"}
"""What `[targets.embedded]` is without a word about it in the file."""


def load_settings(path: Path | None, folder: Path, **command_line: str | None) -> Settings:
    """Settings from `path` (or `folder/cutover.toml`, which may be missing), environment and
    command line.

    `command_line` values that are None were not given. Raises `SettingsError`.
    """
    if path is not None and not path.is_file():
        raise SettingsError(f"--cutover-config {path}: there is no such file")
    path = (path or folder / FILE_NAME).absolute()
    _refuse_unknown_environment()
    given: dict[str, Any] = {FILE_ARGUMENT: _add_embedded_target(_read_file(path))}
    given |= {key: value for key, value in command_line.items() if value is not None}
    try:
        settings = Settings(**given)
    except ValidationError as error:
        raise SettingsError(
            "\n".join(describe_mistake(mistake, path.name) for mistake in error.errors())
        ) from None
    except (
        pydantic_settings.SettingsError
    ):  # its text and its cause may hold the value, which may be a secret
        raise SettingsError(
            f"environment: {invalid_environment_message()}; give each key a variable of its own, such as"
            " CUTOVER_TARGETS__STAGING__URL"
        ) from None
    settings._folder = path.parent
    return settings


def _read_file(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    data = read_table(path, SettingsError)
    for where in _find_literal_secrets(data):
        variable = "CUTOVER_" + "__".join(where).upper()
        or_else = (
            ""
            if MAPPING_SECRETS_TABLE in where
            else f", or write {where[-1]}_file with the path of a file that holds it"
        )
        raise SettingsError(
            f"{path.name}: {'.'.join(where)} is a secret and may not stand in the file: "
            f"set the environment variable {variable}{or_else}"
        )
    return data


MAPPING_SECRETS_TABLE = "secrets"


def _find_literal_secrets(value: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Where a secret stands in the file.

    A mapping ([targets.NAME.rest]) may speak of one in a template.
    """
    if isinstance(value, list):
        for part in value:
            yield from _find_literal_secrets(part, above)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _find_literal_secrets(inner, (*above, key))
    elif above and (above[-1].lower() in SECRET_KEYS or above[2:3] == (MAPPING_SECRETS_TABLE,)):
        in_template = above[0] == "targets" and above[2:3] == ("rest",) and "{{" in str(value)
        if not in_template:
            yield above


def _add_embedded_target(data: Mapping[str, Any]) -> dict[str, Any]:
    """No configuration at all means the embedded target."""
    targets = data.get("targets", {})
    if not isinstance(targets, dict):
        return dict(data)
    own = targets.get("embedded", {})
    return {
        **data,
        "targets": {
            **targets,
            "embedded": {**EMBEDDED_DEFAULTS, **own} if isinstance(own, dict) else own,
        },
    }


def _refuse_unknown_environment() -> None:
    """Refuse a misspelt variable, which pydantic-settings would pass over.

    Keys inside of tables are then known to pydantic.
    """
    fields = set(Settings.model_fields)
    for name in sorted(os.environ):
        field, _, inner = name.upper().removeprefix("CUTOVER_").lower().partition("__")
        if name.upper().startswith("CUTOVER_") and (
            field not in fields or (inner and field != "targets")
        ):
            known = {
                "CUTOVER_" + other.upper()
                for other in (fields if field not in fields else {"targets"})
            }
            raise SettingsError(
                f"environment variable {name} sets"
                f" nothing.{suggest_nearest('CUTOVER_' + field.upper(), known)} Allowed:"
                f" {', '.join(sorted('CUTOVER_' + other.upper() for other in fields))}"
            )
