"""The history now held against the history that the last snapshot recorded: what a checksum of 32
bits, or a tool without one, cannot tell.

A row that Flyway or a person rewrote, and a script that was changed together with its row, look
right in the database alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cutover.database.history.seen import Recorded

BLIND = (
    "a change that the tool's own checksum does not show cannot be seen without a snapshot of the"
    " history"
)
CLAIMS = frozenset({"BASELINE", "DELETE"})
"""Rows of Flyway that say something about scripts without running any."""


def changes(before: Recorded, now: Recorded) -> Iterator[str]:
    """What changed since, a sentence each.

    New lines are what a migration is for, unless they only claim that something was done.
    """
    yield from _files(before, now)
    old, new = _by_key(before), _by_key(now)
    for key, was in old.items():
        if key not in new:
            yield (
                f"the history's row {key} ({_name(was)}) is gone since the snapshot: somebody took"
                " it out"
            )
        elif changed := [column for column in was if was[column] != new[key].get(column)]:
            yield (
                f"the history's row {key} ({_name(was)}) was rewritten since the snapshot"
                f" ({', '.join(changed)})"
            )
    for key in new.keys() - old.keys():
        if new[key].get("type") in CLAIMS:
            yield (
                f"the history got a {new[key]['type']} row since the snapshot ({_name(new[key])}):"
                " it claims what no script did"
            )


def holes(recorded: Recorded) -> set[int]:
    """Ranks that a Flyway history leaves out between its first and its last row.

    Flyway always takes the next one.
    """
    ranks = {line["installed_rank"] for line in recorded.lines if "installed_rank" in line}
    return set(range(min(1, *ranks), max(ranks))) - ranks if ranks else set()


def _files(before: Recorded, now: Recorded) -> Iterator[str]:
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


def _by_key(recorded: Recorded) -> dict[Any, dict[str, Any]]:
    """Lines by their first column, which is the table's key."""
    return {next(iter(line.values())): line for line in recorded.lines}


def _name(line: dict[str, Any]) -> str:
    return str(line.get("script") or line.get("name"))
