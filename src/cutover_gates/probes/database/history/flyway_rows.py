"""Rows of a Flyway history, and what each says of its script."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cutover_gates.core.findings import Finding
from cutover_gates.probes.database.history import rules
from cutover_gates.probes.database.history.flyway_conventions import Version
from cutover_gates.probes.database.history.migration_scripts import MigrationScript

BASELINE_TYPES = frozenset({"BASELINE", "SQL_BASELINE", "JDBC_BASELINE"})
SYNTHETIC_TYPES = frozenset({"SCHEMA", "BASELINE", "DELETE"})
"""Types of rows that stand for no script."""
REVERTED_STATES = frozenset({"Superseded", "Deleted", "Undone"})
LOWEST_VERSION = Version((-1,), "")
"""A version below every other."""
_MAX_DESCRIPTION = 200
"""Characters of a description that Flyway keeps; of a longer one the first 197 and three dots."""


@dataclass(frozen=True)
class FlywayRow:
    """A row of the history, as Flyway keeps it."""

    rank: int
    version: Version | None
    description: str
    type: str
    script: str
    checksum: int | None
    success: bool

    @property
    def is_undo(self) -> bool:
        """True of a row that reverts an earlier one."""
        return self.type.startswith("UNDO_")


@dataclass(frozen=True)
class MigrationState:
    """The state, in Flyway's words, of a row, a script, or a row with its script."""

    state: str
    row: FlywayRow | None
    script: MigrationScript | None

    @property
    def name(self) -> str:
        """The script's file name, or the row's name for it."""
        if self.script:
            return self.script.file_name
        return self.row.script if self.row else ""

    @property
    def version(self) -> Version | None:
        """The version of the row, else of the script; None for a repeatable one."""
        if self.row:
            return self.row.version
        return self.script.version if self.script else None

    @property
    def is_program(self) -> bool:
        """True of a row that stands for a program (Java, a shell script): it has no script here."""
        return (
            self.row is not None
            and self.row.success
            and self.script is None
            and self.state not in REVERTED_STATES
            and self.row.type not in SYNTHETIC_TYPES
            and "SQL" not in self.row.type
        )


def matches_checksum(script: MigrationScript, checksum: int | None) -> bool:
    """Return whether a recorded checksum is the script's.

    For a repeatable script the checksum before placeholders were filled in counts, too.
    """
    if script.kind == "R":
        return checksum in (script.checksum, script.raw_checksum)
    return checksum == script.checksum


def find_reverted_rows(rows: Sequence[FlywayRow]) -> dict[int, str]:
    """Return the ranks of the rows that a later row deletes or undoes, with the state.

    `flyway repair` writes the rows that delete. What is deleted or undone is always the latest row
    of the migration that is still in effect.
    """
    reverted: dict[int, str] = {}
    # In order of rank: an earlier revert takes a row away from the later ones.
    for row in rows:
        if not row.success or not (row.type == "DELETE" or row.is_undo):
            continue
        target = next(
            (
                other
                for other in reversed(rows)
                if _can_be_reverted(other, row) and other.rank not in reverted
            ),
            None,
        )
        if target:
            reverted[target.rank] = "Deleted" if row.type == "DELETE" else "Undone"
    return reverted


def find_alterations(state: MigrationState) -> Iterator[Finding]:
    """Yield the differences between an applied row and its script: type, checksum, description."""
    row, script = state.row, state.script
    assert row is not None
    assert script is not None
    kind = "SQL_BASELINE" if script.kind == "B" else "SQL"
    if row.type != kind:
        yield _alteration(state, f"type {row.type}", f"type {kind}")
    # Outdated is the state of a repeatable script: `check_completeness` reports it.
    if state.state != "Outdated" and not matches_checksum(script, row.checksum):
        yield _alteration(state, f"checksum {row.checksum}", f"checksum {script.checksum}")
    if _truncate_description(script.description) != row.description:
        yield _alteration(
            state, f"description {row.description!r}", f"description {script.description!r}"
        )


def _alteration(state: MigrationState, applied: str, on_disk: str) -> Finding:
    return Finding(
        rules.FILES_UNCHANGED, state.name, f"{applied}, as it was applied", f"{on_disk} on disk"
    )


def _can_be_reverted(other: FlywayRow, row: FlywayRow) -> bool:
    is_same = other.version == row.version
    if other.version is None:
        is_same = is_same and other.description == row.description
    is_migration = other.type not in SYNTHETIC_TYPES and not other.is_undo
    return is_same and is_migration and other.rank < row.rank


def _truncate_description(description: str) -> str:
    if len(description) <= _MAX_DESCRIPTION:
        return description
    return f"{description[: _MAX_DESCRIPTION - 3]}..."
