"""The digest of the settings, and of the files that they name."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from cutover_gates.config.base import SECRET_KEYS, find_table, holds_secret
from cutover_gates.config.settings import Settings
from cutover_gates.util.files import hash_file, hash_files_below

SECRET_FILES = frozenset(f"{key}_file" for key in SECRET_KEYS) | {"token_file"}
"""Keys of files that hold a secret: a rotated password asks nothing else of a target."""
OUTPUTS = frozenset({"reports"})
DECISIONS = frozenset({"waivers", "signoffs"})
"""What people decided answers no question; the verdict lists it beside the digest."""
EVIDENCE = frozenset({"file", "coverage_file", "path"})
"""Keys of files that are looked at, and are new for each run: pipeline, coverage, log, backup."""
NOT_READ = SECRET_FILES | OUTPUTS | DECISIONS | EVIDENCE


def compute_settings_digest(settings: Settings) -> str:
    """Return the SHA-256 of all settings but secrets, and of the files that decide what is asked.

    Two runs with one digest were asked the same of a target. Of a folder every file counts. A file
    that cannot be read counts as empty: the part that needs it reports it.
    """
    shown = settings.model_dump(mode="json", exclude=_secret_fields(Settings))
    shown["files"] = {
        key: hash_named(settings.resolve_path(path)) for key, path in _list_paths(settings, "")
    }
    return hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()


def hash_named(path: Path) -> str | dict[str, str]:
    """Return the SHA-256 of a file, or of each file of a folder; empty where there is none."""
    return hash_files_below(path) if path.is_dir() else hash_file(path)


def _list_paths(table: BaseModel, place: str) -> Iterator[tuple[str, Path]]:
    """Yield the key and the path of each file that decides what is asked."""
    for key, field in type(table).model_fields.items():
        value, where = getattr(table, key), f"{place}{key}"
        if find_table(field.annotation) is not None:
            for name, inner in _list_tables(value):
                yield from _list_paths(inner, f"{where}{name}.")
        elif key not in NOT_READ and _holds_path(field.annotation):
            paths = [value] if isinstance(value, Path) else value or ()
            yield from ((f"{where}.{number}", path) for number, path in enumerate(paths))


def _list_tables(value: Any) -> list[tuple[str, BaseModel]]:
    """Return the tables that a key holds, each with its name behind the key."""
    if isinstance(value, BaseModel):
        return [("", value)]
    if isinstance(value, dict):
        return [(f".{name}", table) for name, table in value.items()]
    return [(f".{number}", table) for number, table in enumerate(value or ())]


def _holds_path(annotation: Any) -> bool:
    return annotation is Path or any(map(_holds_path, get_args(annotation)))


def _secret_fields(model: type[BaseModel]) -> dict[str, Any]:
    """Return the secrets of a table and of those below it, as pydantic's `exclude` takes them."""
    fields: dict[str, Any] = {}
    for key, field in model.model_fields.items():
        if holds_secret(field.annotation):
            fields[key] = True
        elif (table := find_table(field.annotation)) is not None:
            inner = _secret_fields(table)
            # In a list, or under names that the author chose, it holds for each table.
            is_single = get_origin(field.annotation) not in (dict, tuple)
            fields[key] = inner if is_single else {"__all__": inner}
    return fields
