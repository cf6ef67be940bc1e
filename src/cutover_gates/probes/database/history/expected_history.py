"""The lines that a history should have: by another database that has the release in place.

Programs (Hibernate, Liquibase, a framework's own migrations) may have no files that could be
compared. Then staging's history, a recorded snapshot, or the snapshot of a release without
migrations says what the database should have had.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cutover_gates.core.findings import NotProven, gap_error
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.history import rules
from cutover_gates.probes.database.history.history_record import HistoryRecord
from cutover_gates.probes.database.history.staging_reports import (
    ACCEPTED_VERDICTS,
    load_newest_verdict,
)
from cutover_gates.probes.database.snapshot.selection import find_newest_snapshot
from cutover_gates.probes.database.snapshot.store import load_snapshot

Lines = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class ExpectedHistory:
    """The lines by migration, and where they come from.

    `is_ordered`: they stand in the order of their execution.
    """

    source: str
    lines: Lines
    is_ordered: bool = True


def index_lines(lines: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Return the lines by their first column, which names the migration."""
    return {str(next(iter(line.values()))): line for line in lines}


def load_expected_history(context: DatabaseContext) -> ExpectedHistory:
    """Return what the history should hold. Raises `NotProven` where nothing says so."""
    if context.migrations.expected_catalog is not None:
        return _load_recorded(context)
    if not context.migrations.brings_scripts:
        snapshot = find_newest_snapshot(context)
        return ExpectedHistory(snapshot.label, _index_record(snapshot.history))
    return _load_of_staging(context)


def _load_recorded(context: DatabaseContext) -> ExpectedHistory:
    assert context.migrations.expected_catalog is not None  # the caller has looked
    path = context.resolve_path(context.migrations.expected_catalog)
    if not path.exists():
        raise gap_error(
            rules.SCRIPTS_FOUND, "migrations.expected_catalog", f"{path} does not exist"
        )
    snapshot = load_snapshot(path)
    return ExpectedHistory(f"the history recorded in {path.name}", _index_record(snapshot.history))


def _index_record(record: HistoryRecord | None) -> Lines:
    return index_lines(record.lines) if record else {}


def _load_of_staging(context: DatabaseContext) -> ExpectedHistory:
    """Return the history that staging's newest Phase 1 saw, when that judged this release GO."""
    staging = context.migrations.staging or "staging"
    subject, without = "the history of the release", "and no folder of scripts is named"
    # A target that is its own staging would be compared with itself.
    if staging == context.target:
        raise gap_error(rules.SCRIPTS_FOUND, subject, f"{staging} is the target itself, {without}")
    try:
        verdict = load_newest_verdict(context, staging, rules.SCRIPTS_FOUND)
    except NotProven as error:
        raise gap_error(rules.SCRIPTS_FOUND, subject, f"{error.reason}, {without}") from None
    if verdict.verdict not in ACCEPTED_VERDICTS or verdict.release != context.release:
        reason = f"{staging}'s newest Phase 1 was {verdict.verdict} for release {verdict.release}"
        raise gap_error(rules.SCRIPTS_FOUND, subject, f"{reason}, {without}")
    if not verdict.history:
        reason = f"{staging}'s newest Phase 1 recorded no history"
        raise gap_error(rules.SCRIPTS_FOUND, subject, f"{reason}, {without}")
    return _order_lines(f"the history of {staging} in {verdict.run}", verdict.history)


def _order_lines(source: str, lines: Lines) -> ExpectedHistory:
    """Return the lines in the order that they tell themselves: a verdict keeps none."""
    for column in ("installed_rank", "orderexecuted"):
        if all(isinstance(line.get(column), int) for line in lines.values()):
            ordered = sorted(lines.items(), key=lambda item: int(item[1][column]))
            return ExpectedHistory(source, dict(ordered))
    return ExpectedHistory(source, lines, is_ordered=False)
