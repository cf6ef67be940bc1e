"""An Alembic history (`alembic_version`) compared with the graph of revisions on disk.

The table names only the last revisions that were applied: everything that they are built on counts
as applied, too. It keeps no checksums, so only a snapshot can tell that a file was changed.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.core.findings import gap_error
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.history import rules
from cutover_gates.probes.database.history.history_record import FileDigest, HistoryRecord
from cutover_gates.probes.database.history.history_table import (
    history_table_name,
    read_history_lines,
)
from cutover_gates.probes.database.history.migration_scripts import iter_locations
from cutover_gates.probes.database.history.python_migrations import (
    MigrationFile,
    parse_migration_file,
)

_NO_REVISIONS = ("env.py", "__init__.py")


class AlembicHistory:
    """The history that Alembic keeps (`MigrationHistory`). It is read once."""

    def __init__(self, context: DatabaseContext) -> None:
        self._context = context

    def capture(self) -> HistoryRecord:
        """Return what a snapshot keeps: the files. The table has no line that stays."""
        files = {
            program.display_name: FileDigest(program.sha256) for program in self._revision_files
        }
        return HistoryRecord(files, [])

    def check_completeness(self) -> AssessmentBuilder:
        """Check that every revision is applied, and every row is a revision on disk."""
        builder = AssessmentBuilder(figures={"at": self._rows, "heads": self._heads})
        unknown = [row for row in self._rows if row not in self._graph]
        builder.checked = [*self._graph, *unknown]
        if not self._rows:
            table = ".".join(history_table_name(self._context))
            builder.add_finding(
                rules.MIGRATIONS_APPLIED, table, expected="a revision", actual="an empty table"
            )
        for row in unknown:
            builder.add_finding(
                rules.KNOWN_MIGRATIONS,
                f"revision {row}",
                expected="a revision of the release",
                actual="none, and the database is at it",
            )
        for revision in self._graph:
            if revision not in self._applied_revisions:
                self._add_unapplied(revision, builder)
        self._add_defects(builder)
        return builder

    def check_file_changes(self) -> AssessmentBuilder:
        """Name the applied files. Alembic keeps nothing to compare them with; the snapshot does."""
        applied = [revision for revision in self._graph if revision in self._applied_revisions]
        return AssessmentBuilder(checked=[self._display_name(revision) for revision in applied])

    def check_order(self) -> AssessmentBuilder:
        """Check that one line of revisions leads to one head, and the table names only ends."""
        builder = AssessmentBuilder(checked=list(self._graph))
        # Labelled branches are meant to have a head each.
        if len(self._heads) > 1 and not all(map(self._has_branch_label, self._heads)):
            builder.add_finding(
                rules.USABLE_SCRIPTS,
                "heads of the release",
                expected="one head, for `alembic upgrade head`",
                actual=", ".join(self._heads),
            )
        for row in self._rows:
            others = [other for other in self._rows if other != row]
            if any(row in self._find_ancestors(other) for other in others):
                builder.add_finding(
                    rules.HISTORY_UNTOUCHED,
                    f"revision {row}",
                    expected="only the last revisions in the table",
                    actual="also one that another is built on",
                )
        return builder

    @cached_property
    def _revision_files(self) -> list[MigrationFile]:
        programs = [
            parse_migration_file(path, location)
            for location in iter_locations(self._context)
            for path in sorted(location.rglob("*.py"))
            if path.name not in _NO_REVISIONS
        ]
        revisions = [program for program in programs if "revision" in program.assignments]
        if not revisions:
            raise gap_error(
                rules.SCRIPTS_FOUND, "migrations.locations", "it holds no revision of Alembic"
            )
        for program in revisions:
            if not isinstance(program.assignments["revision"], str):
                raise gap_error(
                    rules.COMPARABLE_MIGRATIONS,
                    program.display_name,
                    "its revision is no literal, so it cannot be read without running the file",
                )
        return revisions

    @cached_property
    def _graph(self) -> dict[str, set[str]]:
        """Each revision with those that must come before it."""
        return {
            program.assignments["revision"]: {
                *_to_name_set(program.assignments.get("down_revision")),
                *_to_name_set(program.assignments.get("depends_on")),
            }
            for program in self._revision_files
        }

    @cached_property
    def _rows(self) -> list[str]:
        with self._context.connect() as connection:
            lines = read_history_lines(self._context, connection)
        return [line["version_num"] for line in lines]

    @cached_property
    def _applied_revisions(self) -> set[str]:
        return set(self._rows).union(*map(self._find_ancestors, self._rows))

    @cached_property
    def _heads(self) -> list[str]:
        built_on: set[str] = set()
        for program in self._revision_files:
            built_on |= _to_name_set(program.assignments.get("down_revision"))
        return sorted(self._graph.keys() - built_on)

    def _find_ancestors(self, revision: str) -> set[str]:
        """Return everything that a revision is built on."""
        # A merge has several parents, so this is a graph and not a chain.
        ancestors: set[str] = set()
        open_ends = [revision]
        while open_ends:
            new = self._graph.get(open_ends.pop(), set()) - ancestors
            ancestors |= new
            open_ends += new
        return ancestors

    def _add_unapplied(self, revision: str, builder: AssessmentBuilder) -> None:
        builder.add_finding(
            rules.MIGRATIONS_APPLIED,
            self._display_name(revision),
            expected="applied",
            actual=f"not applied (revision {revision})",
        )

    def _add_defects(self, builder: AssessmentBuilder) -> None:
        """Add what Alembic would refuse to run with."""
        first_files: dict[str, str] = {}
        for program in self._revision_files:
            revision = program.assignments["revision"]
            if revision in first_files:
                builder.add_finding(
                    rules.USABLE_SCRIPTS,
                    f"{program.display_name} and {first_files[revision]}",
                    expected="revisions of their own",
                    actual=f"both are revision {revision}",
                )
            first_files[revision] = program.display_name
        for revision, before in self._graph.items():
            for missing in sorted(before - self._graph.keys()):
                builder.add_finding(
                    rules.USABLE_SCRIPTS,
                    self._display_name(revision),
                    expected=f"revision {missing}, on which it is built, in the release",
                    actual="no such revision",
                )

    def _display_name(self, revision: str) -> str:
        return next(
            program.display_name
            for program in self._revision_files
            if program.assignments["revision"] == revision
        )

    def _has_branch_label(self, head: str) -> bool:
        """Return whether a head belongs to a branch with a label: several of these are meant."""
        line = {head, *self._find_ancestors(head)}
        return any(
            program.assignments.get("branch_labels")
            for program in self._revision_files
            if program.assignments["revision"] in line
        )


def _to_name_set(value: Any) -> set[str]:
    return {value} if isinstance(value, str) else {str(name) for name in value or ()}
