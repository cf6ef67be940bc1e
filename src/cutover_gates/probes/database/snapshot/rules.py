"""Rules for snapshots and for the declarations that a snapshot depends on."""

from __future__ import annotations

from cutover_gates.core.findings import Rule

SNAPSHOT_EXISTS = Rule(
    "SNAP-001",
    "A recent snapshot of the target exists",
    "Without a snapshot from before the migration nothing can be compared after it.",
    "Take one before the migration: pytest -m t12 --target NAME. The age that is allowed is"
    " migrations.snapshot_max_age_hours.",
)
SNAPSHOT_INTACT = Rule(
    "SNAP-002",
    "The snapshot's file is as it was written",
    "A snapshot that was cut short or edited proves nothing about the data.",
    "Bring back the file as it was written, or take another snapshot before the migration.",
)
SAME_DATABASE = Rule(
    "SNAP-003",
    "The snapshot is of the database that is judged",
    "Differences from the snapshot of another database say nothing about this one.",
    "Point the target at the database of the snapshot, or take a snapshot of this one before the"
    " migration. Where the cutover moves the database, declare migrations.other_server.",
)
TAKEN_BEFORE_MIGRATION = Rule(
    "SNAP-004",
    "The snapshot was taken before the migration",
    "A snapshot from after the migration equals the database, whatever the migration destroyed.",
    "Take a snapshot before the migration. For a release without a migration set"
    " migrations.brings_scripts = false.",
)
SAME_DECLARATIONS = Rule(
    "SNAP-005",
    "The declarations under migrations.tables are those of the snapshot, or shown without it",
    "The snapshot holds figures that were computed by the declarations of its time.",
    "Write by and at beside what was declared later, and name a backup that may be restored"
    " (migrations.backup), or restore the declarations.",
)
COMPARABLE_HASHES = Rule(
    "SNAP-006",
    "The snapshot was taken in the same encoding, on a server that hashes alike",
    "Another major version or encoding may hash the same row to another number.",
    "Compare on a restored copy of the version and encoding of the snapshot.",
)
TABLES_MEASURED = Rule(
    "SNAP-007",
    "The snapshot holds every table in full",
    "A table that is not in the snapshot cannot be compared after the migration.",
    "Remove the cause and take the snapshot again; if time ran out, raise"
    " migrations.budget_seconds.",
)
ROWS_EXIST = Rule(
    "SNAP-008",
    "The snapshot holds rows",
    "Empty tables equal empty tables, so a snapshot without rows proves nothing.",
    "Take the snapshot from a populated database.",
)
CATALOG_READABLE = Rule(
    "SNAP-009",
    "The catalog can be read for the snapshot",
    "Without the catalog the schema cannot be compared after the migration.",
    "Give the account of the target's DSN the right to read the catalog, and take the snapshot"
    " again.",
)
