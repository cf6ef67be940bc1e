"""Migrations that are Python programs, read without running them.

What Alembic and Django need to know stands in them as literals. Alembic's own `ScriptDirectory` and
Django's `MigrationLoader` import the files. A gate must not run the code of the release that it
judges, so the files are parsed (`ast`), and what is no literal counts as unknown.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cutover_gates.core.findings import gap_error
from cutover_gates.probes.database.history import rules


@dataclass(frozen=True)
class MigrationFile:
    """A file that assigns literals to names.

    `display_name` is its path relative to the location; `assignments` holds what could be read.
    """

    display_name: str
    path: Path
    sha256: str
    assignments: dict[str, Any]


def parse_migration_file(path: Path, location: Path, *, inside: str | None = None) -> MigrationFile:
    """Return what a file assigns at its top level, or in the class `inside`.

    Raises `NotProven` for a file that is no Python.
    """
    content = path.read_bytes()
    name = path.relative_to(location).as_posix()
    body = _parse(content, name)
    if inside:
        classes = [node for node in body if isinstance(node, ast.ClassDef) and node.name == inside]
        body = [statement for node in classes for statement in node.body]
    digest = hashlib.sha256(content).hexdigest()
    return MigrationFile(name, path, digest, dict(_iter_assignments(body)))


def read_class_assignments(path: Path) -> Iterator[dict[str, Any]]:
    """Yield what each class of a file assigns. Raises `NotProven` for a file that is no Python."""
    for node in _parse(path.read_bytes(), path.name):
        if isinstance(node, ast.ClassDef):
            yield dict(_iter_assignments(node.body))


def _parse(content: bytes, name: str) -> list[ast.stmt]:
    try:
        return ast.parse(content).body
    except (SyntaxError, ValueError):
        raise gap_error(rules.USABLE_SCRIPTS, name, "it is not Python") from None


def _iter_assignments(body: Iterable[ast.stmt]) -> Iterator[tuple[str, Any]]:
    # Alembic's template writes `revision: str = …`, so annotated assignments count, too.
    for node in body:
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign):
            targets = [node.target]
        value = getattr(node, "value", None)
        for target in targets:
            if isinstance(target, ast.Name) and isinstance(value, ast.expr):
                yield target.id, _evaluate_literal(value)


def _evaluate_literal(value: ast.expr) -> Any:
    """Return the value of a literal; None for anything else.

    Of a list or tuple the members that are literals: Django's swappable dependencies are none.
    """
    try:
        return ast.literal_eval(value)
    except ValueError:
        if not isinstance(value, ast.List | ast.Tuple):
            return None
    members = [_evaluate_literal(item) for item in value.elts]
    return [member for member in members if member is not None]
