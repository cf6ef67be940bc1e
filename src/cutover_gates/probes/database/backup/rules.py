"""Rules for backups of a target's database."""

from __future__ import annotations

from cutover_gates.core.findings import Rule

BACKUP_EXISTS = Rule(
    "BACKUP-001",
    "A backup of the database exists",
    "Without a backup there is no way back from a failed migration.",
    "Take a backup, or correct [targets.NAME.migrations.backup] path.",
)
BACKUP_FORMAT = Rule(
    "BACKUP-002",
    "The backup is one that PostgreSQL's programs make",
    "Another file in the place of the backup cannot be restored.",
    "Take the backup with pg_dump or pg_basebackup, or correct [targets.NAME.migrations.backup]"
    " path.",
)
BACKUP_READABLE = Rule(
    "BACKUP-003",
    "The backup can be read to its end",
    "A damaged backup does not give all data back.",
    "Take another backup and check the disk and the job that wrote this one.",
)
RECENT = Rule(
    "BACKUP-004",
    "The backup is recent",
    "Everything that was entered after an old backup is lost when it is restored.",
    "Take a backup now. The age that is allowed is migrations.backup.max_age_hours.",
)
PLAUSIBLE_DATE = Rule(
    "BACKUP-005",
    "The date of the backup is not later than its file's",
    "A wrong clock or time zone hides how old the backup is.",
    "Correct the clock or the time zone of the machine that takes the backup, and take another.",
)
BEFORE_MIGRATION = Rule(
    "BACKUP-006",
    "The backup was made before the migration began",
    "A backup from after the first script no longer holds the old data.",
    "Use the backup from before the migration. If it is this one, restore it in this gate"
    " (backup.restore) so that its content is compared.",
)
AFTER_SNAPSHOT = Rule(
    "BACKUP-007",
    "The backup was made after the snapshot",
    "What was entered between the backup and the snapshot is not in the backup.",
    "Take the backup after the snapshot and before the migration.",
)
SAME_DATABASE = Rule(
    "BACKUP-008",
    "The backup is of the target's database",
    "The backup of another database gives back other data.",
    "Correct [targets.NAME.migrations.backup] path, or the job that takes the backup.",
)
TABLES_INCLUDED = Rule(
    "BACKUP-009",
    "The backup holds every table",
    "A table that is left out cannot be restored.",
    "Take the backup without --table, --exclude-table and --schema.",
)
TABLE_ROWS_INCLUDED = Rule(
    "BACKUP-010",
    "The backup holds the rows of every table",
    "A table without its rows is empty after a restore.",
    "Take the backup without --schema-only and --exclude-table-data.",
)
RESTORES = Rule(
    "BACKUP-011",
    "The backup restores without an error",
    "A restore that ends with an error gives half of the data back.",
    "Remove the cause of the error in the database, and take another backup.",
)
RESTORED_READABLE = Rule(
    "BACKUP-012",
    "Every table of the restored backup can be read",
    "A damaged page of the backup is lost data.",
    "Take another backup; check the target's disk for the same damage.",
)
SAME_ROW_COUNT = Rule(
    "BACKUP-013",
    "The restored backup has as many rows as the original",
    "Rows that are missing in the backup are lost when it is restored.",
    "Take another backup. If the table grows meanwhile, name its growing column (grows_above) under"
    " migrations.tables.NAME.",
)
SAME_KEYS = Rule(
    "BACKUP-014",
    "The rows of the restored backup have the keys of the original",
    "Other keys show that rows were lost and others took their place.",
    "Take another backup, and find out what wrote to the table meanwhile.",
)
SAME_CONTENT = Rule(
    "BACKUP-015",
    "The rows of the restored backup have the content of the original",
    "A flipped bit in an uncompressed archive restores without an error.",
    "Take another backup. If the table changes meanwhile, declare it under migrations.tables.NAME.",
)
SAME_SCHEMA = Rule(
    "BACKUP-016",
    "The restored backup has the schema of the original",
    "A table, column or constraint that is missing is lost when the backup is restored.",
    "Take another backup, of the whole database.",
)
SAME_MIGRATION = Rule(
    "BACKUP-017",
    "The backup was made at the migration of the original",
    "A backup from another migration is of other data.",
    "Use the backup from right before the migration.",
)
COMPARED = Rule(
    "BACKUP-018",
    "Every table of the restored backup can be compared with the original",
    "A table that was not read to its end is not proven.",
    "Remove the cause, such as a lock. If time ran out, raise migrations.budget_seconds.",
)
DATA_EXISTS = Rule(
    "BACKUP-019",
    "The original holds rows",
    "An empty backup equals an empty database.",
    "Run the gate against a populated database.",
)
WITHIN_BUDGET = Rule(
    "BACKUP-020",
    "The backup is read and restored within the time of the gate",
    "A backup that was not read to its end is not proven.",
    "Raise migrations.budget_seconds, or set backup.restore = false where reading is enough.",
)
EXTENSIONS_AVAILABLE = Rule(
    "BACKUP-021",
    "The scratch server offers what the backup needs",
    "A restore that fails for the scratch server's sake says nothing of the backup.",
    "Use another scratch server ([targets.NAME.migrations.scratch]).",
)
RESTORABLE_IN_SCRATCH = Rule(
    "BACKUP-022",
    "The backup can be restored into a scratch database",
    "A dump that creates or changes databases by itself cannot be tried safely.",
    "Take the dump without --create, and with pg_dump instead of pg_dumpall.",
)
ROOM_FOR_COPY = Rule(
    "BACKUP-023",
    "There is room for a copy of the backup",
    "A backup that was not restored is not proven.",
    "Free space in the temporary folder, or set TMPDIR to a larger one.",
)
CHANGE_TIME_KNOWN = Rule(
    "BACKUP-024",
    "The time of the migration is known",
    "Without it nothing says whether the backup is from before the migration.",
    "Check that the migration tool's history table exists (migrations.history_table).",
)
LARGE_OBJECTS_INCLUDED = Rule(
    "BACKUP-025",
    "The backup holds the large objects",
    "Pictures and letters that are stored as large objects are gone after a restore.",
    "Take the backup without --no-large-objects (-B), and not of single schemas or tables.",
)
SAME_LARGE_OBJECTS = Rule(
    "BACKUP-026",
    "The large objects of the restored backup have the content of the original",
    "Another content of a picture or a letter shows in no table.",
    'Take another backup. If objects are changed in ordinary work, write content = "any" under'
    " migrations.large_objects.",
)
LARGE_OBJECT_REFERENCES = Rule(
    "BACKUP-027",
    "Every column of the restored backup finds its large objects",
    "After a restore a row names a picture or a letter that does not exist.",
    "Take another backup, of the whole database with its large objects.",
)
COPY_UNCHANGED = Rule(
    "BACKUP-028",
    "The restored copy that the checks of a gate share is as it was restored",
    "What somebody wrote to the copy since looks like content of the backup, or hides a loss.",
    "Find out which check or plugin writes to scratch databases, and run the gate again.",
)
COPY_KEPT = Rule(
    "BACKUP-029",
    "The restored copy is there for every check of the gate that needs it",
    "Without it no check can compare the target with its backup.",
    "Wait for the backup job to end, see that there is memory and room in the temporary folder, and"
    " run the gate again.",
)
