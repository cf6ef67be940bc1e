"""Reads migrations that are Python programs without running them: what Alembic and Django need to
know stands in them as literals.

Alembic's own `ScriptDirectory` and Django's `MigrationLoader` import the files. A gate that looks
at a release must not run the release's code, so the files are parsed (`ast`), and what is no
literal counts as unknown.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cutover_gates.core.evidence.assessment import NotProven
from cutover_gates.probes.database.context import DatabaseContext


@dataclass(frozen=True)
class MigrationFile:
    """A file that assigns names to literals.

    `display_name` is the file seen from its location; `assignments` holds what could be read.
    """

    display_name: str
    path: Path
    sha256: str
    assignments: dict[str, Any]


def find_migration_folders(site: DatabaseContext) -> Iterator[Path]:
    """The locations. Raises `NotProven` where none is set or one is no folder."""
    if not site.migrations.locations:
        raise NotProven(
            "no scripts were named to compare with: set the folder of the release's migrations as"
            " migrations.locations"
        )
    for location in map(site.resolve_path, site.migrations.locations):
        if not location.is_dir():
            raise NotProven(
                f"{location} (migrations.locations) is not a folder, so the release's migrations"
                " cannot be read"
            )
        yield location


def parse_migration_file(path: Path, location: Path, *, inside: str | None = None) -> MigrationFile:
    """What a file assigns at its top level, or in the class `inside`.

    Raises `NotProven` for a file that is no Python.
    """
    content, shown = path.read_bytes(), path.relative_to(location).as_posix()
    try:
        body: Iterable[ast.stmt] = ast.parse(content).body
    except (SyntaxError, ValueError):
        raise NotProven(f"{shown} cannot be read: it is no Python") from None
    if inside:
        body = [
            line
            for node in body
            if isinstance(node, ast.ClassDef) and node.name == inside
            for line in node.body
        ]
    return MigrationFile(
        shown, path, hashlib.sha256(content).hexdigest(), dict(_iter_assignments(body))
    )


def read_class_assignments(path: Path) -> Iterator[dict[str, Any]]:
    """What each class of a file assigns. Raises `NotProven` for a file that is no Python."""
    try:
        body = ast.parse(path.read_bytes()).body
    except (SyntaxError, ValueError):
        raise NotProven(f"{path.name} cannot be read: it is no Python") from None
    yield from (
        dict(_iter_assignments(node.body)) for node in body if isinstance(node, ast.ClassDef)
    )


def _iter_assignments(body: Iterable[ast.stmt]) -> Iterator[tuple[str, Any]]:
    for node in body:
        targets = (
            node.targets
            if isinstance(node, ast.Assign)
            else [node.target]
            if isinstance(node, ast.AnnAssign)
            else []
        )
        value = getattr(node, "value", None)
        for target in targets:
            if isinstance(target, ast.Name) and isinstance(value, ast.expr):
                yield target.id, _evaluate_literal(value)


def _evaluate_literal(value: ast.expr) -> Any:
    """The value; of a list or tuple those members that are literals (Django's swappable
    dependencies are none); else None.
    """
    try:
        return ast.literal_eval(value)
    except ValueError:
        return (
            [found for item in value.elts if (found := _evaluate_literal(item)) is not None]
            if isinstance(value, ast.List | ast.Tuple)
            else None
        )
