"""Rules about reading a target's database, shared by all questions to it."""

from cutover_gates.core.findings import Rule

READABLE_STORAGE = Rule(
    "DATA-001",
    "PostgreSQL can read every table and index",
    "Corrupt storage loses data, and it may spread while the application writes.",
    "Stop the cutover and restore the named table or index from the backup or the standby.",
)
SERVER_ANSWERS = Rule(
    "DBMS-001",
    "The database server answers",
    "Without its database the application serves nobody.",
    "Start the server, or correct database_dsn and the firewall between here and there.",
)
TIME_BUDGET = Rule(
    "DBMS-002",
    "The questions to the database fit into their time",
    "What was not read to its end is not known.",
    "Raise migrations.budget_seconds, or name a standby for the heavy reads (standby_dsn).",
)
CURRENT_STANDBY = Rule(
    "DBMS-003",
    "The standby of the settings is a current copy of the target's database",
    "What is read there is taken for the target's, so an old or foreign copy proves nothing.",
    "Point standby_dsn at a replica that keeps up, or remove it.",
)
