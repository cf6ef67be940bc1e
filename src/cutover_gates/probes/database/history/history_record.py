"""A history as it was read, whichever tool keeps it, and its changes since the snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.core.findings import Finding
from cutover_gates.probes.database.history import rules
from cutover_gates.probes.database.history.history_tools import describe_change

_SHOWN_DIGITS = 12
"""Digits of a SHA-256 in a finding."""


@dataclass(frozen=True)
class FileDigest:
    """The SHA-256 of a file, and the tool's own checksum where it keeps one."""

    sha256: str
    checksum: int | None = None


@dataclass(frozen=True)
class HistoryRecord:
    """The files by name and the table's lines, as a snapshot keeps them.

    `lines` hold names, versions and checksums; never a person's name.
    """

    files: dict[str, FileDigest]
    lines: list[dict[str, Any]]

    def as_plain(self) -> dict[str, Any]:
        """Return JSON-able values; `from_plain` reads them."""
        scripts = {
            name: {"sha256": digest.sha256, "checksum": digest.checksum}
            for name, digest in self.files.items()
        }
        return {"scripts": scripts, "rows": self.lines}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> HistoryRecord:
        """Return what `as_plain` wrote. Raises `KeyError` or `TypeError` for anything else."""
        files = {name: FileDigest(**digest) for name, digest in plain["scripts"].items()}
        return cls(files, list(plain["rows"]))


class MigrationHistory(Protocol):
    """The history of one migration tool.

    Every method raises `HistoryTableNotFound` where the database has no such table, and `NotProven`
    where scripts or table cannot be read.
    """

    def capture(self) -> HistoryRecord:
        """Return what a snapshot keeps. A database without a history has no lines."""

    def check_completeness(self) -> AssessmentBuilder:
        """Check that everything on disk is applied, and nothing else."""

    def check_file_changes(self) -> AssessmentBuilder:
        """Check that what was applied is what lies on disk."""

    def check_order(self) -> AssessmentBuilder:
        """Check that it was applied in the order in which it was tested."""


CLAIM_TYPES = frozenset({"BASELINE", "DELETE"})
"""Rows of Flyway that state something about scripts without running any."""


def find_history_changes(before: HistoryRecord, now: HistoryRecord, tool: str) -> Iterator[Finding]:
    """Yield what changed since the snapshot.

    New lines are what a migration is for, unless they only claim that something was done.
    """
    yield from _find_file_changes(before, now)
    old, new = _index_by_key(before), _index_by_key(now)
    for key, line in old.items():
        subject = f"row {key} ({_line_name(line)})"
        if key not in new:
            yield Finding(rules.HISTORY_UNTOUCHED, subject, "as in the snapshot", "gone")
        elif columns := describe_change(tool, line, new[key]):
            changed = f"rewritten: {', '.join(columns)}"
            yield Finding(rules.HISTORY_UNTOUCHED, subject, "as in the snapshot", changed)
    # New rows are what a migration adds; only those that run nothing are suspect.
    for key in sorted(new.keys() - old.keys()):
        if new[key].get("type") in CLAIM_TYPES:
            yield Finding(
                rules.HISTORY_UNTOUCHED,
                f"row {key} ({_line_name(new[key])})",
                "a row that a script made",
                f"a new {new[key]['type']} row, which no script made",
            )


def find_rank_gaps(record: HistoryRecord) -> set[int]:
    """Return the ranks that a Flyway history leaves out between its first and its last row.

    Flyway always takes the next rank.
    """
    ranks = {line["installed_rank"] for line in record.lines if "installed_rank" in line}
    return set(range(min(1, *ranks), max(ranks))) - ranks if ranks else set()


def _find_file_changes(before: HistoryRecord, now: HistoryRecord) -> Iterator[Finding]:
    rule = rules.RECORDED_FILES
    for name, digest in before.files.items():
        if name not in now.files:
            yield Finding(rule, name, "as in the snapshot", "gone")
        elif now.files[name].sha256 != digest.sha256:
            digests = (digest.sha256[:_SHOWN_DIGITS], now.files[name].sha256[:_SHOWN_DIGITS])
            yield Finding(rule, name, f"SHA-256 {digests[0]}…", f"SHA-256 {digests[1]}…")
    for name in sorted(now.files.keys() - before.files.keys()):
        yield Finding(rule, name, "no such file, as in the snapshot", "a file")


def _index_by_key(record: HistoryRecord) -> dict[Any, dict[str, Any]]:
    """Return the lines by their first column, which is the table's key."""
    return {next(iter(line.values())): line for line in record.lines}


def _line_name(line: dict[str, Any]) -> str:
    return str(line.get("script") or line.get("name") or line.get("migration"))
