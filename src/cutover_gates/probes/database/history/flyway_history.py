"""A Flyway history held against the scripts on disk; `flyway validate` trusts what lies below a
baseline or ahead of the scripts, this does not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.history import flyway_conventions, history_table
from cutover_gates.probes.database.history.flyway_states import (
    SYNTHETIC_TYPES,
    MigrationState,
    compute_states,
    matches_checksum,
)
from cutover_gates.probes.database.history.history_record import FileDigest, HistoryRecord
from cutover_gates.probes.database.history.migration_scripts import (
    MigrationScript,
    ScriptsOnDisk,
    collect_placeholders,
    load_scripts,
)

_MAX_DESCRIPTION = 200
"""Characters of a description that Flyway keeps; of a longer one the first 197 and three dots."""
_STATE_FINDINGS = {
    "Pending": "is not applied",
    "Ignored": "is not applied and never will be: a higher version was applied before it",
    "Above Target": "is not applied",
    "Failed": "failed when it was applied",
    "Missing": "was applied, but the release has no such script",
    "Future": "was applied and is newer than every script of the release",
    "Failed (Missing)": "failed when it was applied, and the release has no such script",
    "Failed (Future)": "failed when it was applied, and is newer than every script of the release",
    "Outdated": "was applied in another wording than the release has",
}
"""States that are no good, in the words of a finding.

The others stand for what was applied, or for what a baseline stands for.
"""
_REVERTED_STATES = frozenset({"Superseded", "Deleted", "Undone"})


class FlywayHistory:
    """Reads once, answers three questions.

    Raises `NoHistory` where the database has no such table, `NotProven` where something cannot be
    read.
    """

    def __init__(self, site: DatabaseContext) -> None:
        self._site = site

    def capture(self) -> HistoryRecord:
        """What a snapshot keeps."""
        files = {
            script.file_name: FileDigest(script.sha256, script.checksum)
            for script in self._scripts_on_disk.scripts
        }
        return HistoryRecord(
            files, history_table.read_history_lines_if_present(lambda: self._lines)
        )

    def check_completeness(self) -> Assessment:
        """Every script is applied with success, nothing else is, and the last one is the release's
        highest.
        """
        findings = (
            *self._scripts_on_disk.rejections,
            *self._scripts_on_disk.overlooked_files,
            *self._find_state_errors(),
            *self._check_highest_version(),
        )
        counted = Counter(standing.state for standing in self._states)
        return Assessment(
            "Every migration of the release is applied",
            tuple(dict.fromkeys(standing.name for standing in self._states)),
            findings,
            tuple(self._find_unverifiable()),
            {"states": dict(sorted(counted.items()))},
        )

    def check_file_changes(self) -> Assessment:
        """Each applied script is what lies on disk: checksum, description and type, also at and
        below a baseline.
        """
        pairs = [
            standing
            for standing in self._states
            if standing.row and standing.script and standing.state not in _REVERTED_STATES
        ]
        findings = tuple(finding for standing in pairs for finding in _find_alterations(standing))
        return Assessment(
            "Every applied migration is what the release has",
            tuple(standing.name for standing in pairs),
            findings,
        )

    def check_order(self) -> Assessment:
        """Nothing was slipped in below a higher version (unless the settings allow it) or applied
        twice.
        """
        rows = [standing.row for standing in self._states if standing.row]
        late = [standing for standing in self._states if standing.state == "Out of Order"]
        findings = (
            ()
            if self._site.migrations.out_of_order
            else tuple(
                f"{standing.name} was applied after a higher version, or twice: nobody tried the"
                " scripts in that order"
                for standing in late
            )
        )
        return Assessment(
            "The migrations were applied in order",
            tuple(row.script for row in rows),
            findings,
            figures={"out of order": [standing.name for standing in late]},
        )

    @cached_property
    def _scripts_on_disk(self) -> ScriptsOnDisk:
        return load_scripts(self._site)

    @cached_property
    def _lines(self) -> list[dict[str, Any]]:
        with self._site.connect() as connection:
            return history_table.read_history_lines(self._site, connection)

    @cached_property
    def _states(self) -> list[MigrationState]:
        return compute_states(
            self._scripts_on_disk.scripts,
            history_table.parse_flyway_rows(self._lines),
            out_of_order=self._site.migrations.out_of_order,
        )

    def _find_state_errors(self) -> Iterator[str]:
        for standing in self._states:
            unknowable = (
                standing.state in ("Outdated", "Pending")
                and standing.name in self._unverifiable_checksums
            )
            if (
                standing.state in _STATE_FINDINGS
                and not unknowable
                and not _is_program_row(standing)
            ):
                yield f"{standing.name} {_STATE_FINDINGS[standing.state]} ({standing.state})"

    def _find_unverifiable(self) -> Iterator[str]:
        for standing in filter(_is_program_row, self._states):
            yield (
                f"{standing.name} was applied by a program"
                f" ({standing.row.type if standing.row else ''}): it cannot be held against a"
                " script"
            )
        for name, names in self._unverifiable_checksums.items():
            yield (
                f"{name} cannot be held against its checksum: nothing is declared for {names} in it"
                " (migrations.placeholders)"
            )

    @cached_property
    def _unverifiable_checksums(self) -> dict[str, str]:
        """Repeatable scripts whose checksum cannot be known from here, each with the placeholders
        that nobody declared.
        """
        return {
            each.name: names
            for each in self._states
            if each.state == "Outdated"
            and (names := self._format_undeclared_placeholders(each.script))
        }

    def _format_undeclared_placeholders(self, script: MigrationScript | None) -> str:
        """Placeholders whose values cannot be known from here; empty when there is none."""
        return (
            ", ".join(
                flyway_conventions.find_undeclared_placeholders(
                    script.content.decode(), collect_placeholders(self._site, script.path.name)
                )
            )
            if script
            else ""
        )

    def _check_highest_version(self) -> Iterator[str]:
        """Flyway's current version must be that of the release's highest script, and a script must
        have brought it there.
        """
        highest = max(
            (
                script.version
                for script in self._scripts_on_disk.scripts
                if script.version and script.kind in "VB"
            ),
            default=None,
        )
        brought = [
            each.version
            for each in self._states
            if each.row
            and each.row.success
            and each.row.type not in SYNTHETIC_TYPES
            and each.version
            and each.state not in _REVERTED_STATES
            and not _is_program_row(each)
        ]
        current = max(brought, default=None)
        if highest != current:
            yield (
                f"the database is at version {current or 'none'}, and the release's highest script"
                f" is {highest or 'none'}"
            )


def _is_program_row(standing: MigrationState) -> bool:
    """Whether a row stands for a program (Java, a shell script): there is no script of ours to hold
    it against.
    """
    row = standing.row
    return (
        row is not None
        and row.success
        and standing.script is None
        and standing.state not in _REVERTED_STATES
        and row.type not in SYNTHETIC_TYPES
        and "SQL" not in row.type
    )


def _find_alterations(standing: MigrationState) -> Iterator[str]:
    row, script = standing.row, standing.script
    assert row
    assert script
    kind = "SQL_BASELINE" if script.kind == "B" else "SQL"
    if row.type != kind:
        yield f"{standing.name} was applied as {row.type} and is {kind} on disk"
    if standing.state != "Outdated" and not matches_checksum(script, row.checksum):
        yield (
            f"{standing.name} was changed after it was applied: the history has checksum"
            f" {row.checksum}, the file has {script.checksum}"
        )
    if _truncate_description(script.description) != row.description:
        yield (
            f"{standing.name} was renamed after it was applied: the history calls it"
            f" {row.description!r}"
        )


def _truncate_description(description: str) -> str:
    return (
        description
        if len(description) <= _MAX_DESCRIPTION
        else f"{description[: _MAX_DESCRIPTION - 3]}..."
    )
