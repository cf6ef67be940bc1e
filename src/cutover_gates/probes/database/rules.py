"""Rules about reading a target's database, shared by all questions to it."""

from cutover_gates.core.findings import Rule

READABLE_STORAGE = Rule(
    "DATA-001",
    "PostgreSQL can read every table and index",
    "Corrupt storage loses data, and it may spread while the application writes.",
    "Stop the cutover and restore the named table or index from the backup or the standby.",
)
