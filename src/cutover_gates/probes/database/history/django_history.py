"""A Django history (`django_migrations`) held against the files `<app>/migrations/NNNN_*.py`; a
location is an app's folder, or holds such.

Django keeps no checksums, so only a snapshot can tell that a file was changed. A squashed migration
stands for those that it `replaces`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from cutover_gates.core.evidence.assessment import Assessment, NotProven
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.history import history_table, python_migrations
from cutover_gates.probes.database.history.history_record import FileDigest, HistoryRecord
from cutover_gates.probes.database.history.python_migrations import MigrationFile

MigrationKey = tuple[str, str]
"""App and name."""


@dataclass(frozen=True)
class DjangoMigration:
    """A file with what it says about others."""

    program: MigrationFile
    dependencies: frozenset[MigrationKey]
    replaces: tuple[MigrationKey, ...]


class DjangoHistory:
    """Reads once, answers three questions.

    Raises `NoHistory` where the database has no such table, `NotProven` where something cannot be
    read.
    """

    def __init__(self, site: DatabaseContext) -> None:
        self._site = site

    def capture(self) -> HistoryRecord:
        """What a snapshot keeps."""
        files = {
            _display_name(node): FileDigest(migration.program.sha256)
            for node, migration in self._migrations.items()
        }
        return HistoryRecord(
            files, history_table.read_history_lines_if_present(lambda: self._lines)
        )

    def check_completeness(self) -> Assessment:
        """Every file is applied, itself or by the squashed one that replaces it; every row of an
        app on disk has its file, or a squashed one.
        """
        findings = [
            f"{_display_name(node)} is not applied"
            for node in self._migrations
            if not self._is_applied(node)
        ]
        apps = {app for app, _ in self._migrations}
        findings += [
            f"{_display_name(node)} was applied, but the release has no such file"
            for node in self._rows
            if node[0] in apps and node not in self._migrations and node not in self._replacements
        ]
        foreign = sorted({app for app, _ in self._rows} - apps)
        unseen = (
            [
                f"the migrations of {', '.join(foreign)} were applied and their files are not in"
                " migrations.locations: add the folder of each of these apps (as"
                " django/contrib/auth, where the package is installed)"
            ]
            if foreign
            else []
        )
        examined = dict.fromkeys(
            map(
                _display_name,
                (*self._migrations, *(node for node in self._rows if node[0] in apps)),
            )
        )
        return Assessment(
            "Every migration of the release is applied",
            tuple(examined),
            tuple(findings),
            tuple(unseen),
            {"rows": len(self._rows), "files": len(self._migrations)},
        )

    def check_file_changes(self) -> Assessment:
        """Django keeps nothing by which to tell; the snapshot does."""
        return Assessment(
            "Every applied migration is what the release has",
            tuple(_display_name(node) for node in self._migrations if self._is_applied(node)),
        )

    def check_order(self) -> Assessment:
        """Whatever was applied had all that it needs applied, and no app has two migrations that
        both claim to be its last.
        """
        findings = [
            f"{_display_name(node)} was applied, and {_display_name(need)}, which it needs, was not"
            for node in self._rows
            if node in self._migrations
            for need in sorted(self._migrations[node].dependencies)
            if need in self._migrations and not self._is_applied(need)
        ]
        unread = [
            node
            for node, migration in self._migrations.items()
            if migration.program.assignments.get("dependencies", ()) is None
        ]
        unseen = (
            f"what {_display_name(node)} needs is no literal, so it cannot be read without running the"
            " file"
            for node in unread
        )
        return Assessment(
            "The migrations were applied in order",
            tuple(_display_name(node) for node in self._migrations if node not in unread),
            (*findings, *self._find_conflicts()),
            tuple(unseen),
        )

    @cached_property
    def _migrations(self) -> dict[MigrationKey, DjangoMigration]:
        found = {
            node: migration
            for location in python_migrations.find_migration_folders(self._site)
            for node, migration in _iter_migrations(location)
        }
        if not found:
            raise NotProven(
                "no migration of Django was found as <app>/migrations/*.py in migrations.locations:"
                " an empty location proves nothing"
            )
        return found

    @cached_property
    def _lines(self) -> list[dict[str, Any]]:
        with self._site.connect() as connection:
            return history_table.read_history_lines(self._site, connection)

    @cached_property
    def _rows(self) -> list[MigrationKey]:
        return [(line["app"], line["name"]) for line in self._lines]

    @cached_property
    def _replacements(self) -> dict[MigrationKey, MigrationKey]:
        """Each migration that was squashed, with the one that stands for it."""
        return {
            old: node for node, migration in self._migrations.items() for old in migration.replaces
        }

    def _is_applied(self, node: MigrationKey) -> bool:
        migration = self._migrations.get(node)
        by_parts = bool(migration and migration.replaces) and all(
            self._is_applied(old) for old in (migration.replaces if migration else ())
        )
        return node in self._rows or by_parts or self._replacements.get(node) in self._rows

    def _find_conflicts(self) -> Iterator[str]:
        """Two leaves of one app: `migrate` refuses until they are merged."""
        needed = {
            self._replacements.get(need, need)
            for migration in self._migrations.values()
            for need in migration.dependencies
        }
        leaves = [
            node
            for node in self._migrations
            if node not in self._replacements and node not in needed
        ]
        for app in sorted({app for app, _ in leaves}):
            names = [name for owner, name in leaves if owner == app]
            if len(names) > 1:
                yield (
                    f"{app} has {len(names)} last migrations ({', '.join(sorted(names))}):"
                    " `migrate` refuses until they are merged"
                )


def _iter_migrations(location: Path) -> Iterator[tuple[MigrationKey, DjangoMigration]]:
    for path in sorted([*location.glob("migrations/*.py"), *location.glob("*/migrations/*.py")]):
        if path.name[0] in "_~":
            continue
        program = python_migrations.parse_migration_file(path, location, inside="Migration")
        values, app = program.assignments, _read_app_label(path.parents[1])
        needs = frozenset(
            (str(need[0]), str(need[1]))
            for need in values.get("dependencies") or ()
            if len(need) == 2
        )
        yield (
            (app, path.stem),
            DjangoMigration(
                program,
                needs,
                tuple((str(old[0]), str(old[1])) for old in values.get("replaces") or ()),
            ),
        )


def _read_app_label(app: Path) -> str:
    """An app's name in the history: its folder's, unless its `apps.py` sets a label."""
    config = app / "apps.py"
    if config.is_file():
        for line in python_migrations.read_class_assignments(config):
            if isinstance(line.get("label"), str):
                return str(line["label"])
    return app.name


def _display_name(node: MigrationKey) -> str:
    return ".".join(node)
