"""Rules for rows that a migration moves between tables."""

from __future__ import annotations

from cutover_gates.core.findings import Rule

GONE_ACCOUNTED = Rule(
    "MOVES-001",
    "What a dropped table or column held is kept elsewhere, or deleted on purpose",
    "Rows that move into another table can be lost on the way, and no count shows it.",
    "Declare where it went under migrations.tables: was (a renamed table), from (the table that"
    " holds it now), kept_as (a query that gives a dropped table back), or becomes. If it is"
    " deleted on purpose, give the dropped table a reason.",
)
QUERIES_TAKE_ALL = Rule(
    "MOVES-002",
    "The declared queries take every row of a dropped table once",
    "A row that no condition of a split matches is in none of the new tables.",
    "Correct the script and the queries (from) under migrations.tables. If the rows are deleted on"
    " purpose, give the dropped table a reason.",
)
