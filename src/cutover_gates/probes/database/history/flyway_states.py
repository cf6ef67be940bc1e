"""The state of every row of a Flyway history and of every script, in Flyway's own words.

Pure: rows and scripts in, states out.

The rules are those of Flyway 12 (`MigrationInfoServiceImpl`, `BaseAppliedMigration`,
`ResolvedMigration`), and the tests hold each answer against what `flyway info` says. Undoing is a
paid feature of Flyway: its rows are read, its rule is the documented one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from cutover_gates.probes.database.history.flyway_conventions import Version
from cutover_gates.probes.database.history.migration_scripts import MigrationScript

BASELINE_TYPES = frozenset({"BASELINE", "SQL_BASELINE", "JDBC_BASELINE"})
SYNTHETIC_TYPES = frozenset({"SCHEMA", "BASELINE", "DELETE"})
"""Rows that stand for no script."""
SCRIPT_KINDS = {"SQL": "V", "SQL_BASELINE": "B"}
"""The kind of script that a row with a version stands for; other types are programs, or stand for
nothing.
"""
LOWEST_VERSION = Version((-1,), "")
"""Below every version."""


@dataclass(frozen=True)
class FlywayRow:
    """A line of the history, as Flyway keeps it."""

    rank: int
    version: Version | None
    description: str
    type: str
    script: str
    checksum: int | None
    success: bool

    @property
    def is_undo(self) -> bool:
        """Whether the row takes an earlier one back."""
        return self.type.startswith("UNDO_")


@dataclass(frozen=True)
class MigrationState:
    """Where a row, a script, or a row together with its script stands."""

    state: str
    row: FlywayRow | None
    script: MigrationScript | None

    @property
    def name(self) -> str:
        """The script's file, or what the history calls the row."""
        return self.script.file_name if self.script else self.row.script if self.row else ""

    @property
    def version(self) -> Version | None:
        """The version of the row, else of the script; None for what is repeatable."""
        return self.row.version if self.row else self.script.version if self.script else None


def compute_states(
    scripts: Iterable[MigrationScript],
    rows: Iterable[FlywayRow],
    *,
    out_of_order: bool = False,
    target: Version | None = None,
) -> list[MigrationState]:
    """Rows by rank, then the scripts that are not applied, in the order in which they would run.

    Undo scripts have no state here.
    """
    view = _StateRules.build(
        [script for script in scripts if script.kind != "U"],
        sorted(rows, key=lambda row: row.rank),
        out_of_order,
        target,
    )
    applied = [
        MigrationState(view.state_of_row(row), row, view.find_script(row)) for row in view.rows
    ]
    return [
        *applied,
        *(
            MigrationState(view.state_of_script(script), None, script)
            for script in view.unapplied_scripts
        ),
    ]


@dataclass(frozen=True)
class _StateRules:
    """What the rules look at."""

    scripts: Sequence[MigrationScript]
    rows: Sequence[FlywayRow]
    out_of_order: bool
    target: Version | None
    reverted_ranks: dict[int, str] = field(default_factory=dict)
    late_ranks: frozenset[int] = frozenset()
    last_applied: Version = LOWEST_VERSION

    @classmethod
    def build(
        cls,
        scripts: Sequence[MigrationScript],
        rows: Sequence[FlywayRow],
        out_of_order: bool,
        target: Version | None,
    ) -> _StateRules:
        taken_back = _find_reverted_rows(rows)
        last, late = LOWEST_VERSION, set()
        for row in rows:
            if row.version is None or row.is_undo or row.type == "DELETE":
                continue
            if row.version <= last:
                late.add(row.rank)
            elif row.rank not in taken_back:
                last = row.version
        # A versioned DELETE row is no migration of its own: Flyway shows the row that it deletes.
        shown = [row for row in rows if not (row.type == "DELETE" and row.version and row.success)]
        return cls(scripts, shown, out_of_order, target, taken_back, frozenset(late), last)

    def find_script(self, row: FlywayRow) -> MigrationScript | None:
        """The script that a row is about: the same version and kind; for repeatable ones the same
        description.
        """
        return self._scripts_by_key.get(
            ("R", row.description)
            if row.version is None
            else (SCRIPT_KINDS.get(row.type, ""), row.version)
        )

    def state_of_row(self, row: FlywayRow) -> str:
        script = self.find_script(row)
        if row.rank in self.reverted_ranks:
            return self.reverted_ranks[row.rank]
        if row.type == "DELETE":
            return "Success"
        if row.type == "BASELINE":
            return "Baseline"
        if row.is_undo:
            return "Success" if row.success else "Failed"
        if row.type in BASELINE_TYPES and not row.success:
            return "Failed"
        if script is None and (row.version is not None or self._is_latest(row)):
            return self._state_without_script(row)
        if not row.success:
            return "Failed"
        if row.type in BASELINE_TYPES:
            return "Baseline"
        if row.type == "SCHEMA":
            return "Success"
        if row.version is None:
            return self._state_of_repeatable(row, script)
        return "Out of Order" if row.rank in self.late_ranks else "Success"

    def state_of_script(self, script: MigrationScript) -> str:
        if script.version is None:
            return "Pending"
        nothing_applied = self.last_applied == LOWEST_VERSION
        baseline = self._pending_baseline if nothing_applied else self._applied_baseline
        if script.version < baseline:
            return "Below Baseline"
        if script.version == baseline:
            return "Pending" if script.kind == "B" and nothing_applied else "Ignored (Baseline)"
        if self.target and script.version > self.target:
            return "Above Target"
        if script.kind == "B" or (script.version < self.last_applied and not self.out_of_order):
            return "Ignored"
        return "Pending"

    @cached_property
    def unapplied_scripts(self) -> list[MigrationScript]:
        """Scripts that no row stands for."""
        done = {
            script.file_name
            for row in self.rows
            if (script := self.find_script(row)) and self._is_in_effect(row, script)
        }
        return [script for script in _sort_scripts(self.scripts) if script.file_name not in done]

    def _is_in_effect(self, row: FlywayRow, script: MigrationScript) -> bool:
        if row.rank in self.reverted_ranks or row.is_undo or row.type == "DELETE":
            return False
        return row.version is not None or (
            self._is_latest(row) and matches_checksum(script, row.checksum)
        )

    def _state_without_script(self, row: FlywayRow) -> str:
        if row.type == "SCHEMA":
            return "Success"
        state = "Missing" if row.version is None or row.version < self._last_on_disk else "Future"
        return state if row.success else f"Failed ({state})"

    def _state_of_repeatable(self, row: FlywayRow, script: MigrationScript | None) -> str:
        if not self._is_latest(row):
            return "Superseded"
        return "Success" if script and matches_checksum(script, row.checksum) else "Outdated"

    def _is_latest(self, row: FlywayRow) -> bool:
        return row.rank == self._latest_runs[row.description]

    @cached_property
    def _scripts_by_key(self) -> dict[tuple[str, Version | str], MigrationScript]:
        return {
            (script.kind, script.version or script.description): script for script in self.scripts
        }

    @cached_property
    def _latest_runs(self) -> dict[str, int]:
        """The last rank of each repeatable description."""
        return {row.description: row.rank for row in self.rows if row.version is None}

    @cached_property
    def _last_on_disk(self) -> Version:
        return max(
            (script.version for script in self.scripts if script.version), default=LOWEST_VERSION
        )

    @cached_property
    def _applied_baseline(self) -> Version:
        return max(
            (row.version for row in self.rows if row.type in BASELINE_TYPES and row.version),
            default=LOWEST_VERSION,
        )

    @cached_property
    def _pending_baseline(self) -> Version:
        return max(
            (
                script.version
                for script in self.unapplied_scripts
                if script.kind == "B" and script.version
            ),
            default=LOWEST_VERSION,
        )


def matches_checksum(script: MigrationScript, checksum: int | None) -> bool:
    """Whether a recorded checksum is the script's; for R the one before placeholders were filled in
    counts, too.
    """
    return checksum in (
        (script.checksum, script.raw_checksum) if script.kind == "R" else (script.checksum,)
    )


def _find_reverted_rows(rows: Sequence[FlywayRow]) -> dict[int, str]:
    """The ranks of rows that a later one deletes (`flyway repair`) or undoes: always the latest
    that still stands.
    """
    found: dict[int, str] = {}
    for row in rows:
        if not row.success or not (row.type == "DELETE" or row.is_undo):
            continue
        before = (
            other
            for other in reversed(rows)
            if other.rank < row.rank and other.type not in SYNTHETIC_TYPES and not other.is_undo
        )
        same = (
            other for other in before if other.rank not in found and _is_same_migration(other, row)
        )
        if undone := next(same, None):
            found[undone.rank] = "Deleted" if row.type == "DELETE" else "Undone"
    return found


def _is_same_migration(one: FlywayRow, other: FlywayRow) -> bool:
    return one.version == other.version and (
        one.version is not None or one.description == other.description
    )


def _sort_scripts(scripts: Iterable[MigrationScript]) -> list[MigrationScript]:
    return sorted(
        scripts,
        key=lambda script: (
            script.version is None,
            script.version.numbers if script.version else (),
            script.description,
        ),
    )
