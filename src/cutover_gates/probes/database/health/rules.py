"""Rules about the health of the database server, its copies and its archive."""

from cutover_gates.core.findings import Rule

WRITABLE = Rule(
    "DBMS-004",
    "The database takes writes",
    "On a standby, or with default_transaction_read_only, no patient can be registered.",
    "Point the DSN at the primary, or reset default_transaction_read_only.",
)
FREE_CONNECTIONS = Rule(
    "DBMS-005",
    "Connections are left for the cutover",
    "Two releases are connected at once while one replaces the other.",
    "Close sessions that nobody needs, or raise the limit of the server, database or role.",
)
SESSIONS = Rule(
    "DBMS-006",
    "No session holds a transaction or waits for a lock too long",
    "It holds locks, and the migration waits behind it.",
    "Find out what the session does and end it: SELECT pg_terminate_backend(pid).",
)
PREPARED_TRANSACTIONS = Rule(
    "DBMS-007",
    "No prepared transaction was left behind",
    "It holds its locks until somebody ends it, also after a restart.",
    "Run COMMIT PREPARED or ROLLBACK PREPARED for the named transaction.",
)
STANDBYS_FOLLOW = Rule(
    "DBMS-008",
    "Every standby streams and keeps up with the primary",
    "A standby that is behind loses the last writes when it takes over.",
    "Find out what holds the standby up; standby_lag_seconds is the limit.",
)
SYNCHRONOUS_STANDBY = Rule(
    "DBMS-009",
    "A synchronous standby is connected where commits wait for one",
    "Without one every commit hangs.",
    "Start the standby, or reset synchronous_standby_names.",
)
REPLICATION_SLOTS = Rule(
    "DBMS-010",
    "Every replication slot is used and keeps its log",
    "An unused slot fills the disk with log; the standby of a lost slot cannot follow.",
    "Start what uses the slot, or drop it: SELECT pg_drop_replication_slot('name').",
)
STANDBY_COUNT = Rule(
    "DBMS-011",
    "As many standbys follow as the settings declare",
    "A standby that is gone is behind nobody, so no other check sees it.",
    "Start the missing standby, or declare how many there are (migrations.standbys, 0 for none).",
)
ARCHIVE_MODE = Rule(
    "DBMS-012",
    "The write-ahead log is archived where the settings declare it",
    "What was written since the last backup can be restored from nothing else.",
    "Set archive_mode = on, or declare that there is no archive (migrations.archived = false).",
)
ARCHIVING = Rule(
    "DBMS-013",
    "The last attempt to archive the log succeeded",
    "What is written now is in no backup.",
    "Read the server's log for the reason and repair archive_command.",
)
CHECKSUMS = Rule(
    "DBMS-014",
    "No page has a wrong checksum",
    "The storage is damaged.",
    "Stop the cutover and restore the database on sound storage.",
)
VALID_DATABASES = Rule(
    "DBMS-015",
    "No database was left half dropped",
    "An interrupted DROP DATABASE leaves a database that nobody can use.",
    "Drop the named database again.",
)
TRANSACTION_AGE = Rule(
    "DBMS-016",
    "The oldest row is far from the wraparound of transaction ids",
    "At 2147483648 transactions the server stops taking writes.",
    "Run VACUUM (FREEZE) in the named database.",
)
COLLATION_VERSIONS = Rule(
    "DBMS-017",
    "Every collation has the version with which its indexes were made",
    "The indexes may be in the wrong order, so rows are not found.",
    "Run REINDEX, then ALTER … REFRESH COLLATION VERSION.",
)
SAME_SERVER = Rule(
    "DBMS-018",
    "Server, database, version and extensions are those of the snapshot",
    "A comparison with the snapshot of another server proves nothing.",
    "Point the target at the server of the snapshot, or take a new snapshot before the migration."
    " Where the cutover moves the database, declare migrations.other_server.",
)
CONNECTION_BUDGET = Rule(
    "DBMS-019",
    "The pools of both releases fit into the connections of the database",
    "Both releases are connected at once during the rollout. Who gets no connection (SQLSTATE"
    " 53300) gets no answer.",
    "Make the pools smaller, surge with fewer instances, or raise the limit that is named.",
)
