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

from cutover.database.history.flyway import Version
from cutover.database.history.scripts import Script

BASELINES = frozenset({"BASELINE", "SQL_BASELINE", "JDBC_BASELINE"})
SYNTHETIC = frozenset({"SCHEMA", "BASELINE", "DELETE"})
"""Rows that stand for no script."""
KINDS = {"SQL": "V", "SQL_BASELINE": "B"}
"""The kind of script that a row with a version stands for; other types are programs, or stand for
nothing.
"""
NOTHING = Version((-1,), "")
"""Below every version."""


@dataclass(frozen=True)
class Row:
    """A line of the history, as Flyway keeps it."""

    rank: int
    version: Version | None
    description: str
    type: str
    script: str
    checksum: int | None
    success: bool

    @property
    def undoes(self) -> bool:
        """Whether the row takes an earlier one back."""
        return self.type.startswith("UNDO_")


@dataclass(frozen=True)
class Standing:
    """Where a row, a script, or a row together with its script stands."""

    state: str
    row: Row | None
    script: Script | None

    @property
    def name(self) -> str:
        """The script's file, or what the history calls the row."""
        return self.script.file_name if self.script else self.row.script if self.row else ""

    @property
    def version(self) -> Version | None:
        """The version of the row, else of the script; None for what is repeatable."""
        return self.row.version if self.row else self.script.version if self.script else None


def states(
    scripts: Iterable[Script],
    rows: Iterable[Row],
    *,
    out_of_order: bool = False,
    target: Version | None = None,
) -> list[Standing]:
    """Rows by rank, then the scripts that are not applied, in the order in which they would run.

    Undo scripts have no state here.
    """
    view = _View.of(
        [script for script in scripts if script.kind != "U"],
        sorted(rows, key=lambda row: row.rank),
        out_of_order,
        target,
    )
    applied = [Standing(view.of_row(row), row, view.script_of(row)) for row in view.rows]
    return [
        *applied,
        *(Standing(view.of_script(script), None, script) for script in view.unapplied),
    ]


@dataclass(frozen=True)
class _View:
    """What the rules look at."""

    scripts: Sequence[Script]
    rows: Sequence[Row]
    out_of_order: bool
    target: Version | None
    taken_back: dict[int, str] = field(default_factory=dict)
    late: frozenset[int] = frozenset()
    last_applied: Version = NOTHING

    @classmethod
    def of(
        cls,
        scripts: Sequence[Script],
        rows: Sequence[Row],
        out_of_order: bool,
        target: Version | None,
    ) -> _View:
        taken_back = _taken_back(rows)
        last, late = NOTHING, set()
        for row in rows:
            if row.version is None or row.undoes or row.type == "DELETE":
                continue
            if row.version <= last:
                late.add(row.rank)
            elif row.rank not in taken_back:
                last = row.version
        # A versioned DELETE row is no migration of its own: Flyway shows the row that it deletes.
        shown = [row for row in rows if not (row.type == "DELETE" and row.version and row.success)]
        return cls(scripts, shown, out_of_order, target, taken_back, frozenset(late), last)

    def script_of(self, row: Row) -> Script | None:
        """The script that a row is about: the same version and kind; for repeatable ones the same
        description.
        """
        return self._by_key.get(
            ("R", row.description)
            if row.version is None
            else (KINDS.get(row.type, ""), row.version)
        )

    def of_row(self, row: Row) -> str:
        script = self.script_of(row)
        if row.rank in self.taken_back:
            return self.taken_back[row.rank]
        if row.type == "DELETE":
            return "Success"
        if row.type == "BASELINE":
            return "Baseline"
        if row.undoes:
            return "Success" if row.success else "Failed"
        if row.type in BASELINES and not row.success:
            return "Failed"
        if script is None and (row.version is not None or self._is_latest(row)):
            return self._without_script(row)
        if not row.success:
            return "Failed"
        if row.type in BASELINES:
            return "Baseline"
        if row.type == "SCHEMA":
            return "Success"
        if row.version is None:
            return self._of_repeatable(row, script)
        return "Out of Order" if row.rank in self.late else "Success"

    def of_script(self, script: Script) -> str:
        if script.version is None:
            return "Pending"
        nothing_applied = self.last_applied == NOTHING
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
    def unapplied(self) -> list[Script]:
        """Scripts that no row stands for."""
        done = {
            script.file_name
            for row in self.rows
            if (script := self.script_of(row)) and self._stands(row, script)
        }
        return [script for script in _in_order(self.scripts) if script.file_name not in done]

    def _stands(self, row: Row, script: Script) -> bool:
        if row.rank in self.taken_back or row.undoes or row.type == "DELETE":
            return False
        return row.version is not None or (self._is_latest(row) and matches(script, row.checksum))

    def _without_script(self, row: Row) -> str:
        if row.type == "SCHEMA":
            return "Success"
        state = "Missing" if row.version is None or row.version < self._last_on_disk else "Future"
        return state if row.success else f"Failed ({state})"

    def _of_repeatable(self, row: Row, script: Script | None) -> str:
        if not self._is_latest(row):
            return "Superseded"
        return "Success" if script and matches(script, row.checksum) else "Outdated"

    def _is_latest(self, row: Row) -> bool:
        return row.rank == self._latest_runs[row.description]

    @cached_property
    def _by_key(self) -> dict[tuple[str, Version | str], Script]:
        return {
            (script.kind, script.version or script.description): script for script in self.scripts
        }

    @cached_property
    def _latest_runs(self) -> dict[str, int]:
        """The last rank of each repeatable description."""
        return {row.description: row.rank for row in self.rows if row.version is None}

    @cached_property
    def _last_on_disk(self) -> Version:
        return max((script.version for script in self.scripts if script.version), default=NOTHING)

    @cached_property
    def _applied_baseline(self) -> Version:
        return max(
            (row.version for row in self.rows if row.type in BASELINES and row.version),
            default=NOTHING,
        )

    @cached_property
    def _pending_baseline(self) -> Version:
        return max(
            (script.version for script in self.unapplied if script.kind == "B" and script.version),
            default=NOTHING,
        )


def matches(script: Script, checksum: int | None) -> bool:
    """Whether a recorded checksum is the script's; for R the one before placeholders were filled in
    counts, too.
    """
    return checksum in (
        (script.checksum, script.raw_checksum) if script.kind == "R" else (script.checksum,)
    )


def _taken_back(rows: Sequence[Row]) -> dict[int, str]:
    """The ranks of rows that a later one deletes (`flyway repair`) or undoes: always the latest
    that still stands.
    """
    found: dict[int, str] = {}
    for row in rows:
        if not row.success or not (row.type == "DELETE" or row.undoes):
            continue
        before = (
            other
            for other in reversed(rows)
            if other.rank < row.rank and other.type not in SYNTHETIC and not other.undoes
        )
        same = (
            other for other in before if other.rank not in found and _about_the_same(other, row)
        )
        if undone := next(same, None):
            found[undone.rank] = "Deleted" if row.type == "DELETE" else "Undone"
    return found


def _about_the_same(one: Row, other: Row) -> bool:
    return one.version == other.version and (
        one.version is not None or one.description == other.description
    )


def _in_order(scripts: Iterable[Script]) -> list[Script]:
    return sorted(
        scripts,
        key=lambda script: (
            script.version is None,
            script.version.numbers if script.version else (),
            script.description,
        ),
    )
