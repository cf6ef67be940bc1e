"""Loading the settings from file, environment and command line."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pydantic_settings
from pydantic import ValidationError

from cutover_gates.config.base import SECRET_KEYS, SettingsError
from cutover_gates.config.production import refuse_lowered_production, refuse_moved_production
from cutover_gates.config.production_databases import refuse_shared_databases
from cutover_gates.config.settings import FILE_ARGUMENT, Settings
from cutover_gates.config.settings_mistakes import describe_mistake, invalid_environment_message
from cutover_gates.core.tables import read_table, suggest_nearest

FILE_NAME = "cutover.toml"
EMBEDDED_DEFAULTS = {"kind": "embedded", "release": "2.0.0", "previous_release": "1.9.0"}
"""`[targets.embedded]` where the file does not mention it."""
TABLES = frozenset({"targets", "attestation", "people"})
"""The settings that are tables: their variables name a key inside."""
MAPPING_SECRETS_TABLE = "secrets"
"""`[targets.NAME.secrets]`: secrets of the mapping, under names that its author chose."""


def load_settings(
    path: Path | None, folder: Path, *, production: bool = False, **command_line: str | None
) -> Settings:
    """Return the settings from `path` (or `folder/cutover.toml`, which may be missing).

    The environment overrides the file, and the command line both; a value of None on it was not
    given. With `production` the target to judge is marked as production, whatever the other sources
    say; none of them can lower the mark of the file. Raises `SettingsError`.
    """
    if path is not None and not path.is_file():
        raise SettingsError(f"--cutover-config {path}: there is no such file")
    path = (path or folder / FILE_NAME).absolute()
    _refuse_unknown_environment()
    data = _read_file(path)
    given: dict[str, Any] = {FILE_ARGUMENT: _add_embedded_target(data)}
    given |= {key: value for key, value in command_line.items() if value is not None}
    settings = _make_settings(path, given)
    if production and not settings.chosen_target.production:
        raised = {settings.target: {"production": True}}
        settings = _make_settings(path, {**given, "targets": raised})
    refuse_lowered_production(path.name, data, settings.targets)
    refuse_moved_production(path.name, data, settings.targets)
    settings._folder, settings._file = path.parent, path
    refuse_shared_databases(settings, data)
    return settings


def _make_settings(path: Path, given: Mapping[str, Any]) -> Settings:
    """Return the settings of all sources. Raises `SettingsError` with a line for each mistake."""
    try:
        return Settings(**given)
    except ValidationError as error:
        mistakes = [describe_mistake(mistake, path.name) for mistake in error.errors()]
        raise SettingsError("\n".join(mistakes)) from None
    except pydantic_settings.SettingsError:
        # Neither its text nor its cause is shown: both may hold the value, which may be a secret.
        raise SettingsError(
            f"environment: {invalid_environment_message()}; give each key a variable of its own,"
            " such as CUTOVER_TARGETS__STAGING__URL"
        ) from None


def find_reports_folder(path: Path | None, folders: Sequence[Path]) -> Path:
    """Return the folder of the reports, also where the settings cannot be used.

    `path` is the settings file that was named, else the first of `folders` that has one counts.
    What is wrong in the settings does not matter here: where the key `reports` cannot be read, its
    default applies.
    """
    places = [path.parent] if path and path.is_file() else list(folders)
    names = [path.name] if path and path.is_file() else [FILE_NAME]
    folder = next((place for place in places if (place / names[0]).is_file()), folders[0])
    reports: object = os.environ.get("CUTOVER_REPORTS")
    if not reports:
        try:
            reports = _read_reports_key(folder / names[0])
        except SettingsError:
            reports = None
    default = Settings.model_fields["reports"].default
    return folder.absolute() / (reports if isinstance(reports, str) else default)


def _read_reports_key(path: Path) -> object:
    return read_table(path, SettingsError).get("reports") if path.is_file() else None


def _read_file(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    data = read_table(path, SettingsError)
    # Settings files are committed to repositories.
    for where in _find_literal_secrets(data):
        variable = "CUTOVER_" + "__".join(where).upper()
        alternative = f", or write {where[-1]}_file with the path of a file that holds it"
        if MAPPING_SECRETS_TABLE in where:
            alternative = ""
        raise SettingsError(
            f"{path.name}: {'.'.join(where)} is a secret and may not stand in the file: set the"
            f" environment variable {variable}{alternative}"
        )
    return data


def _find_literal_secrets(value: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the place of each secret in the file.

    A template of a mapping ([targets.NAME.rest]) may name one.
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
    """Return the data with the embedded target, which needs no settings at all."""
    targets = data.get("targets", {})
    # pydantic refuses it, and says what is needed.
    if not isinstance(targets, dict):
        return dict(data)
    embedded = targets.get("embedded", {})
    if isinstance(embedded, dict):
        embedded = {**EMBEDDED_DEFAULTS, **embedded}
    return {**data, "targets": {**targets, "embedded": embedded}}


def _refuse_unknown_environment() -> None:
    """Raise `SettingsError` for a misspelt variable, which pydantic-settings ignores.

    Keys inside of tables are pydantic's to refuse.
    """
    fields = set(Settings.model_fields)
    for name in sorted(os.environ):
        if not name.upper().startswith("CUTOVER_"):
            continue
        field, _, inner = name.upper().removeprefix("CUTOVER_").lower().partition("__")
        if field in fields and (not inner or field in TABLES):
            continue
        # A field that exists but is no table has no keys inside.
        near = fields if field not in fields else TABLES
        suggestion = suggest_nearest(
            f"CUTOVER_{field.upper()}", {f"CUTOVER_{each.upper()}" for each in near}
        )
        allowed = ", ".join(sorted(f"CUTOVER_{each.upper()}" for each in fields))
        raise SettingsError(
            f"environment variable {name} sets nothing.{suggestion} Allowed: {allowed}"
        )
