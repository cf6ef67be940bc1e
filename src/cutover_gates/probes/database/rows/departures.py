"""What a migration takes away: dropped tables and columns, and where their content went.

Rows that move into another table can be lost on the way, and no count of the tables that stay shows
it. So each dropped table and column is named by a declaration that is compared (`becomes`, `from`,
`kept_as`), or is deleted on purpose, with a reason.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from cutover_gates.config.table_changes import TableChange
from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.measurement.table_stats import RowSums, TableStats
from cutover_gates.probes.database.moves import rules
from cutover_gates.probes.database.moves.moved_rows import list_queries
from cutover_gates.probes.database.rows.expected_tables import find_whole_moves
from cutover_gates.probes.database.snapshot.model import Snapshot

TITLE = "Everything that is gone says where it went"


def account_for_departures(context: DatabaseContext, before: Snapshot) -> Assessment:
    """Check that each declared loss of a table or column says where the content is now.

    `before` has the figures of the declared queries, too (`add_moved_rows`). What the replay of the
    scripts found whole under another name needs no declaration.
    """
    accounts = _Departures(context, before, find_whole_moves(context))
    for name, then in sorted(before.figures.tables.items()):
        if name in accounts.moved:
            continue
        accounts.check_table(name, then)
    return accounts.builder.build(TITLE)


class _Departures:
    """One look at all tables; `builder` collects what it finds."""

    def __init__(
        self, context: DatabaseContext, before: Snapshot, found: Mapping[str, str]
    ) -> None:
        self.context, self.before, self.found = context, before, found
        self.moved = list_queries(context)
        self.deleted: dict[str, str] = {}
        self.builder = AssessmentBuilder(figures={"deleted on purpose": self.deleted})

    def check_table(self, name: str, then: TableStats) -> None:
        """Check one table of the snapshot, given as `schema.name`."""
        shown, change = self.context.display_name(name), self.context.declared_change(name)
        if then.counted == 0 or name in self.found:
            self.builder.checked.append(shown)
        elif change.is_given_up and not change.reason:
            self._check_given_up(name, then)
        else:
            self._check_columns(name, then, change.drops)

    def _check_given_up(self, name: str, then: TableStats) -> None:
        """Check that the declared queries take all rows of a dropped table, and all columns."""
        arriving = self._find_arrivals(name)
        if not arriving:
            reason = f"it held {then.counted} rows, and nothing says where they went"
            self.builder.add_gap(rules.GONE_ACCOUNTED, self.context.display_name(name), reason)
            return
        self._compare_totals(name, then, arriving)
        self._check_columns(name, then, tuple(then.columns))

    def _find_arrivals(self, name: str) -> dict[str, TableStats]:
        """Return the tables whose declared queries read a table, with what these gave."""
        return {
            arrival: self.before.figures.tables[arrival]
            for arrival, change in self.moved.items()
            if _names(change.from_query or "", name.split(".", 1)[1])
        }

    def _compare_totals(
        self, name: str, then: TableStats, arriving: Mapping[str, TableStats]
    ) -> None:
        """Compare the rows and keys that arrive with those of all dropped tables they come from."""
        shown = self.context.display_name(name)
        leaving = self._find_sources(arriving) | {name: then}
        given, taken = _add_up(leaving), _add_up(arriving)
        names = ", ".join(self.context.display_name(arrival) for arrival in sorted(arriving))
        if given is None or taken is None or not all(table.key for table in arriving.values()):
            reason = f"the queries of {names} need a key, to tell that each row arrives once"
            self.builder.add_gap(rules.GONE_ACCOUNTED, shown, reason)
        elif (given.rows, given.keys) != (taken.rows, taken.keys):
            self.builder.add_finding(
                rules.QUERIES_TAKE_ALL,
                shown,
                expected=f"{given.rows} rows, each in one of {names}",
                actual=f"{taken.rows} rows in what their queries (from) give, under other keys",
            )

    def _find_sources(self, arriving: Mapping[str, TableStats]) -> dict[str, TableStats]:
        queries = [self.moved[name].from_query or "" for name in arriving]
        return {
            name: table
            for name, table in self.before.figures.tables.items()
            if self.context.declared_change(name).is_given_up
            and _names("\n".join(queries), name.split(".", 1)[1])
        }

    def _check_columns(self, name: str, then: TableStats, gone: tuple[str, ...]) -> None:
        shown, change = self.context.display_name(name), self.context.declared_change(name)
        lost = [column for column in gone if not self._is_carried(name, column, change)]
        if lost and change.reason:
            self.deleted[shown] = f"{', '.join(lost)} of {then.counted} rows: {change.reason}"
        elif change.is_given_up and change.reason:
            self.deleted[shown] = f"{then.counted} rows: {change.reason}"
        for column in () if change.reason else lost:
            reason = f"it stood in {then.counted} rows, and nothing says where it went"
            self.builder.add_gap(rules.GONE_ACCOUNTED, f"{shown}.{column}", reason)
        if change.reason or not lost:
            self.builder.checked.append(shown)

    def _is_carried(self, name: str, column: str, change: TableChange) -> bool:
        """Return whether a declaration that is compared names a column, or the replay found it."""
        if f"{name}.{column}" in self.found:
            return True
        arriving = self._find_arrivals(name)
        expressions = [*change.becomes.values()]
        expressions += [self.moved[arrival].from_query or "" for arrival in arriving]
        is_named = any(_names(expression, column) for expression in expressions)
        # `SELECT *` names no column, and gives all.
        return is_named or any(column in table.columns for table in arriving.values())


def _add_up(tables: Mapping[str, TableStats]) -> RowSums | None:
    """Return the sums of all tables together; None where one was not measured."""
    sums = [table.sums for table in tables.values()]
    return None if None in sums else sum(filter(None, sums), RowSums())


def _names(query: str, word: str) -> bool:
    """Return whether a query names a table or column."""
    return bool(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", query, re.IGNORECASE))
