"""The connections that both releases may hold in the night, against the limits of the database."""

from __future__ import annotations

from cutover_gates.config.previous import RolloutConnections
from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.core.findings import gap_error
from cutover_gates.probes.database.bounded_reader import BoundedReader
from cutover_gates.probes.database.context import APPLICATION_NAME, Row
from cutover_gates.probes.database.health import rules
from cutover_gates.probes.database.health.server_sessions import sees_all_sessions

SETTING = "[targets.NAME.rollout.connections]"
_REQUIRED = ("pool", "old", "new", "users")
# A limit of -1 is none. What a superuser may take beyond is not for an application.
_LIMITS = """
SELECT 'the server (max_connections without the reserved ones)' AS name, NULL AS role,
    current_setting('max_connections')::int
        - current_setting('superuser_reserved_connections')::int
        - coalesce(current_setting('reserved_connections', true)::int, 0) AS most
UNION ALL
SELECT 'the database ' || datname, NULL, datconnlimit FROM pg_database
WHERE datname = current_database() AND datconnlimit >= 0
UNION ALL
SELECT 'the role ' || rolname, rolname, rolconnlimit FROM pg_roles
WHERE rolname = ANY(%(users)s) AND rolconnlimit >= 0
"""
_OTHERS = """
SELECT count(*)::int AS at_server,
    (count(*) FILTER (WHERE datname = current_database()))::int AS at_database
FROM pg_stat_activity
WHERE backend_type IN ('client backend', 'walsender') AND NOT usename = ANY(%(users)s)
    AND application_name NOT LIKE %(ours)s
"""
_KNOWN_ROLES = "SELECT rolname AS name FROM pg_roles WHERE rolname = ANY(%(users)s)"


def check_connection_budget(
    settings: RolloutConnections, reader: BoundedReader
) -> AssessmentBuilder:
    """Check that the pools of both releases, and what others hold, fit into each limit.

    Raise `NotProven` where the settings do not say how many there are.
    """
    pools = count_pool_connections(settings)
    users = list(settings.users)
    builder = AssessmentBuilder(figures={"pools of both releases": pools})
    _check_roles(users, reader, builder)
    if not sees_all_sessions(
        reader, builder, rules.CONNECTION_BUDGET, "the sessions of other roles"
    ):
        return builder
    others = reader.fetch_one(_OTHERS, {"users": users, "ours": f"{APPLICATION_NAME}%"})
    for limit in reader.fetch_all(_LIMITS, {"users": users}):
        _check_limit(limit, pools, _count_others(limit, others, settings), builder)
    return builder


def count_pool_connections(settings: RolloutConnections) -> int:
    """Return the connections of all pools at the moment with the most instances."""
    if missing := [key for key in _REQUIRED if getattr(settings, key) in (None, ())]:
        raise gap_error(rules.CONNECTION_BUDGET, f"{SETTING} {', '.join(missing)}", "not set")
    assert settings.pool is not None
    before = (settings.old or 0) * (settings.pool_before or settings.pool)
    return before + ((settings.new or 0) + settings.surge) * settings.pool


def _count_others(limit: Row, others: Row, settings: RolloutConnections) -> int:
    """Return the connections that others hold and will open; a role's limit is its own."""
    if limit["role"] is not None:
        return 0
    at_server = str(limit["name"]).startswith("the server")
    return int(others["at_server" if at_server else "at_database"]) + settings.others


def _check_roles(users: list[str], reader: BoundedReader, builder: AssessmentBuilder) -> None:
    """Add a gap for a role that is not there: its sessions would count as those of others."""
    known = {row["name"] for row in reader.fetch_all(_KNOWN_ROLES, {"users": users})}
    for user in sorted(set(users) - known):
        builder.add_gap(rules.CONNECTION_BUDGET, f"{SETTING} users", f"no role is called {user}")


def _check_limit(limit: Row, pools: int, others: int, builder: AssessmentBuilder) -> None:
    builder.checked.append(limit["name"])
    figures = {"most": limit["most"], "pools": pools, "others": others}
    builder.figures[limit["name"]] = figures
    if pools + others > limit["most"]:
        builder.add_finding(
            rules.CONNECTION_BUDGET,
            limit["name"],
            expected=f"at most {limit['most']} connections",
            actual=f"{pools + others}: {pools} of both releases and {others} of others",
        )
