"""Connections and sessions of a database server, with the limits of a healthy one.

None of the limits is a setting: a server beyond one is not fit for a cutover. Each stands in the
evidence beside what was measured.
"""

from __future__ import annotations

from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.core.findings import Rule
from cutover_gates.probes.database.bounded_reader import BoundedReader
from cutover_gates.probes.database.context import APPLICATION_NAME, DatabaseContext, Row
from cutover_gates.probes.database.health import rules

MAX_CONNECTION_SHARE = 0.8
"""Share of the connections that may be in use."""
IDLE_SECONDS = 60.0
"""Limit for a transaction whose session is idle: it holds its locks and keeps VACUUM from working.
"""
TRANSACTION_SECONDS = 1800.0
"""Limit for any transaction."""
BLOCKED_SECONDS = 5.0
"""Limit for the wait for a lock of another session."""
PREPARED_SECONDS = 60.0
"""Limit for a prepared transaction (PREPARE TRANSACTION); an older one was forgotten."""
MAX_LAG_BYTES = 2**30
"""Limit for the log that a standby has not replayed yet."""
MAX_TRANSACTION_AGE = 1_000_000_000
"""Limit for the age of the oldest row, in transactions; at 2**31 PostgreSQL takes no more writes.
"""

CONNECTIONS = """
SELECT 'the server' AS name,
       current_setting('max_connections')::int
           - current_setting('superuser_reserved_connections')::int
           - coalesce(current_setting('reserved_connections', true)::int, 0) AS most,
       (SELECT sum(numbackends)::int FROM pg_stat_database) AS taken
UNION ALL
SELECT 'the database ' || d.datname, d.datconnlimit, s.numbackends
FROM pg_database d JOIN pg_stat_database s ON s.datid = d.oid
WHERE d.datname = current_database() AND d.datconnlimit >= 0
UNION ALL
SELECT 'the role ' || r.rolname, r.rolconnlimit,
       (SELECT count(*)::int FROM pg_stat_activity a WHERE a.usesysid = r.oid)
FROM pg_roles r WHERE r.rolcanlogin AND r.rolconnlimit > 0
"""
_SESSIONS = f"""
SELECT a.pid, a.usename AS role, a.application_name AS application, a.state,
       pg_blocking_pids(a.pid) AS blocked_by,
       extract(epoch FROM clock_timestamp() - a.state_change)::float AS since,
       extract(epoch FROM clock_timestamp() - a.xact_start)::float AS lasts,
       (SELECT extract(epoch FROM clock_timestamp() - min(l.waitstart))::float
        FROM pg_locks l WHERE l.pid = a.pid AND NOT l.granted) AS waits
FROM pg_stat_activity a
WHERE a.datname = current_database() AND a.backend_type = 'client backend'
AND a.application_name <> '{APPLICATION_NAME}' ORDER BY a.pid
"""
_PREPARED = """
SELECT gid AS name, owner::text AS role,
       extract(epoch FROM clock_timestamp() - prepared)::float AS lasts
FROM pg_prepared_xacts WHERE database = current_database() ORDER BY prepared
"""
MONITOR_PRIVILEGE = (
    "SELECT pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') AS yes, current_user::text AS"
    " role"
)


def sees_all_sessions(
    reader: BoundedReader, builder: AssessmentBuilder, rule: Rule, subject: str
) -> bool:
    """Return whether the role of the DSN sees the sessions of others; add a gap where not."""
    privilege = reader.fetch_one(MONITOR_PRIVILEGE)
    if not privilege["yes"]:
        builder.add_gap(rule, subject, f"not seen; grant pg_monitor to {privilege['role']}")
    return bool(privilege["yes"])


def check_headroom(_context: DatabaseContext, reader: BoundedReader) -> AssessmentBuilder:
    """Check the connections of the server, and of the database and roles that have a limit."""
    builder = AssessmentBuilder(figures={"may be taken": MAX_CONNECTION_SHARE})
    for row in reader.fetch_all(CONNECTIONS):
        builder.checked.append(row["name"])
        builder.figures[row["name"]] = {"taken": row["taken"], "most": row["most"]}
        if row["taken"] > MAX_CONNECTION_SHARE * row["most"]:
            builder.add_finding(
                rules.FREE_CONNECTIONS,
                row["name"],
                expected=f"at most {MAX_CONNECTION_SHARE:.0%} of its connections in use",
                actual=f"{row['taken']} of {row['most']}",
            )
    return builder


def check_sessions(_context: DatabaseContext, reader: BoundedReader) -> AssessmentBuilder:
    """Check the sessions of the database, except our own, and its prepared transactions."""
    limits = {
        "idle in a transaction": IDLE_SECONDS,
        "a transaction": TRANSACTION_SECONDS,
        "blocked": BLOCKED_SECONDS,
        "prepared": PREPARED_SECONDS,
    }
    builder = AssessmentBuilder(figures={"seconds that are allowed": limits})
    if sees_all_sessions(reader, builder, rules.SESSIONS, "sessions of other roles"):
        sessions = reader.fetch_all(_SESSIONS)
        builder.figures["sessions"] = len(sessions)
        builder.checked.append("sessions of the database")
        for row in sessions:
            _check_session(row, builder)
    _check_prepared(reader.fetch_all(_PREPARED), builder)
    return builder


def _check_session(row: Row, builder: AssessmentBuilder) -> None:
    application = row["application"] or "without a name"
    subject = f"session {row['pid']} of {row['role']} ({application})"
    # An idle session harms more than a busy one of the same age, so its limit is lower.
    is_idle = str(row["state"]).startswith("idle in transaction")
    if is_idle and row["since"] > IDLE_SECONDS:
        builder.add_finding(
            rules.SESSIONS,
            subject,
            expected=f"idle in a transaction for at most {IDLE_SECONDS:g} s",
            actual=f"{row['since']:.0f} s",
        )
    elif (row["lasts"] or 0) > TRANSACTION_SECONDS:
        builder.add_finding(
            rules.SESSIONS,
            subject,
            expected=f"a transaction of at most {TRANSACTION_SECONDS:g} s",
            actual=f"{row['lasts']:.0f} s",
        )
    if row["blocked_by"] and (row["waits"] or 0) > BLOCKED_SECONDS:
        blockers = ", ".join(map(str, row["blocked_by"]))
        builder.add_finding(
            rules.SESSIONS,
            subject,
            expected=f"a wait for a lock of at most {BLOCKED_SECONDS:g} s",
            actual=f"{row['waits']:.0f} s, for session {blockers}",
        )


def _check_prepared(transactions: list[Row], builder: AssessmentBuilder) -> None:
    builder.figures["prepared"] = len(transactions)
    builder.checked.append("prepared transactions")
    for row in transactions:
        if row["lasts"] > PREPARED_SECONDS:
            builder.add_finding(
                rules.PREPARED_TRANSACTIONS,
                f"transaction {row['name']} of {row['role']}",
                expected=f"prepared for at most {PREPARED_SECONDS:g} s",
                actual=f"{row['lasts']:.0f} s",
            )
