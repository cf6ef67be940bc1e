"""A history whose migrations are programs, compared with files by name or with another history.

Nothing of the release is run. What a tool writes about each migration (success, checksum) is held
against the files where they tell it, and else against the lines of `expected_history`.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import cached_property
from typing import Any

from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.history import rules
from cutover_gates.probes.database.history.expected_history import (
    ExpectedHistory,
    Lines,
    index_lines,
    load_expected_history,
)
from cutover_gates.probes.database.history.history_record import HistoryRecord
from cutover_gates.probes.database.history.history_table import (
    history_table_name,
    read_history_lines_if_present,
    read_tool_lines,
)
from cutover_gates.probes.database.history.history_tools import (
    CUSTOM,
    describe_change,
    find_failure,
)
from cutover_gates.probes.database.history.migration_scripts import iter_locations
from cutover_gates.probes.database.history.tool_files import (
    ToolFiles,
    find_held_lock,
    load_tool_files,
    shorten_path,
)

_FILES = "the files of the release"
# Tools whose lines stand in the order of their execution, which their files have as well.
_ORDERED = ("flyway", "prisma", "liquibase", "django", "custom")


class RecordedHistory:
    """The history that a tool keeps (`MigrationHistory`). It is read once."""

    def __init__(self, context: DatabaseContext) -> None:
        self._context, self._tool = context, context.migrations.tool

    def capture(self) -> HistoryRecord:
        """Return what a snapshot keeps."""
        lines = read_history_lines_if_present(lambda: self._read_lines)
        return HistoryRecord(self._files.digests, lines)

    def check_completeness(self) -> AssessmentBuilder:
        """Check that every expected migration is applied with success, and no other."""
        expected, builder = self._expected, AssessmentBuilder()
        builder.figures = {"expected by": expected.source, "lines": len(self._lines)}
        builder.checked = list(dict.fromkeys((*expected.lines, *self._lines)))
        if not self._lines:
            builder.add_finding(
                rules.MIGRATIONS_APPLIED,
                self._table,
                expected="a migration",
                actual="an empty history",
            )
        self._add_failures(builder)
        for name in [name for name in expected.lines if name not in self._applied]:
            builder.add_finding(
                rules.MIGRATIONS_APPLIED, name, expected="applied", actual="not applied"
            )
        for name in [name for name in self._lines if name not in expected.lines]:
            builder.add_finding(
                rules.KNOWN_MIGRATIONS, name, expected=f"one of {expected.source}", actual="none"
            )
        if self._tool == "liquibase" and (held := find_held_lock(self._context)):
            builder.findings.append(held)
        return builder

    def check_file_changes(self) -> AssessmentBuilder:
        """Compare checksums with the files, or with the lines of the expected history."""
        expected, builder = self._expected, AssessmentBuilder(checked=list(self._lines))
        for name, line in self._lines.items():
            if self._tool == "liquibase" and line.get("md5sum") is None:
                builder.add_gap(
                    rules.COMPARABLE_MIGRATIONS, name, "its checksum was cleared (MD5SUM is null)"
                )
            if wanted := expected.lines.get(name):
                self._compare_line(name, wanted, line, builder)
            elif self._tool == "prisma" and name in self._files.migrations:
                self._compare_checksum(name, str(line.get("checksum")), builder)
        return builder

    def check_order(self) -> AssessmentBuilder:
        """Check that the migrations were applied in the order of the release, or of staging."""
        expected, builder = self._expected, AssessmentBuilder(checked=list(self._lines))
        if self._tool not in _ORDERED or self._context.migrations.out_of_order:
            return builder
        if not expected.is_ordered:
            return builder
        # Changelogs include each other, so their files' names say nothing of an order.
        if self._tool == "liquibase" and expected.source == _FILES:
            return builder
        known = [name for name in self._lines if name in expected.lines]
        wanted = [name for name in expected.lines if name in self._lines]
        for name, other in zip(known, wanted, strict=True):
            if name != other:
                builder.add_finding(
                    rules.APPLIED_IN_ORDER,
                    name,
                    expected=f"applied after {other}, as by {expected.source}",
                    actual="applied before it",
                )
                break
        return builder

    def _add_failures(self, builder: AssessmentBuilder) -> None:
        for name, line in self._lines.items():
            if failure := find_failure(line):
                builder.add_finding(
                    rules.MIGRATIONS_SUCCEEDED, name, expected="success", actual=failure
                )

    def _compare_line(self, name: str, wanted: Any, line: Any, builder: AssessmentBuilder) -> None:
        for column in describe_change(self._tool, wanted, line):
            builder.add_finding(
                rules.FILES_UNCHANGED,
                name,
                expected=f"{column} {wanted[column]}, as in {self._expected.source}",
                actual=f"{column} {line.get(column)}",
            )

    def _compare_checksum(self, name: str, checksum: str, builder: AssessmentBuilder) -> None:
        """Compare Prisma's checksum: the SHA-256 of the script, whatever ends its lines."""
        shown = self._files.migrations[name]
        paths = [location / shown for location in iter_locations(self._context)]
        content = next(path for path in paths if path.is_file()).read_bytes()
        unix = content.replace(b"\r\n", b"\n")
        forms = (content, unix, unix.replace(b"\n", b"\r\n"))
        if checksum not in {hashlib.sha256(form).hexdigest() for form in forms}:
            builder.add_finding(
                rules.FILES_UNCHANGED,
                name,
                expected=f"the content of {shown}",
                actual=f"applied with the checksum {checksum[:12]}…",
            )

    @property
    def _table(self) -> str:
        return (
            "the history" if self._tool == CUSTOM else ".".join(history_table_name(self._context))
        )

    @cached_property
    def _files(self) -> ToolFiles:
        return load_tool_files(self._context)

    @cached_property
    def _read_lines(self) -> list[dict[str, Any]]:
        with self._context.connect() as connection:
            return read_tool_lines(self._context, connection)

    @cached_property
    def _lines(self) -> Lines:
        lines = index_lines(self._read_lines)
        if self._tool == "liquibase":
            return {shorten_path(name): line for name, line in lines.items()}
        return lines

    @cached_property
    def _applied(self) -> set[str]:
        """The migrations that count as applied.

        golang-migrate names only the last one; everything below it was applied before.
        """
        applied = {name for name, line in self._lines.items() if not find_failure(line)}
        if self._tool == "golang-migrate" and self._expected.source == _FILES:
            last = max((int(name) for name in self._lines), default=-1)
            applied |= {name for name in self._expected.lines if int(name) < last}
        return applied

    @cached_property
    def _expected(self) -> ExpectedHistory:
        version = self._context.migrations.version
        if version is not None:
            return ExpectedHistory("migrations.version", self._expect_version(version))
        if self._files.migrations:
            return ExpectedHistory(_FILES, {name: {} for name in self._files.migrations})
        expected = load_expected_history(self._context)
        if self._tool == "liquibase":
            short = {shorten_path(name): line for name, line in expected.lines.items()}
            return replace(expected, lines=short)
        return expected

    def _expect_version(self, version: str) -> Lines:
        """Return the lines as they are, and the version as the last one."""
        names = list(self._lines)
        return {name: {} for name in [*names[:-1], version]}
