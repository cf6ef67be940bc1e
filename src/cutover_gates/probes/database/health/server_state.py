"""What the server is: a primary that takes writes, with intact storage, and the one that the
snapshot was taken of.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.probes.database.bounded_reader import BoundedReader
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.health.server_sessions import MAX_TRANSACTION_AGE
from cutover_gates.probes.database.identity import read_server_facts
from cutover_gates.probes.database.snapshot.store import iter_snapshots

_SERVER_STATE = """
SELECT pg_is_in_recovery() AS standby, current_database() AS database, current_user::text AS role, current_setting('server_version') AS version,
       s.deadlocks, s.temp_files, s.conflicts, s.xact_rollback AS rollbacks, s.stats_reset::text AS counted_since,
       (SELECT count(*) FROM pg_settings WHERE pending_restart) AS settings_that_wait_for_a_restart
FROM pg_stat_database s WHERE s.datname = current_database()
"""
_READ_ONLY = """
SELECT coalesce('the database ' || d.datname, 'every database') AS place, r.rolname AS role
FROM pg_db_role_setting s CROSS JOIN unnest(s.setconfig) AS setting
LEFT JOIN pg_database d ON d.oid = s.setdatabase LEFT JOIN pg_roles r ON r.oid = s.setrole
WHERE (s.setdatabase = 0 OR d.datname = current_database()) AND setting ~* '^default_transaction_read_only=(on|true|yes|1)$'
"""
_STORAGE = """
SELECT d.datname AS database, age(d.datfrozenxid) AS transactions, mxid_age(d.datminmxid) AS multixacts, d.datconnlimit = -2 AS invalid,
       s.checksum_failures AS failures, s.checksum_last_failure::text AS last_failure
FROM pg_database d LEFT JOIN pg_stat_database s ON s.datid = d.oid ORDER BY d.datname
"""
_SHARED_FAILURES = (
    "SELECT checksum_failures AS failures FROM pg_stat_database WHERE datid = 0 AND"
    " checksum_failures > 0"
)
_COLLATIONS = """
SELECT DISTINCT l.collname AS name, l.collversion AS made_with, pg_collation_actual_version(l.oid) AS now
FROM pg_collation l JOIN pg_attribute a ON a.attcollation = l.oid
JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY (%(schemas)s) AND l.collversion <> pg_collation_actual_version(l.oid)
"""
_DATABASES_COLLATION = """
SELECT 'of the database' AS name, datcollversion AS made_with, pg_database_collation_actual_version(oid) AS now
FROM pg_database
WHERE datname = current_database() AND datcollversion <> pg_database_collation_actual_version(oid) AND %(schemas)s::text[] IS NOT NULL
"""
_IDENTITY_TEXTS = {
    "system_identifier": "is another server than the one of the snapshot: its system identifier",
    "database": "is another database than that of the snapshot: its name",
    "version": "has another version than at the snapshot: it",
    "encoding": "has another encoding than at the snapshot: it",
    "collation": "has another collation than at the snapshot: it",
}


def check_writability(_site: DatabaseContext, reader: BoundedReader) -> AssessmentBuilder:
    """The primary, which takes writes.

    Whether the server's own file makes all sessions read-only cannot be seen by one that is.
    """
    seen, standing = AssessmentBuilder(), reader.fetch_one(_SERVER_STATE)
    seen.figures |= standing
    seen.checked.append(f"{standing['database']} (PostgreSQL {standing['version']})")
    if standing["standby"]:
        seen.findings.append(
            f"{standing['database']} is on a standby, which takes no writes; the DSN must lead to"
            " the primary."
        )
    read_only = reader.fetch_all(_READ_ONLY)
    seen.figures["roles that read only"] = [row["role"] for row in read_only if row["role"]]
    seen.findings.extend(
        f"default_transaction_read_only is on for {row['place']} and whoever signs in: nothing can"
        " be written."
        for row in read_only
        if not row["role"]
    )
    return seen


def check_storage(_site: DatabaseContext, reader: BoundedReader) -> AssessmentBuilder:
    """Checksums, the age of the oldest transaction, databases that are half made or half dropped,
    collations that have changed.
    """
    seen = AssessmentBuilder(
        figures={
            "data_checksums": reader.fetch_one("SELECT current_setting('data_checksums') AS state")[
                "state"
            ],
            "oldest_transactions may be": MAX_TRANSACTION_AGE,
            "oldest_transactions": {},
        }
    )
    for row in reader.fetch_all(_STORAGE):
        name = f"the database {row['database']}"
        seen.checked.append(name)
        seen.figures["oldest_transactions"][row["database"]] = row["transactions"]
        if row["invalid"]:
            seen.findings.append(
                f"{name} is invalid: a DROP DATABASE ended half-way; drop it again."
            )
        if row["failures"]:
            seen.findings.append(
                f"{name} has had {row['failures']} pages with a wrong checksum, the last at"
                f" {row['last_failure']}: its storage is damaged."
            )
        for kind in ("transactions", "multixacts"):
            if row[kind] > MAX_TRANSACTION_AGE:
                seen.findings.append(
                    f"{name} has rows that are {row[kind]} {kind} old, and {MAX_TRANSACTION_AGE} is"
                    f" the limit: before {2**31} the server stops taking writes; run VACUUM"
                    " (FREEZE)."
                )
    seen.findings.extend(
        f"The tables that all databases share have had {row['failures']} pages with a wrong"
        " checksum."
        for row in reader.fetch_all(_SHARED_FAILURES)
    )
    _check_collations(reader, seen)
    return seen


def _check_collations(reader: BoundedReader, seen: AssessmentBuilder) -> None:
    with_version = reader.fetch_one(
        "SELECT current_setting('server_version_num')::int >= 150000 AS yes"
    )["yes"]
    for row in [
        *reader.query_catalog(_COLLATIONS),
        *(reader.query_catalog(_DATABASES_COLLATION) if with_version else []),
    ]:
        seen.findings.append(
            f"The collation {row['name']} was version {row['made_with']} when its indexes were made"
            f" and is {row['now']} now: their order may be wrong; REINDEX, then ALTER … REFRESH"
            " COLLATION VERSION."
        )


def check_identity(site: DatabaseContext, _reader: BoundedReader) -> AssessmentBuilder:
    """The server, database, version and extensions of the newest snapshot.

    Without a snapshot what is there now goes into the evidence.
    """
    with site.connect() as connection:
        now = read_server_facts(connection)
    seen = AssessmentBuilder(
        figures={"now": now, "snapshot": "there is none yet"},
        checked=[*_IDENTITY_TEXTS, "extensions"],
    )
    if before := _load_newest_server(site):
        seen.figures["snapshot"] = before
        seen.findings.extend(_find_identity_differences(before, now))
    return seen


def _load_newest_server(site: DatabaseContext) -> Mapping[str, Any] | None:
    """The server at this target's newest snapshot, also where its data cannot be compared.

    Raises `NotProven` for a damaged one.
    """
    newest = next(iter_snapshots(site), None)
    return newest.server if newest else None


def _find_identity_differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    found = [
        f"The database {said} was {before[key]} and is {now[key]}."
        for key, said in _IDENTITY_TEXTS.items()
        if key in before and str(before[key]) != str(now[key])
    ]
    had, has = dict(before.get("extensions", {})), now["extensions"]
    found += [
        f"The extension {name} {version} is gone."
        for name, version in sorted(had.items())
        if name not in has
    ]
    found += [
        f"The extension {name} {version} is new."
        for name, version in sorted(has.items())
        if name not in had
    ]
    return found + [
        f"The extension {name} was {had[name]} and is {has[name]}."
        for name in sorted(had.keys() & has.keys())
        if had[name] != has[name]
    ]
