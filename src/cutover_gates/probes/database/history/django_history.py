"""A Django history (`django_migrations`) compared with the migrations on disk.

Django keeps no checksums, so only a snapshot can tell that a file was changed. A squashed migration
stands for those that it `replaces`.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.history import rules
from cutover_gates.probes.database.history.django_files import (
    DjangoMigration,
    MigrationKey,
    format_key,
    load_django_migrations,
)
from cutover_gates.probes.database.history.history_record import FileDigest, HistoryRecord
from cutover_gates.probes.database.history.history_table import (
    read_history_lines,
    read_history_lines_if_present,
)


class DjangoHistory:
    """The history that Django keeps (`MigrationHistory`). It is read once."""

    def __init__(self, context: DatabaseContext) -> None:
        self._context = context

    def capture(self) -> HistoryRecord:
        """Return what a snapshot keeps."""
        files = {
            format_key(key): FileDigest(migration.program.sha256)
            for key, migration in self._migrations.items()
        }
        return HistoryRecord(files, read_history_lines_if_present(lambda: self._lines))

    def check_completeness(self) -> AssessmentBuilder:
        """Check that every file is applied, and every row of an app on disk has its file.

        A squashed migration counts for those that it replaces, in both directions.
        """
        figures = {"rows": len(self._rows), "files": len(self._migrations)}
        builder = AssessmentBuilder(figures=dict(figures))
        apps = {app for app, _ in self._migrations}
        rows = [key for key in self._rows if key[0] in apps]
        builder.checked = list(dict.fromkeys(map(format_key, (*self._migrations, *rows))))
        for key in self._migrations:
            if not self._is_applied(key):
                builder.add_finding(
                    rules.MIGRATIONS_APPLIED,
                    format_key(key),
                    expected="applied",
                    actual="not applied",
                )
        for key in rows:
            if key not in self._migrations and key not in self._replacements:
                builder.add_finding(
                    rules.KNOWN_MIGRATIONS,
                    format_key(key),
                    expected="a file of the release",
                    actual="none",
                )
        # The apps of installed packages migrate, too, and their files are elsewhere.
        for app in sorted({app for app, _ in self._rows} - apps):
            builder.add_gap(
                rules.COMPARABLE_MIGRATIONS,
                f"the app {app}",
                "its migrations were applied, and its folder (such as django/contrib/auth of the"
                " installed package) is not in migrations.locations",
            )
        return builder

    def check_file_changes(self) -> AssessmentBuilder:
        """Name the applied files. Django keeps nothing to compare them with; the snapshot does."""
        applied = [key for key in self._migrations if self._is_applied(key)]
        return AssessmentBuilder(checked=[format_key(key) for key in applied])

    def check_order(self) -> AssessmentBuilder:
        """Check that each applied migration has what it needs, and that each app has one end."""
        builder = AssessmentBuilder()
        for key, migration in self._migrations.items():
            if migration.readable:
                builder.checked.append(format_key(key))
            else:
                builder.add_gap(
                    rules.COMPARABLE_MIGRATIONS,
                    format_key(key),
                    "its dependencies are no literal, so they cannot be read without running the"
                    " file",
                )
        for key in self._rows:
            if key in self._migrations:
                self._check_dependencies(key, builder)
        self._check_conflicts(builder)
        return builder

    @cached_property
    def _migrations(self) -> dict[MigrationKey, DjangoMigration]:
        return load_django_migrations(self._context)

    @cached_property
    def _lines(self) -> list[dict[str, Any]]:
        with self._context.connect() as connection:
            return read_history_lines(self._context, connection)

    @cached_property
    def _rows(self) -> list[MigrationKey]:
        return [(line["app"], line["name"]) for line in self._lines]

    @cached_property
    def _replacements(self) -> dict[MigrationKey, MigrationKey]:
        """Each migration that was squashed, with the one that stands for it."""
        return {
            old: key for key, migration in self._migrations.items() for old in migration.replaces
        }

    def _is_applied(self, key: MigrationKey) -> bool:
        """Return whether a migration is applied: itself, by its parts, or by a squashed one."""
        if key in self._rows or self._replacements.get(key) in self._rows:
            return True
        migration = self._migrations.get(key)
        if migration is None or not migration.replaces:
            return False
        return all(self._is_applied(old) for old in migration.replaces)

    def _check_dependencies(self, key: MigrationKey, builder: AssessmentBuilder) -> None:
        for need in sorted(self._migrations[key].dependencies):
            if need in self._migrations and not self._is_applied(need):
                builder.add_finding(
                    rules.APPLIED_IN_ORDER,
                    format_key(key),
                    expected=f"applied after {format_key(need)}, which it needs",
                    actual="applied without it",
                )

    def _check_conflicts(self, builder: AssessmentBuilder) -> None:
        """Add the apps with two last migrations: `migrate` refuses until they are merged."""
        needed = {
            self._replacements.get(need, need)
            for migration in self._migrations.values()
            for need in migration.dependencies
        }
        leaves = [key for key in self._migrations if key not in self._replacements]
        leaves = [key for key in leaves if key not in needed]
        for app in sorted({app for app, _ in leaves}):
            names = sorted(name for owner, name in leaves if owner == app)
            if len(names) > 1:
                builder.add_finding(
                    rules.USABLE_SCRIPTS,
                    f"the app {app}",
                    expected="one last migration, for `migrate`",
                    actual=", ".join(names),
                )
