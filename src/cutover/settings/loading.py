"""Reads the settings: the file without its mistakes, the environment without its misspelt names."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pydantic_settings
from pydantic import ValidationError

from cutover.plan import nearest
from cutover.settings.base import SECRETS, SettingsError
from cutover.settings.model import Settings
from cutover.settings.teaching import not_json, teach
from cutover.tables import read_table

FILE_NAME = "cutover.toml"
EMBEDDED = {"kind": "embedded", "release": "2.0.0"}
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
    Settings.file = _with_embedded(_read(path))
    try:
        given = {key: value for key, value in command_line.items() if value is not None}
        settings = Settings(**given)  # type: ignore[arg-type]  # texts, for pydantic
    except ValidationError as error:
        raise SettingsError(
            "\n".join(teach(mistake, path.name) for mistake in error.errors())
        ) from None
    except (
        pydantic_settings.SettingsError
    ):  # its text and its cause may hold the value, which may be a secret
        raise SettingsError(
            f"environment: {not_json()}; give each key a variable of its own, such as"
            " CUTOVER_TARGETS__STAGING__URL"
        ) from None
    finally:
        Settings.file = {}
    settings._folder = path.parent
    return settings


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    data = read_table(path, SettingsError)
    for where in _literal_secrets(data):
        variable = "CUTOVER_" + "__".join(where).upper()
        or_else = (
            ""
            if SECRETS_OF_THE_MAPPING in where
            else f", or write {where[-1]}_file with the path of a file that holds it"
        )
        raise SettingsError(
            f"{path.name}: {'.'.join(where)} is a secret and may not stand in the file: "
            f"set the environment variable {variable}{or_else}"
        )
    return data


SECRETS_OF_THE_MAPPING = "secrets"


def _literal_secrets(value: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Where a secret stands in the file.

    A mapping ([targets.NAME.rest]) may speak of one in a template.
    """
    if isinstance(value, list):
        for part in value:
            yield from _literal_secrets(part, above)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _literal_secrets(inner, (*above, key))
    elif above and (above[-1].lower() in SECRETS or above[2:3] == (SECRETS_OF_THE_MAPPING,)):
        in_template = above[0] == "targets" and above[2:3] == ("rest",) and "{{" in str(value)
        if not in_template:
            yield above


def _with_embedded(data: Mapping[str, Any]) -> dict[str, Any]:
    """No configuration at all means the embedded target."""
    targets = data.get("targets", {})
    if not isinstance(targets, dict):
        return dict(data)
    own = targets.get("embedded", {})
    return {
        **data,
        "targets": {**targets, "embedded": {**EMBEDDED, **own} if isinstance(own, dict) else own},
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
                f" nothing.{nearest('CUTOVER_' + field.upper(), known)} Allowed:"
                f" {', '.join(sorted('CUTOVER_' + other.upper() for other in fields))}"
            )
