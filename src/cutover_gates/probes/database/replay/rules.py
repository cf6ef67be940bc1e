"""Rules for the replay of a migration on the restored backup."""

from __future__ import annotations

from cutover_gates.core.findings import Rule

SCRIPTS_RUN = Rule(
    "REPLAY-001",
    "Every pending script runs to its end on the restored backup",
    "A script that fails on the data of today fails in the night.",
    "Correct the script, and run the gate again.",
)
SAME_RESULT = Rule(
    "REPLAY-002",
    "New tables and columns hold what the scripts make of the backup",
    "A backfill with wrong values, or rows that nobody made, stand in no figure from before.",
    "Find out what wrote the named columns. If the rows came with the work of the day, name the"
    " column that only grows (grows_above) under migrations.tables.NAME.",
)
DETERMINED = Rule(
    "REPLAY-003",
    "The scripts give every new column the same values each time",
    "The present time, a random value or an order that nobody asked for cannot be compared.",
    "Declare the column: becomes or from under migrations.tables.NAME, or migrations.replay"
    ".undetermined with a reason.",
)
WORK_SET_APART = Rule(
    "REPLAY-004",
    "Rows that were written since the backup can be told from what the scripts made",
    "Work of the day and damage by the migration look the same in a column that both changed.",
    "Replay on a backup from right before the migration (migrations.replay.at), or declare becomes"
    " under migrations.tables.NAME.",
)
RECORD_INTACT = Rule(
    "REPLAY-005",
    "The record of the replay is as it was written, and of these scripts",
    "The result of other scripts says nothing about this migration.",
    "Run the gate that replays the scripts again, on a backup from before the migration.",
)
RESULT_READABLE = Rule(
    "REPLAY-006",
    "Every new table and column can be read within the time of the gate",
    "What was not read to its end is not proven.",
    "Raise migrations.budget_seconds, or name a standby.",
)
REPLAY_POSSIBLE = Rule(
    "REPLAY-007",
    "The scripts can be replayed on a backup",
    "Without a replay new tables and columns are proven by declarations only.",
    "Name a backup ([targets.NAME.migrations.backup]) and the folder of the scripts.",
)
