"""Rules about the history of migrations and the release's scripts."""

from cutover_gates.core.findings import Rule

HISTORY_TABLE = Rule(
    "HIST-001",
    "The database keeps a history of its migrations",
    "Without it nobody can say which migrations it has had.",
    "Correct migrations.history_table or schemas, or find out why the table is gone.",
)
MIGRATIONS_APPLIED = Rule(
    "HIST-002",
    "Every migration of the release is applied",
    "The release expects what the missing migration makes.",
    "Run the migration, and find out why it stopped before its end.",
)
MIGRATIONS_SUCCEEDED = Rule(
    "HIST-003",
    "Every applied migration succeeded",
    "A migration that failed may have done half of its work.",
    "Undo what it left behind, repair the history, and run it again.",
)
KNOWN_MIGRATIONS = Rule(
    "HIST-004",
    "Every applied migration belongs to the release",
    "The database was changed by something that the release was not tested with.",
    "Find out which release the migration belongs to, and whether this database is the right one.",
)
FILES_UNCHANGED = Rule(
    "HIST-005",
    "Every applied migration is the file of the release",
    "What ran here is not what was tested.",
    "Restore the file that was applied, and bring the change in a migration of its own.",
)
APPLIED_IN_ORDER = Rule(
    "HIST-006",
    "The migrations were applied in order",
    "Nobody tested the migrations in another order.",
    "Compare the result with the tested one, then allow it (migrations.out_of_order).",
)
HISTORY_UNTOUCHED = Rule(
    "HIST-007",
    "The history was not rewritten since the snapshot",
    "A row that was changed by hand claims what no migration did.",
    "Find out who changed the history and why; restore the row.",
)
RECORDED_FILES = Rule(
    "HIST-008",
    "The release's scripts are the files that the snapshot recorded",
    "What was tried before the cutover is not what runs in it.",
    "Use the scripts of the snapshot, or take a new one and repeat the rehearsal.",
)
USABLE_SCRIPTS = Rule(
    "HIST-009",
    "The migration tool accepts every script of the release",
    "The tool refuses to run, or passes over a script in silence.",
    "Correct the named scripts.",
)
SCRIPTS_FOUND = Rule(
    "HIST-010",
    "The release's scripts are found",
    "Without scripts there is nothing to compare the history with.",
    "Set migrations.locations to the folders of the release's scripts. Where they are programs, let"
    " staging's phase1 be judged before, or name a snapshot with the release in place"
    " (migrations.expected_catalog).",
)
COMPARABLE_MIGRATIONS = Rule(
    "HIST-011",
    "Every applied migration can be compared with its file",
    "What cannot be compared may have been changed.",
    "Add the missing folder to migrations.locations or the value to migrations.placeholders.",
)
READABLE_HISTORY = Rule(
    "HIST-012",
    "The history can be read",
    "What is not read is not known.",
    "Grant the role of the DSN the right to read the history's table.",
)
POINT_NOT_PASSED = Rule(
    "HIST-013",
    "No script above the point of no return is applied",
    "It took away what the release before needs, so there is no way back to that release.",
    "Restore the backup, or go on without a way back: a person must decide it.",
)
