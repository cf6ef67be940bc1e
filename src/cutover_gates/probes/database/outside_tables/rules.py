"""Rules for the data that stands outside of tables."""

from __future__ import annotations

from cutover_gates.core.findings import Rule

LARGE_OBJECTS_KEPT = Rule(
    "OBJECT-001",
    "Every large object from before the migration is still there",
    "A picture or a letter that is stored as a large object is lost, and its row looks whole.",
    "Bring the named objects back from the backup (a dump without --no-large-objects). If they are"
    ' removed in ordinary work, write objects = "any" under migrations.large_objects.',
)
LARGE_OBJECT_CONTENT = Rule(
    "OBJECT-002",
    "The content of every large object is what it was",
    "Another content of a picture or a letter shows in no table.",
    "Bring the named objects back from the backup. If they are changed in ordinary work, write"
    ' content = "any" under migrations.large_objects.',
)
REFERENCES = Rule(
    "OBJECT-003",
    "Every column that refers to large objects finds them",
    "The row names a picture or a letter that no longer exists.",
    "Bring the objects back from the backup, or correct the column.",
)
SEQUENCE_KEPT = Rule(
    "OBJECT-004",
    "No sequence without a column has gone back",
    "A number that was given out already, on a wristband or a letter, is given to somebody else.",
    "SELECT setval('sequence', …) with the number that it had before.",
)
MATERIALIZED_VIEW = Rule(
    "OBJECT-005",
    "Every materialised view holds what its query gives",
    "Its readers see other figures than the tables hold.",
    'REFRESH MATERIALIZED VIEW. If it is refreshed later on purpose, write content = "any" with a'
    " reason under migrations.tables.NAME.",
)
RECORDED = Rule(
    "OBJECT-006",
    "The snapshot holds what stands outside of tables",
    "What was not recorded before cannot be compared.",
    "Give the role of database_dsn the right to read what is named (pg_read_all_data), and take"
    " another snapshot before the migration.",
)
