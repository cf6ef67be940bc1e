"""What was read of a history, whichever tool keeps it: the files on disk, the lines of the table,
and what both come to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from cutover_gates.core.evidence.assessment import Assessment


@dataclass(frozen=True)
class FileDigest:
    """What ties a file to what was applied: SHA-256 of its bytes, and the tool's own checksum where
    it keeps one.
    """

    sha256: str
    checksum: int | None = None


@dataclass(frozen=True)
class HistoryRecord:
    """Files by name and the table's lines, as a snapshot keeps them.

    `lines` hold names, versions and checksums; never a person's name.
    """

    files: dict[str, FileDigest]
    lines: list[dict[str, Any]]

    def as_plain(self) -> dict[str, Any]:
        """JSON-able; `from_plain` reads it again."""
        return {
            "scripts": {
                name: {"sha256": digest.sha256, "checksum": digest.checksum}
                for name, digest in self.files.items()
            },
            "rows": self.lines,
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> HistoryRecord:
        """Raises `KeyError` or `TypeError` for what is none."""
        return cls(
            {name: FileDigest(**digest) for name, digest in plain["scripts"].items()},
            list(plain["rows"]),
        )


class MigrationHistory(Protocol):
    """A tool's way of keeping a history."""

    def capture(self) -> HistoryRecord:
        """What a snapshot keeps."""

    def check_completeness(self) -> Assessment:
        """Everything on disk is applied, and nothing else."""

    def check_file_changes(self) -> Assessment:
        """What was applied is what lies on disk."""

    def check_order(self) -> Assessment:
        """It was applied in the order in which it was tried."""


NO_SNAPSHOT_REASON = (
    "a change that the tool's own checksum does not show cannot be seen without a snapshot of the"
    " history"
)
CLAIM_TYPES = frozenset({"BASELINE", "DELETE"})
"""Rows of Flyway that say something about scripts without running any."""


def find_history_changes(before: HistoryRecord, now: HistoryRecord) -> Iterator[str]:
    """What changed since, a sentence each.

    New lines are what a migration is for, unless they only claim that something was done.
    """
    yield from _find_file_changes(before, now)
    old, new = _index_by_key(before), _index_by_key(now)
    for key, was in old.items():
        if key not in new:
            yield (
                f"the history's row {key} ({_line_name(was)}) is gone since the snapshot: somebody took"
                " it out"
            )
        elif changed := [column for column in was if was[column] != new[key].get(column)]:
            yield (
                f"the history's row {key} ({_line_name(was)}) was rewritten since the snapshot"
                f" ({', '.join(changed)})"
            )
    for key in new.keys() - old.keys():
        if new[key].get("type") in CLAIM_TYPES:
            yield (
                f"the history got a {new[key]['type']} row since the snapshot ({_line_name(new[key])}):"
                " it claims what no script did"
            )


def find_rank_gaps(recorded: HistoryRecord) -> set[int]:
    """Ranks that a Flyway history leaves out between its first and its last row.

    Flyway always takes the next one.
    """
    ranks = {line["installed_rank"] for line in recorded.lines if "installed_rank" in line}
    return set(range(min(1, *ranks), max(ranks))) - ranks if ranks else set()


def _find_file_changes(before: HistoryRecord, now: HistoryRecord) -> Iterator[str]:
    for name, digest in before.files.items():
        if name not in now.files:
            yield f"{name} is gone since the snapshot"
        elif now.files[name].sha256 != digest.sha256:
            yield (
                f"{name} is not the file that the snapshot recorded (SHA-256"
                f" {now.files[name].sha256[:12]}…, then {digest.sha256[:12]}…)"
            )
    for name in sorted(now.files.keys() - before.files.keys()):
        yield (
            f"{name} was not there when the snapshot was taken, so nothing before the cutover was"
            " tried with it"
        )


def _index_by_key(recorded: HistoryRecord) -> dict[Any, dict[str, Any]]:
    """Lines by their first column, which is the table's key."""
    return {next(iter(line.values())): line for line in recorded.lines}


def _line_name(line: dict[str, Any]) -> str:
    return str(line.get("script") or line.get("name"))
