"""The state of every row of a Flyway history and of every script, in Flyway's own words. Pure.

The rules are those of Flyway 12 (`MigrationInfoServiceImpl`, `BaseAppliedMigration`,
`ResolvedMigration`), and the tests compare each answer with that of `flyway info`. Undo is a paid
feature of Flyway: its rows are read, and its rule is the documented one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from cutover_gates.probes.database.history.flyway_conventions import Version
from cutover_gates.probes.database.history.flyway_rows import (
    BASELINE_TYPES,
    LOWEST_VERSION,
    FlywayRow,
    MigrationState,
    find_reverted_rows,
    matches_checksum,
)
from cutover_gates.probes.database.history.migration_scripts import MigrationScript

SCRIPT_KINDS = {"SQL": "V", "SQL_BASELINE": "B"}
"""The kind of script of a row with a version. Other types are programs, or stand for no script."""


def compute_states(
    scripts: Iterable[MigrationScript],
    rows: Iterable[FlywayRow],
    *,
    out_of_order: bool = False,
    target: Version | None = None,
) -> list[MigrationState]:
    """Return the rows by rank, then the scripts that are not applied, in the order of execution.

    Undo scripts have no state here.
    """
    state_rules = _StateRules.build(
        [script for script in scripts if script.kind != "U"],
        sorted(rows, key=lambda row: row.rank),
        out_of_order,
        target,
    )
    applied = [
        MigrationState(state_rules.state_of_row(row), row, state_rules.find_script(row))
        for row in state_rules.rows
    ]
    unapplied = [
        MigrationState(state_rules.state_of_script(script), None, script)
        for script in state_rules.unapplied_scripts
    ]
    return [*applied, *unapplied]


@dataclass(frozen=True)
class _StateRules:
    """Everything that Flyway's rules depend on."""

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
        # A row is late where a higher version was in effect before it.
        reverted = find_reverted_rows(rows)
        last, late = LOWEST_VERSION, set()
        for row in rows:
            if row.version is None or row.is_undo or row.type == "DELETE":
                continue
            if row.version <= last:
                late.add(row.rank)
            elif row.rank not in reverted:
                last = row.version
        # A versioned DELETE row is no migration of its own: Flyway shows the row that it deletes.
        shown = [row for row in rows if not (row.type == "DELETE" and row.version and row.success)]
        return cls(scripts, shown, out_of_order, target, reverted, frozenset(late), last)

    def find_script(self, row: FlywayRow) -> MigrationScript | None:
        """Return the script of a row: by version and kind, or by a repeatable's description."""
        if row.version is None:
            return self._scripts_by_key.get(("R", row.description))
        return self._scripts_by_key.get((SCRIPT_KINDS.get(row.type, ""), row.version))

    def state_of_row(self, row: FlywayRow) -> str:
        """Return Flyway's state of an applied row."""
        script = self.find_script(row)
        if row.rank in self.reverted_ranks:
            return self.reverted_ranks[row.rank]
        if row.type in ("DELETE", "BASELINE"):
            return "Success" if row.type == "DELETE" else "Baseline"
        if row.is_undo:
            return "Success" if row.success else "Failed"
        if row.type in BASELINE_TYPES and not row.success:
            return "Failed"
        if script is None and (row.version is not None or self._is_latest(row)):
            return self._state_without_script(row)
        return self._state_with_script(row, script)

    def _state_with_script(self, row: FlywayRow, script: MigrationScript | None) -> str:
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
        """Return Flyway's state of a script that is not applied."""
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
        """The scripts that no row stands for, in the order of execution."""
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
        """The last rank of each repeatable script, by its description."""
        return {row.description: row.rank for row in self.rows if row.version is None}

    @cached_property
    def _last_on_disk(self) -> Version:
        versions = [script.version for script in self.scripts if script.version]
        return max(versions, default=LOWEST_VERSION)

    @cached_property
    def _applied_baseline(self) -> Version:
        rows = [row for row in self.rows if row.type in BASELINE_TYPES]
        return max((row.version for row in rows if row.version), default=LOWEST_VERSION)

    @cached_property
    def _pending_baseline(self) -> Version:
        baselines = [script for script in self.unapplied_scripts if script.kind == "B"]
        versions = [script.version for script in baselines if script.version]
        return max(versions, default=LOWEST_VERSION)


def _sort_scripts(scripts: Iterable[MigrationScript]) -> list[MigrationScript]:
    def order(script: MigrationScript) -> tuple[bool, tuple[int, ...], str]:
        numbers = script.version.numbers if script.version else ()
        return script.version is None, numbers, script.description

    return sorted(scripts, key=order)
