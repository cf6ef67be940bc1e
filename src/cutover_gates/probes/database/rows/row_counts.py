"""How many rows each table may have, and what to say when it has others."""

from __future__ import annotations

from collections.abc import Iterator

from cutover_gates.config.migrations import TableChange
from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.core.tables import suggest_nearest
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.identity import qualified_history_name
from cutover_gates.probes.database.measurement.table_stats import TableStats
from cutover_gates.probes.database.rows.snapshot_scan import DatabaseScan
from cutover_gates.probes.database.snapshot.model import Snapshot

TITLE = "Every table has the rows that it should have"


def compare_counts(context: DatabaseContext, before: Snapshot, now: DatabaseScan) -> Assessment:
    """Each table of the snapshot and of the database, against what is declared of it."""
    examined, findings, unproven, facts = [], [], [], {}
    for name in sorted({*before.figures.tables, *now.columns}):
        then, seen, shown = (
            before.figures.tables.get(name),
            now.figures.tables.get(name),
            context.display_name(name),
        )
        change = context.declared_change(name)
        wrong = _check_existence(context, name, then, seen)
        if wrong is not None:
            findings += [wrong] if wrong else []
            examined.append(shown)
            continue
        if then is None or seen is None:
            continue
        if seen.counted is None or then.counted is None:
            unproven.append(_explain_missing_count(context, before, now, name))
            continue
        if change.rows != "any" and name != qualified_history_name(context):
            findings += [
                f"{shown}: {said}, seen from the snapshot of {before.taken_at_text}."
                for said in _find_count_breaches(change, then, seen)
            ]
        examined.append(shown)
        facts[shown] = {
            "then": then.counted,
            "now": seen.counted,
            "since": seen.newer if seen.above else None,
            "declared": change.rows,
        }
    findings += _find_unknown_declarations(
        context, {*before.figures.tables, *now.columns, *before.left_out, *now.left_out}
    )
    if not any(table.counted for table in before.figures.tables.values()):
        unproven.append(
            "Every table was empty when the snapshot was taken, and that nothing became of nothing"
            " proves nothing."
        )
    return Assessment(
        TITLE,
        tuple(examined),
        tuple(findings),
        tuple(unproven),
        {"tables": facts, "left_out": dict(now.left_out)},
    )


def _find_unknown_declarations(context: DatabaseContext, known: set[str]) -> Iterator[str]:
    """What is declared of a table that never was: a table that the release should have brought, or
    a name that is misspelt.
    """
    names = known | {context.display_name(name) for name in known}
    for name, change in context.migrations.tables.items():
        if name not in names and change.rows == "new":
            yield f"The table {name} is declared as new, and it is not there."
        elif name not in names:
            yield (
                f"migrations.tables.{name} is declared, and neither the snapshot nor the database"
                f" knows such a table, so what it says holds for nothing.{suggest_nearest(name, names)}"
            )


def _check_existence(
    context: DatabaseContext, name: str, then: TableStats | None, seen: TableStats | None
) -> str | None:
    """A sentence, an empty one where a table came or went as declared, None where it stayed."""
    change, shown = context.declared_change(name), context.display_name(name)
    if then is None:
        return (
            ""
            if change.rows in ("new", "any")
            else (
                f"{shown} is a table that the snapshot does not know: where the release brings it,"
                " write "
                f'rows = "new" under migrations.tables.{shown}.'
            )
        )
    if seen is None:
        return (
            ""
            if change.rows == "dropped"
            else (
                f"The table {shown} is gone, and its {then.counted} rows with it: where that is"
                " meant, write "
                f'rows = "dropped" under migrations.tables.{shown}.'
            )
        )
    if change.rows == "dropped":
        return f"The table {shown} is declared as dropped, and it is still there."
    return (
        f"The table {shown} is declared as new, and it was there before."
        if change.rows == "new"
        else None
    )


def _find_count_breaches(change: TableChange, then: TableStats, seen: TableStats) -> Iterator[str]:
    was, now = then.old_row_count or 0, seen.old_row_count or 0
    newer = f", beside {seen.newer} that came since" if seen.above else ""
    least, most = expected_range(change, then)
    if ".." in change.rows:
        now = seen.counted or 0
    if not least <= now <= most:
        wanted = str(least) if least == most else f"{least} to {most}"
        yield (
            f"{now} rows, expected {wanted} ({_describe_declaration(change)}){newer}; it had {was}, so"
            f" {_describe_count_difference(now - was)}"
        )
    if change.grows_above and change.rows.startswith("+") and seen.newer < int(change.rows):
        yield (
            f"{seen.newer} rows came since, expected {int(change.rows)} at least"
            f" ({_describe_declaration(change)})"
        )


def expected_range(change: TableChange, then: TableStats) -> tuple[int, int]:
    """The fewest and the most rows; of those up to the mark where the table grows (what `+5` adds
    stands above it).
    """
    was, rows = then.old_row_count or 0, change.rows
    if then.rows_become is not None:
        return then.rows_become, then.rows_become
    if ".." in rows:
        least, most = rows.split("..")
        return int(least), int(most)
    if rows.startswith("±"):
        return was - int(rows[1:]), was + int(rows[1:])
    if rows.startswith("-") or (rows.startswith("+") and not change.grows_above):
        return was + int(rows), was + int(rows)
    return was, was


def _describe_declaration(change: TableChange) -> str:
    if change.rows_become:
        return "as rows_become gave it on the old database"
    return "nothing else is declared" if change.rows == "unchanged" else f"declared {change.rows}"


def _describe_count_difference(difference: int) -> str:
    if not difference:
        return "none was lost and none came"
    number = "1 row is" if abs(difference) == 1 else f"{abs(difference)} rows are"
    return f"{number} {'missing' if difference < 0 else 'there in addition'}"


def _explain_missing_count(
    context: DatabaseContext, before: Snapshot, now: DatabaseScan, name: str
) -> str:
    shown = context.display_name(name)
    if now.figures.tables[name].counted is None:
        return f"{shown} was not counted: {now.figures.unproven.get(name, 'nobody knows why')}."
    return (
        f"{shown} was not counted when the snapshot was taken:"
        f" {before.figures.unproven.get(name, 'nobody knows why')}."
    )
