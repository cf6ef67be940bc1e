"""Who is connected: how many, for how long, and who waits for whom."""

from __future__ import annotations

from cutover.database.integrity.reading import Reader, Seen
from cutover.database.server import bounds
from cutover.database.session import APPLICATION_NAME, Row
from cutover.database.site import Site

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
MAY_SEE = (
    "SELECT pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') AS yes, current_user::text AS"
    " role"
)


def hidden(reader: Reader, what: str) -> str | None:
    """The sentence that says that the role of the DSN does not see something; None where it does."""
    asked = reader.row(MAY_SEE)
    return None if asked["yes"] else f"{what}: not seen; grant pg_monitor to {asked['role']}."


def headroom(_site: Site, reader: Reader) -> Seen:
    """Connections of the server, and of the database and the roles that have a limit of their own."""
    seen = Seen(facts={"may be taken": bounds.HEADROOM})
    for row in reader.rows(CONNECTIONS):
        seen.examined.append(row["name"])
        seen.facts[row["name"]] = {"taken": row["taken"], "most": row["most"]}
        if row["taken"] > bounds.HEADROOM * row["most"]:
            seen.findings.append(
                f"Of the {row['most']} connections that {row['name']} may have, {row['taken']} are"
                f" taken, and {bounds.HEADROOM:.0%} is the limit."
            )
    return seen


def sessions(_site: Site, reader: Reader) -> Seen:
    """Sessions that hold something too long, that wait, and transactions that were prepared and
    left. Ours are not meant.
    """
    seen = Seen(
        facts={
            "seconds that are allowed": {
                "idle in a transaction": bounds.IDLE_SECONDS,
                "a transaction": bounds.TRANSACTION_SECONDS,
                "blocked": bounds.BLOCKED_SECONDS,
                "prepared": bounds.PREPARED_SECONDS,
            }
        }
    )
    if why := hidden(reader, "Sessions of other roles"):
        seen.unproven.append(why)
    else:
        found = reader.rows(_SESSIONS)
        seen.facts["sessions"] = len(found)
        seen.examined.append("sessions of the database")
        seen.findings.extend(sentence for row in found for sentence in _wrong(row))
    prepared = reader.rows(_PREPARED)
    seen.facts["prepared"] = len(prepared)
    seen.examined.append("prepared transactions")
    seen.findings.extend(
        f"The transaction {row['name']} of {row['role']} has stood prepared for {row['lasts']:.0f}"
        " s: it holds its locks until somebody runs COMMIT PREPARED or ROLLBACK PREPARED."
        for row in prepared
        if row["lasts"] > bounds.PREPARED_SECONDS
    )
    return seen


def _wrong(row: Row) -> list[str]:
    who = f"The session {row['pid']} of {row['role']} ({row['application'] or 'without a name'})"
    said = []
    if str(row["state"]).startswith("idle in transaction") and row["since"] > bounds.IDLE_SECONDS:
        said.append(
            f"{who} has been idle in a transaction for {row['since']:.0f} s, and"
            f" {bounds.IDLE_SECONDS:g} s is the limit."
        )
    elif (row["lasts"] or 0) > bounds.TRANSACTION_SECONDS:
        said.append(
            f"{who} has had its transaction open for {row['lasts']:.0f} s, and"
            f" {bounds.TRANSACTION_SECONDS:g} s is the limit."
        )
    if row["blocked_by"] and (row["waits"] or 0) > bounds.BLOCKED_SECONDS:
        said.append(
            f"{who} has waited for {row['waits']:.0f} s for a lock of"
            f" {', '.join(map(str, row['blocked_by']))}, and {bounds.BLOCKED_SECONDS:g} s is the"
            " limit."
        )
    return said
