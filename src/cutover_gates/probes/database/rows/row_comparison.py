"""Holds the content of a database against a snapshot, and says where they part."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

import psycopg

from cutover_gates.core.evidence.assessment import Assessment, NotProven
from cutover_gates.core.findings import gap_error
from cutover_gates.probes.database.context import (
    DatabaseContext,
    DatabaseUnreachable,
    first_error_line,
)
from cutover_gates.probes.database.measurement.consistent_session import open_consistent_session
from cutover_gates.probes.database.measurement.segment_comparison import locate_differences
from cutover_gates.probes.database.measurement.table_measurement import measure_in_session
from cutover_gates.probes.database.measurement.table_specs import read_tables
from cutover_gates.probes.database.measurement.table_stats import RowSums, Segments, TableStats
from cutover_gates.probes.database.rows.snapshot_scan import (
    MIGRATED,
    RESTORED,
    DatabaseScan,
    build_comparison_spec,
    compared_columns,
    is_content_compared,
)
from cutover_gates.probes.database.snapshot import rules as snapshot_rules
from cutover_gates.probes.database.snapshot.model import Snapshot, declarations_digest

MAX_LOCATED_TABLES = 5
"""Tables of which it is looked up where they differ: who finds more has another problem."""


@dataclass
class _ComparisonResult:
    checked: list[str] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    not_proven: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    columns: dict[str, list[str]] = field(default_factory=dict)
    differing: list[str] = field(default_factory=list)


def require_comparable_hashes(before: Snapshot, server: Mapping[str, object]) -> None:
    """Raise `NotProven` where hashes of the snapshot and of `server` cannot be compared.

    `server` holds the facts of the server that is read (`identity.read_server_facts`).
    """
    for fact, name in (("major", "PostgreSQL"), ("encoding", "encoding")):
        if before.server[fact] != server[fact]:
            reason = f"it was taken on {name} {before.server[fact]}, and this is {server[fact]}"
            raise gap_error(snapshot_rules.COMPARABLE_HASHES, before.label, reason)


def require_same_declarations(context: DatabaseContext, before: Snapshot) -> None:
    """Raise `NotProven` where the snapshot was made with other declarations than those in force."""
    if before.declarations != declarations_digest(context):
        reason = "migrations.tables was changed after it was taken"
        raise gap_error(snapshot_rules.SAME_DECLARATIONS, before.label, reason)


def compare_contents(
    context: DatabaseContext,
    before: Snapshot,
    now: DatabaseScan,
    dsn: str,
    expected: str = MIGRATED,
) -> Assessment:
    """The content of every table of the snapshot against the database at `dsn`, of which `now` was
    seen.
    """
    verdict = _ComparisonResult()
    for name, then in sorted(before.figures.tables.items()):
        _compare_table(context, before, now, name, then, expected, verdict)
    exact, why = _find_exact_keys(
        context, before, dsn, verdict.differing[:MAX_LOCATED_TABLES], expected
    )
    verdict.findings += (
        f"{context.display_name(name)}, against the restored backup: {keys}."
        for name, keys in exact.items()
        if keys
    )
    verdict.findings += _locate_in_segments(
        context, before, dsn, [name for name in verdict.differing if not exact.get(name)], expected
    )
    if not any(then.sums and then.sums.rows for then in before.figures.tables.values()):
        verdict.not_proven.append(
            "No row's content stands in the snapshot, and that nothing became of nothing proves"
            " nothing."
        )
    facts = {
        "left_out": {**now.left_out, **verdict.left_out},
        "columns that came and were not compared": verdict.columns,
        **({"no keys from the backup": why} if why else {}),
    }
    title = "The database holds what it held when the snapshot was taken" + (
        ", as the migration should leave it" if expected == MIGRATED else ""
    )
    return Assessment(
        title, tuple(verdict.checked), tuple(verdict.findings), tuple(verdict.not_proven), facts
    )


def _compare_table(
    context: DatabaseContext,
    before: Snapshot,
    now: DatabaseScan,
    name: str,
    then: TableStats,
    expected: str,
    verdict: _ComparisonResult,
) -> None:
    change, shown, seen = (
        context.declared_change(name),
        context.display_name(name),
        now.figures.tables.get(name),
    )
    if expected == MIGRATED and (
        change.rows == "dropped" or not is_content_compared(context, name, expected)
    ):
        verdict.left_out[shown] = change.reason or (
            "dropped" if change.rows == "dropped" else "the migrations' own history"
        )
        return
    if seen is None:
        verdict.findings.append(f"The table {shown} is gone, and with it what stood in it.")
        return
    verdict.columns.update(
        {shown: came}
        if (came := sorted(now.columns[name].keys() - compared_columns(then, expected)))
        else {}
    )
    if gone := sorted(compared_columns(then, expected).keys() - now.columns[name].keys()):
        verdict.findings.append(_describe_lost_columns(shown, gone, change.becomes.keys()))
    elif then.sums is None:
        verdict.not_proven.append(
            f"{shown} cannot be compared: the snapshot has no fingerprint of it"
            f" ({before.figures.unproven.get(name, 'lost')})."
        )
    elif then.above and then.above not in now.columns[name]:
        verdict.findings.append(
            f"{shown} has no column {then.above} any more, which tells old rows from new ones"
            " (grows_above)."
        )
    elif seen.sums is None:
        verdict.not_proven.append(
            f"{shown} was not compared: {now.figures.unproven.get(name, 'nobody knows why')}."
        )
    elif _is_equal(then.sums, seen.sums, expected):
        verdict.checked.append(shown)
    elif (
        expected == MIGRATED
        and not then.above
        and (change.rows != "unchanged" or change.rows_become)
    ):
        verdict.not_proven.append(
            f"{shown} is declared to get or lose rows, so its old content cannot be told from what"
            " came: name a column that only "
            f'grows (grows_above), or declare content = "any" with a reason.'
        )
    else:
        verdict.findings.append(f"{shown}: {_describe_difference(before, then, seen, expected)}.")
        verdict.differing.append(name)


def _is_equal(then: RowSums, now: RowSums, expected: str) -> bool:
    return (then.rows, then.expected if expected == MIGRATED else then.content) == (
        now.rows,
        now.content,
    )


def _describe_lost_columns(shown: str, gone: list[str], declared: Collection[str]) -> str:
    if announced := [name for name in gone if name in declared]:
        return (
            f"{shown} has no column {announced[0]}, which the migration is declared to fill"
            " (becomes)."
        )
    return (
        f"{shown} lost {', '.join(gone)}, and what stood there: where that is meant, write drops ="
        f" {json.dumps(gone)} under migrations.tables.{shown}."
    )


def _describe_difference(
    before: Snapshot, then: TableStats, seen: TableStats, expected: str
) -> str:
    """What the sums tell of a difference."""
    assert then.sums is not None  # else nothing was compared
    assert seen.sums is not None
    which = "old rows" if then.above else "rows"
    if seen.sums.rows != then.sums.rows:
        what = f"{seen.sums.rows} {which}, and {then.sums.rows} in the snapshot of {before.taken_at_text}"
    elif then.key and then.key == seen.key and seen.sums.keys != then.sums.keys:
        what = (
            f"as many {which} as in the snapshot of {before.taken_at_text}, but under other keys: some were"
            " lost, and others took their place"
        )
    else:
        what = (
            f"the same {seen.sums.rows} {which} as in the snapshot of {before.taken_at_text}, but not the"
            " same content"
        )
    retyped = [
        f"{name} was {was} and is {seen.columns[name]}"
        for name, was in compared_columns(then, expected).items()
        if _is_different_type(was, seen.columns[name])
    ]
    hint = (
        f" (of another type now: {'; '.join(retyped)}. Where that is meant, declare becomes with a"
        " cast)"
        if retyped
        else ""
    )
    return what + hint


def _is_different_type(was: str, now: str) -> bool:
    """Whether two types are another thing; lengths aside, which a cast does not change."""
    return was.partition("(")[0] != now.partition("(")[0] and {
        was.partition("(")[0],
        now.partition("(")[0],
    } not in (
        {"integer", "bigint"},
        {"smallint", "integer"},
        {"smallint", "bigint"},
        {"text", "character varying"},
    )


def _locate_in_segments(
    context: DatabaseContext, before: Snapshot, dsn: str, names: list[str], expected: str
) -> Iterator[str]:
    """Where the snapshot keeps segments: those that differ, with keys.

    A second look, so what is written meanwhile may show, too.
    """
    if not names or context.budget.remaining_seconds <= 0:
        return
    try:
        with open_consistent_session(
            dsn, time.time() + context.budget.remaining_seconds, context.migrations.schemas
        ) as session:
            tables, _ = read_tables(session.first, context.migrations.schemas)
            for name in names[:MAX_LOCATED_TABLES]:
                then = before.figures.tables[name]
                if then.segments is None or name not in tables:
                    continue
                spec = build_comparison_spec(
                    session.first,
                    context,
                    tables[name],
                    then,
                    expected,
                    division=then.segments.division,
                )
                if (
                    not set(then.key) <= set(spec.content)
                    or set(then.key) & context.declared_change(name).becomes.keys()
                ):
                    continue
                found: Segments | None = (
                    measure_in_session(session, [spec], connections=context.migrations.connections)
                    .tables[name]
                    .segments
                )
                if found is not None:
                    where = locate_differences(
                        session.first, spec, then.segments, found, migrated=expected == MIGRATED
                    )
                    yield from (
                        f"{context.display_name(name)}: it differs at {place}." for place in where
                    )
    except (DatabaseUnreachable, psycopg.Error) as error:
        yield (
            "Where they differ could not be looked up:"
            f" {error if isinstance(error, DatabaseUnreachable) else first_error_line(error)}."
        )


def _find_exact_keys(
    context: DatabaseContext, before: Snapshot, dsn: str, names: list[str], expected: str
) -> tuple[dict[str, str], str]:
    """Key by key, where a backup can be restored to look it up in, and the settings let this gate
    restore one; else why not.
    """
    if (
        not names
        or not context.migrations.backup.restore
        or not (context.backup or context.migrations.backup.path)
    ):
        return {}, ""
    from cutover_gates.probes.database.rows.difference_location import (
        find_keys_against_backup,  # a backup is compared by means of rows, so it knows this module
    )

    try:
        return find_keys_against_backup(context, before, dsn, names, expected), ""
    except NotProven as hole:
        return {}, str(hole)


def compare_restored_contents(
    context: DatabaseContext, before: Snapshot, now: DatabaseScan, dsn: str
) -> Assessment:
    """A restored database against the snapshot as it was: the same tables, the same rows.

    What came above a mark is counted.
    """
    found = compare_contents(context, before, now, dsn, RESTORED)
    new = [
        f"The table {context.display_name(name)} is not in the snapshot of {before.taken_at_text}."
        for name in now.columns
        if name not in before.figures.tables
    ]
    newer = {
        context.display_name(name): table.newer
        for name, table in now.figures.tables.items()
        if table.newer
    }
    return replace(
        found,
        findings=(*found.findings, *new),
        figures={**found.figures, "rows that came after the snapshot": newer},
    )
