"""An Alembic history (`alembic_version`) held against the graph of revisions on disk.

The table names only the revisions that stand at the ends of what was applied: everything that these
were built on counts as applied, too. It keeps no checksums, so only a snapshot can tell that a file
was changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from cutover_gates.core.evidence.assessment import Assessment, NotProven
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.history import history_table, python_migrations
from cutover_gates.probes.database.history.history_record import FileDigest, HistoryRecord
from cutover_gates.probes.database.history.python_migrations import MigrationFile


class AlembicHistory:
    """Reads once, answers three questions.

    Raises `NoHistory` where the database has no such table, `NotProven` where something cannot be
    read.
    """

    def __init__(self, site: DatabaseContext) -> None:
        self._site = site

    def capture(self) -> HistoryRecord:
        """What a snapshot keeps: the files. The table has no line that stays."""
        return HistoryRecord(
            {program.display_name: FileDigest(program.sha256) for program in self._revision_files},
            [],
        )

    def check_completeness(self) -> Assessment:
        """Every revision is applied, and every row of the table is a revision on disk."""
        findings = [
            f"the database is at revision {row}, which the release does not have"
            for row in self._rows
            if row not in self._graph
        ]
        findings += [
            f"{self._display_name(revision)} is not applied (revision {revision})"
            for revision in self._graph
            if revision not in self._applied_revisions
        ]
        if not self._rows:
            findings.insert(
                0,
                f"the table {'.'.join(history_table.history_table_name(self._site))} is empty: no migration"
                " was applied",
            )
        return Assessment(
            "Every migration of the release is applied",
            (*self._graph, *(row for row in self._rows if row not in self._graph)),
            (*findings, *self._find_defects()),
            figures={"at": self._rows, "heads": self._heads},
        )

    def check_file_changes(self) -> Assessment:
        """Alembic keeps nothing by which to tell; the snapshot does."""
        applied = (
            self._display_name(revision)
            for revision in self._graph
            if revision in self._applied_revisions
        )
        return Assessment("Every applied migration is what the release has", tuple(applied))

    def check_order(self) -> Assessment:
        """One line of revisions leads to one head, and the table names only ends."""
        several = len(self._heads) > 1 and not all(
            self._has_branch_label(head) for head in self._heads
        )
        findings = (
            [
                f"the release has {len(self._heads)} heads ({', '.join(self._heads)}): `alembic"
                " upgrade head` refuses"
            ]
            if several
            else []
        )
        findings += [
            f"the database names revision {row} and also one that was built on it: its history was"
            " written by hand"
            for row in self._rows
            if any(row in self._find_ancestors(other) for other in self._rows if other != row)
        ]
        return Assessment(
            "The migrations were applied in order", tuple(self._graph), tuple(findings)
        )

    @cached_property
    def _revision_files(self) -> list[MigrationFile]:
        found = [
            python_migrations.parse_migration_file(path, location)
            for location in python_migrations.find_migration_folders(self._site)
            for path in sorted(location.rglob("*.py"))
            if path.name not in ("env.py", "__init__.py")
        ]
        revisions = [program for program in found if "revision" in program.assignments]
        if not revisions:
            raise NotProven(
                "no revision of Alembic was found in migrations.locations: an empty location proves"
                " nothing"
            )
        unread = [
            program.display_name
            for program in revisions
            if not isinstance(program.assignments["revision"], str)
        ]
        if unread:
            raise NotProven(
                f"the revision of {', '.join(unread)} is no literal, so it cannot be read without"
                " running the file"
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
        with self._site.connect() as connection:
            return [
                line["version_num"]
                for line in history_table.read_history_lines(self._site, connection)
            ]

    @cached_property
    def _applied_revisions(self) -> set[str]:
        return {*self._rows, *(below for row in self._rows for below in self._find_ancestors(row))}

    @cached_property
    def _heads(self) -> list[str]:
        return sorted(
            self._graph.keys()
            - {
                name
                for program in self._revision_files
                for name in _to_name_set(program.assignments.get("down_revision"))
            }
        )

    def _find_ancestors(self, revision: str) -> set[str]:
        """Everything that a revision was built on."""
        found, open_ends = set[str](), [revision]
        while open_ends:
            new = self._graph.get(open_ends.pop(), set()) - found
            found |= new
            open_ends += new
        return found

    def _find_defects(self) -> Iterator[str]:
        """What Alembic would refuse to run with."""
        seen = dict[str, str]()
        for program in self._revision_files:
            revision = program.assignments["revision"]
            if revision in seen:
                yield f"{program.display_name} and {seen[revision]} are both revision {revision}"
            seen[revision] = program.display_name
        for revision, before in self._graph.items():
            for missing in sorted(before - self._graph.keys()):
                yield (
                    f"{self._display_name(revision)} is built on revision {missing}, which the release"
                    " does not have"
                )

    def _display_name(self, revision: str) -> str:
        return next(
            program.display_name
            for program in self._revision_files
            if program.assignments["revision"] == revision
        )

    def _has_branch_label(self, head: str) -> bool:
        """Whether a head belongs to a branch with a label: several of these are meant."""
        line = {head, *self._find_ancestors(head)}
        return any(
            program.assignments.get("branch_labels")
            for program in self._revision_files
            if program.assignments["revision"] in line
        )


def _to_name_set(value: Any) -> set[str]:
    return {value} if isinstance(value, str) else {str(name) for name in value or ()}
