"""Where health ends.

None of these is a setting: a server beyond one is not fit for a cutover. Each is left in the
evidence beside what was measured.
"""

from __future__ import annotations

from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.probes.database.bounded_reader import BoundedReader
from cutover_gates.probes.database.context import APPLICATION_NAME, DatabaseContext, Row
from cutover_gates.probes.database.health import server_sessions

MAX_CONNECTION_SHARE = 0.8
"""The part of the connections that may be taken."""
IDLE_SECONDS = 60.0
"""For a transaction whose session does nothing: it holds its locks, and keeps VACUUM from its work.
"""
TRANSACTION_SECONDS = 1800.0
"""For a transaction at all."""
BLOCKED_SECONDS = 5.0
"""That a session may wait for the lock of another one."""
PREPARED_SECONDS = 60.0
"""That a transaction may stand prepared (PREPARE TRANSACTION) before it counts as left behind."""
MAX_LAG_BYTES = 2**30
"""That a standby may have to replay yet."""
MAX_TRANSACTION_AGE = 1_000_000_000
"""Transactions since the oldest row was frozen; at 2**31 PostgreSQL stops taking writes."""


CONNECTIONS = """
SELECT 'the server' AS name, current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
           - coalesce(current_setting('reserved_connections', true)::int, 0) AS most, (SELECT sum(numbackends)::int FROM pg_stat_database) AS taken
UNION ALL
SELECT 'the database ' || d.datname, d.datconnlimit, s.numbackends
FROM pg_database d JOIN pg_stat_database s ON s.datid = d.oid WHERE d.datname = current_database() AND d.datconnlimit >= 0
UNION ALL
SELECT 'the role ' || r.rolname, r.rolconnlimit, (SELECT count(*)::int FROM pg_stat_activity a WHERE a.usesysid = r.oid)
FROM pg_roles r WHERE r.rolcanlogin AND r.rolconnlimit > 0
"""
_SESSIONS = f"""
SELECT a.pid, a.usename AS role, a.application_name AS application, a.state, pg_blocking_pids(a.pid) AS blocked_by,
       extract(epoch FROM clock_timestamp() - a.state_change)::float AS since, extract(epoch FROM clock_timestamp() - a.xact_start)::float AS lasts,
       (SELECT extract(epoch FROM clock_timestamp() - min(l.waitstart))::float FROM pg_locks l WHERE l.pid = a.pid AND NOT l.granted) AS waits
FROM pg_stat_activity a
WHERE a.datname = current_database() AND a.backend_type = 'client backend' AND a.application_name <> '{APPLICATION_NAME}' ORDER BY a.pid
"""
_PREPARED = """
SELECT gid AS name, owner::text AS role, extract(epoch FROM clock_timestamp() - prepared)::float AS lasts
FROM pg_prepared_xacts WHERE database = current_database() ORDER BY prepared
"""
MONITOR_PRIVILEGE = (
    "SELECT pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') AS yes, current_user::text AS"
    " role"
)


def find_missing_privilege(reader: BoundedReader, what: str) -> str | None:
    """The sentence that says that the role of the DSN does not see something; None where it does."""
    asked = reader.fetch_one(MONITOR_PRIVILEGE)
    return None if asked["yes"] else f"{what}: not seen; grant pg_monitor to {asked['role']}."


def check_headroom(_site: DatabaseContext, reader: BoundedReader) -> AssessmentBuilder:
    """Connections of the server, and of the database and the roles that have a limit of their own."""
    seen = AssessmentBuilder(figures={"may be taken": server_sessions.MAX_CONNECTION_SHARE})
    for row in reader.fetch_all(CONNECTIONS):
        seen.checked.append(row["name"])
        seen.figures[row["name"]] = {"taken": row["taken"], "most": row["most"]}
        if row["taken"] > server_sessions.MAX_CONNECTION_SHARE * row["most"]:
            seen.findings.append(
                f"Of the {row['most']} connections that {row['name']} may have, {row['taken']} are"
                f" taken, and {server_sessions.MAX_CONNECTION_SHARE:.0%} is the limit."
            )
    return seen


def check_sessions(_site: DatabaseContext, reader: BoundedReader) -> AssessmentBuilder:
    """Sessions that hold something too long, that wait, and transactions that were prepared and
    left. Ours are not meant.
    """
    seen = AssessmentBuilder(
        figures={
            "seconds that are allowed": {
                "idle in a transaction": server_sessions.IDLE_SECONDS,
                "a transaction": server_sessions.TRANSACTION_SECONDS,
                "blocked": server_sessions.BLOCKED_SECONDS,
                "prepared": server_sessions.PREPARED_SECONDS,
            }
        }
    )
    if why := find_missing_privilege(reader, "Sessions of other roles"):
        seen.not_proven.append(why)
    else:
        found = reader.fetch_all(_SESSIONS)
        seen.figures["sessions"] = len(found)
        seen.checked.append("sessions of the database")
        seen.findings.extend(sentence for row in found for sentence in _find_session_problems(row))
    prepared = reader.fetch_all(_PREPARED)
    seen.figures["prepared"] = len(prepared)
    seen.checked.append("prepared transactions")
    seen.findings.extend(
        f"The transaction {row['name']} of {row['role']} has stood prepared for {row['lasts']:.0f}"
        " s: it holds its locks until somebody runs COMMIT PREPARED or ROLLBACK PREPARED."
        for row in prepared
        if row["lasts"] > server_sessions.PREPARED_SECONDS
    )
    return seen


def _find_session_problems(row: Row) -> list[str]:
    who = f"The session {row['pid']} of {row['role']} ({row['application'] or 'without a name'})"
    said = []
    if (
        str(row["state"]).startswith("idle in transaction")
        and row["since"] > server_sessions.IDLE_SECONDS
    ):
        said.append(
            f"{who} has been idle in a transaction for {row['since']:.0f} s, and"
            f" {server_sessions.IDLE_SECONDS:g} s is the limit."
        )
    elif (row["lasts"] or 0) > server_sessions.TRANSACTION_SECONDS:
        said.append(
            f"{who} has had its transaction open for {row['lasts']:.0f} s, and"
            f" {server_sessions.TRANSACTION_SECONDS:g} s is the limit."
        )
    if row["blocked_by"] and (row["waits"] or 0) > server_sessions.BLOCKED_SECONDS:
        said.append(
            f"{who} has waited for {row['waits']:.0f} s for a lock of"
            f" {', '.join(map(str, row['blocked_by']))}, and {server_sessions.BLOCKED_SECONDS:g} s is the"
            " limit."
        )
    return said
