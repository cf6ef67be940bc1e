"""Rules for readiness while the database is away."""

from __future__ import annotations

from cutover_gates.core.findings import Rule

OUTAGE_TESTABLE = Rule(
    "READY-001",
    "The database can be taken away from the target for the test",
    "Whether readiness says what is true shows only when something is wrong.",
    "Set database_outage.command to a command that takes the database away and brings it back."
    " Where this is tested elsewhere, give the reason in [targets.NAME.capabilities] under"
    " database-outage.",
)
READINESS_FALLS = Rule(
    "READY-002",
    "Readiness falls when the database is gone",
    "A load balancer goes on sending requests to an instance that cannot serve them.",
    "Let readiness ask the database, on every instance, and keep no answer for long. The time is"
    " database_outage.fall_seconds.",
)
READINESS_RETURNS = Rule(
    "READY-003",
    "The target is ready and serves again when the database is back",
    "A target that must be restarted by hand stays down until somebody wakes up.",
    "Let the connection pool replace dead connections, and let readiness ask again. The time is"
    " database_outage.back_seconds.",
)
