"""A Flyway history compared with the scripts on disk.

`flyway validate` accepts what lies below a baseline or ahead of the scripts; this does not.
"""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import Any

from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.core.findings import Rule
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.history import rules
from cutover_gates.probes.database.history.flyway_conventions import (
    Version,
    find_undeclared_placeholders,
)
from cutover_gates.probes.database.history.flyway_rows import (
    REVERTED_STATES,
    SYNTHETIC_TYPES,
    MigrationState,
    find_alterations,
)
from cutover_gates.probes.database.history.flyway_states import compute_states
from cutover_gates.probes.database.history.history_record import FileDigest, HistoryRecord
from cutover_gates.probes.database.history.history_table import (
    parse_flyway_rows,
    read_history_lines,
    read_history_lines_if_present,
)
from cutover_gates.probes.database.history.migration_scripts import (
    MigrationScript,
    ScriptsOnDisk,
    collect_placeholders,
    load_scripts,
)
from cutover_gates.probes.database.history.point_of_no_return import find_applied_beyond
from cutover_gates.probes.database.history.scripts_of_night import (
    is_beyond,
    read_point,
    select_of_night,
)

_BAD_STATES: dict[str, tuple[Rule, str, str]] = {
    "Pending": (rules.MIGRATIONS_APPLIED, "applied", "not applied"),
    "Ignored": (
        rules.MIGRATIONS_APPLIED,
        "applied",
        "never to be applied, since a higher version was applied before",
    ),
    "Failed": (rules.MIGRATIONS_SUCCEEDED, "success", "failure"),
    "Missing": (rules.KNOWN_MIGRATIONS, "a script of the release", "none"),
    "Future": (rules.KNOWN_MIGRATIONS, "a script of the release", "a newer version than any"),
    "Failed (Missing)": (rules.MIGRATIONS_SUCCEEDED, "success", "failure, not in the release"),
    "Failed (Future)": (
        rules.MIGRATIONS_SUCCEEDED,
        "success",
        "failure, newer than every script of the release",
    ),
    "Outdated": (rules.FILES_UNCHANGED, "the content of the release", "applied with another one"),
}
"""States that break a rule.

The others stand for what was applied, or for what a baseline covers.
"""


class FlywayHistory:
    """The history that Flyway keeps (`MigrationHistory`). It is read once."""

    def __init__(self, context: DatabaseContext) -> None:
        self._context = context

    def capture(self) -> HistoryRecord:
        """Return what a snapshot keeps."""
        files = {
            script.file_name: FileDigest(script.sha256, script.checksum)
            for script in self._scripts_on_disk.scripts
        }
        return HistoryRecord(files, read_history_lines_if_present(lambda: self._lines))

    def check_completeness(self) -> AssessmentBuilder:
        """Check that every script is applied, nothing else is, and the last one is the highest."""
        builder = AssessmentBuilder()
        builder.findings += self._scripts_on_disk.rejections
        builder.findings += self._scripts_on_disk.overlooked_files
        self._add_bad_states(builder)
        self._check_highest_version(builder)
        self._add_unverifiable(builder)
        builder.checked = list(dict.fromkeys(each.name for each in self.states))
        beyond = find_applied_beyond(self.states, self.point)
        builder.findings += beyond.findings
        builder.figures["above the point of no return"] = beyond.checked
        counts = Counter(each.state for each in self.states)
        builder.figures["states"] = dict(sorted(counts.items()))
        return builder

    def check_file_changes(self) -> AssessmentBuilder:
        """Compare checksum, description and type with the files, also at and below a baseline."""
        builder = AssessmentBuilder()
        for each in self.states:
            if each.row and each.script and each.state not in REVERTED_STATES:
                builder.checked.append(each.name)
                builder.findings += find_alterations(each)
        return builder

    def check_order(self) -> AssessmentBuilder:
        """Check that nothing was applied below a higher version, unless the settings allow it."""
        builder = AssessmentBuilder()
        builder.checked = [each.row.script for each in self.states if each.row]
        late = [each.name for each in self.states if each.state == "Out of Order"]
        builder.figures["out of order"] = late
        if not self._context.migrations.out_of_order:
            for name in late:
                builder.add_finding(
                    rules.APPLIED_IN_ORDER,
                    name,
                    expected="applied once, before every higher version",
                    actual="applied after a higher version, or twice",
                )
        return builder

    @cached_property
    def _scripts_on_disk(self) -> ScriptsOnDisk:
        return load_scripts(self._context)

    @cached_property
    def _lines(self) -> list[dict[str, Any]]:
        with self._context.connect() as connection:
            return read_history_lines(self._context, connection)

    @cached_property
    def states(self) -> list[MigrationState]:
        """The rows by rank, then the scripts that are not applied."""
        return compute_states(
            self._scripts_on_disk.scripts,
            parse_flyway_rows(self._lines),
            out_of_order=self._context.migrations.out_of_order,
            target=self.point,
        )

    @cached_property
    def point(self) -> Version | None:
        """The last version of the night; None where every script belongs to it."""
        return read_point(self._context.migrations)

    def _add_bad_states(self, builder: AssessmentBuilder) -> None:
        for each in self.states:
            cannot_be_known = (
                each.state in ("Outdated", "Pending") and each.name in self._unverifiable_checksums
            )
            if each.state not in _BAD_STATES or cannot_be_known or each.is_program:
                continue
            rule, expected, actual = _BAD_STATES[each.state]
            builder.add_finding(
                rule, each.name, expected=expected, actual=f"{actual} ({each.state})"
            )

    def _add_unverifiable(self, builder: AssessmentBuilder) -> None:
        for each in self.states:
            if each.is_program and each.row:
                builder.add_gap(
                    rules.COMPARABLE_MIGRATIONS,
                    each.name,
                    f"a program ({each.row.type}) applied it, so there is no script to compare",
                )
        for name, placeholders in self._unverifiable_checksums.items():
            builder.add_gap(
                rules.COMPARABLE_MIGRATIONS,
                name,
                f"its checksum is not known: nothing is declared for {placeholders} in it"
                " (migrations.placeholders)",
            )

    @cached_property
    def _unverifiable_checksums(self) -> dict[str, str]:
        """The repeatable scripts without a known checksum, with their undeclared placeholders.

        One script has two states: the row's (Outdated) and its own (Pending).
        """
        outdated = [each.script for each in self.states if each.state == "Outdated"]
        scripts = [script for script in outdated if script is not None]
        names = {script.file_name: self._list_undeclared_placeholders(script) for script in scripts}
        return {script: placeholders for script, placeholders in names.items() if placeholders}

    def _list_undeclared_placeholders(self, script: MigrationScript) -> str:
        """Return the names without a value, for a reader; empty when there is none."""
        declared = collect_placeholders(self._context, script.path.name)
        return ", ".join(find_undeclared_placeholders(script.content.decode(), declared))

    def _check_highest_version(self, builder: AssessmentBuilder) -> None:
        """Compare the version to which a script brought the database with the highest script."""
        # Repeatable scripts have no version, and an undo script takes one back.
        night = select_of_night(self._scripts_on_disk.scripts, self.point)
        scripts = [script for script in night if script.kind in "VB"]
        highest = max((script.version for script in scripts if script.version), default=None)
        current = max(self._list_reached_versions(), default=None)
        if highest != current:
            builder.add_finding(
                rules.MIGRATIONS_APPLIED,
                "the database",
                expected=f"version {highest or 'none'}, as the release's highest script",
                actual=f"version {current or 'none'}",
            )

    def _list_reached_versions(self) -> list[Version]:
        """Return the versions of the rows by which a script changed the database."""
        return [
            each.version
            for each in self.states
            if each.row
            and each.version
            and each.row.success
            and each.row.type not in SYNTHETIC_TYPES
            and each.state not in REVERTED_STATES
            and not each.is_program
            and not is_beyond(each.version, self.point)
        ]
