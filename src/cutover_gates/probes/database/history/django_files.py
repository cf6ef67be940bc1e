"""The migrations of a Django release on disk: files `<app>/migrations/NNNN_*.py`.

A location is an app's folder, or holds such folders.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cutover_gates.core.findings import gap_error
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.history import rules
from cutover_gates.probes.database.history.migration_scripts import iter_locations
from cutover_gates.probes.database.history.python_migrations import (
    MigrationFile,
    parse_migration_file,
    read_class_assignments,
)

MigrationKey = tuple[str, str]
"""App and name."""


@dataclass(frozen=True)
class DjangoMigration:
    """A file with what it says about other migrations. `readable`: all of that could be read."""

    program: MigrationFile
    dependencies: frozenset[MigrationKey]
    replaces: tuple[MigrationKey, ...]
    readable: bool


def load_django_migrations(context: DatabaseContext) -> dict[MigrationKey, DjangoMigration]:
    """Return the migrations in the locations. Raises `NotProven` where there is none."""
    migrations: dict[MigrationKey, DjangoMigration] = {}
    for location in iter_locations(context):
        migrations.update(_iter_migrations(location))
    if not migrations:
        raise gap_error(
            rules.SCRIPTS_FOUND,
            "migrations.locations",
            "it holds no migration of Django (<app>/migrations/*.py)",
        )
    return migrations


def format_key(key: MigrationKey) -> str:
    """Return `app.name`."""
    return ".".join(key)


def _iter_migrations(location: Path) -> Iterator[tuple[MigrationKey, DjangoMigration]]:
    for path in sorted([*location.glob("migrations/*.py"), *location.glob("*/migrations/*.py")]):
        # Django ignores these names, too.
        if path.name[0] in "_~":
            continue
        program = parse_migration_file(path, location, inside="Migration")
        values = program.assignments
        migration = DjangoMigration(
            program,
            frozenset(_parse_keys(values.get("dependencies"))),
            tuple(_parse_keys(values.get("replaces"))),
            values.get("dependencies", ()) is not None,
        )
        yield (_read_app_label(path.parents[1]), path.stem), migration


def _parse_keys(value: Any) -> list[MigrationKey]:
    return [(str(pair[0]), str(pair[1])) for pair in value or () if len(pair) == 2]


def _read_app_label(app: Path) -> str:
    """Return an app's name in the history: its folder's, unless its `apps.py` sets a label."""
    config = app / "apps.py"
    if config.is_file():
        for assignments in read_class_assignments(config):
            if isinstance(assignments.get("label"), str):
                return str(assignments["label"])
    return app.name
