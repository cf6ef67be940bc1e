"""Rules for the rows of a database that is compared with its snapshot."""

from __future__ import annotations

from cutover_gates.core.findings import Rule

ROW_COUNT = Rule(
    "ROWS-001",
    "Every table has the expected number of rows",
    "A row too few is lost data; a row too many is doubled or invented data.",
    "Find the script that added or removed the rows. If the change is intended, declare it as rows"
    " or rows_become under migrations.tables.NAME.",
)
TABLE_KEPT = Rule(
    "ROWS-002",
    "Every table of the snapshot still exists",
    "A table that is gone has taken all its rows with it.",
    "Restore the table. If it was renamed, write was under the new name in migrations.tables. If it"
    ' is meant to go, write rows = "dropped" with kept_as, or with a reason.',
)
TABLE_DECLARED = Rule(
    "ROWS-003",
    "Every new table is declared",
    "A table that nobody declared may be left over from a failed script.",
    "If the release brings the table, write from (the query that fills it), was (the name that it"
    ' had) or rows = "new" under migrations.tables.NAME.',
)
DROPPED_TABLE_GONE = Rule(
    "ROWS-004",
    "Every table that is declared as dropped is gone",
    "A table that stayed shows that the script which drops it did not run.",
    'Run the script, or remove rows = "dropped" under migrations.tables.NAME.',
)
NEW_TABLE_PRESENT = Rule(
    "ROWS-005",
    "Every table that is declared as new exists",
    "A table that is missing shows that the script which creates it did not run.",
    'Run the script, or remove rows = "new" under migrations.tables.NAME.',
)
NEW_TABLE_IS_NEW = Rule(
    "ROWS-006",
    "No table that is declared as new existed before",
    "The rows of a table that is taken for new are not compared with those from before.",
    'Remove rows = "new" under migrations.tables.NAME.',
)
DECLARED_TABLE_KNOWN = Rule(
    "ROWS-007",
    "Every table under migrations.tables exists in the snapshot or in the database",
    "A misspelt name leaves the real table undeclared.",
    "Correct the name under migrations.tables, or remove the declaration.",
)
CONTENT = Rule(
    "ROWS-008",
    "The content of every row is what it was, or what it is declared to become",
    "Equal counts hide exchanged names, cut texts and moved times.",
    "Find the script that changed the named columns. If the change is intended, declare becomes"
    " (with a cast where the type changes) under migrations.tables.NAME.",
)
KEYS = Rule(
    "ROWS-009",
    "Every row keeps its key",
    "Rows under other keys show that some were lost and others took their place.",
    "Find the script that changed the keys. If the change is intended, declare becomes for the key"
    " under migrations.tables.NAME.",
)
COLUMN_KEPT = Rule(
    "ROWS-010",
    "Every column of the snapshot still exists",
    "A column that is gone has taken its content with it.",
    "Restore the column. If it is meant to go, name it in drops under migrations.tables.NAME, and"
    " say where its values went (becomes, or from of another table) or give a reason.",
)
DECLARED_COLUMN_PRESENT = Rule(
    "ROWS-011",
    "Every column that is declared in becomes exists",
    "A column that is missing shows that the script which fills it did not run.",
    "Run the script, or correct becomes under migrations.tables.NAME.",
)
GROWING_COLUMN_PRESENT = Rule(
    "ROWS-012",
    "The column in grows_above still exists",
    "Without it old rows cannot be told from new ones.",
    "Restore the column, or correct grows_above under migrations.tables.NAME and take another"
    " snapshot before the migration.",
)
ROWS_RETAINED = Rule(
    "ROWS-013",
    "Every row of the snapshot is still there",
    "A row that is gone is lost data, whatever came in its place.",
    "Find out what removed the rows, and bring them back from the backup.",
)
OLD_ROWS_DISTINCT = Rule(
    "ROWS-014",
    "Old rows can be told from rows that came after the snapshot",
    "Rows that came may hide rows that were lost.",
    "Name a column that only grows (grows_above) under migrations.tables.NAME, or declare content ="
    ' "any" with a reason.',
)
NO_TABLE_LEFT_BEHIND = Rule(
    "ROWS-015",
    "A database that was rolled back has only the tables of the snapshot",
    "A table that stayed shows that the migration was not undone in full.",
    "Restore into an empty database, or drop the table.",
)
ROWS_READABLE = Rule(
    "ROWS-016",
    "The rows of every table can be read within the time of the gate",
    "A table that was not read to its end is not proven.",
    "Remove the cause, such as a lock or a policy that hides rows. If time ran out, raise"
    " migrations.budget_seconds or name a standby.",
)
WRITES_LISTED = Rule(
    "ROWS-017",
    "The rows that came after the snapshot can be listed",
    "A restore loses them, and whoever entered them was told that they are stored.",
    "Name the columns that only grow (grows_above) under migrations.tables before the snapshot is"
    " taken. Where nobody wrote since, declare migrations.standstill, also afterwards.",
)
STANDSTILL = Rule(
    "ROWS-018",
    "Nobody wrote since the snapshot, where that is declared",
    "A restore loses what was written, and nobody lists it any more.",
    "Look at the rows. Remove migrations.standstill and list what was written, or say there why"
    " they are no work of people (although).",
)
