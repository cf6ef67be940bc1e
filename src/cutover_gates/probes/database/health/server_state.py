"""The state of the server: it takes writes, its storage is sound, it is the snapshot's."""

from __future__ import annotations

from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.probes.database.bounded_reader import BoundedReader
from cutover_gates.probes.database.context import DatabaseContext, Row
from cutover_gates.probes.database.health import rules
from cutover_gates.probes.database.health.server_sessions import MAX_TRANSACTION_AGE
from cutover_gates.probes.database.identity import ServerFacts, read_server_facts
from cutover_gates.probes.database.snapshot.store import iter_snapshots

_SERVER_STATE = """
SELECT pg_is_in_recovery() AS standby, current_database() AS database, current_user::text AS role,
       current_setting('server_version') AS version, s.deadlocks, s.temp_files, s.conflicts,
       s.xact_rollback AS rollbacks, s.stats_reset::text AS counted_since,
       (SELECT count(*) FROM pg_settings WHERE pending_restart) AS settings_that_wait_for_a_restart
FROM pg_stat_database s WHERE s.datname = current_database()
"""
_READ_ONLY = """
SELECT coalesce('the database ' || d.datname, 'every database') AS place, r.rolname AS role
FROM pg_db_role_setting s CROSS JOIN unnest(s.setconfig) AS setting
LEFT JOIN pg_database d ON d.oid = s.setdatabase LEFT JOIN pg_roles r ON r.oid = s.setrole
WHERE (s.setdatabase = 0 OR d.datname = current_database())
AND setting ~* '^default_transaction_read_only=(on|true|yes|1)$'
"""
_STORAGE = """
SELECT d.datname AS database, age(d.datfrozenxid) AS transactions,
       mxid_age(d.datminmxid) AS multixacts, d.datconnlimit = -2 AS invalid,
       s.checksum_failures AS failures, s.checksum_last_failure::text AS last_failure
FROM pg_database d LEFT JOIN pg_stat_database s ON s.datid = d.oid ORDER BY d.datname
"""
_SHARED_FAILURES = (
    "SELECT checksum_failures AS failures FROM pg_stat_database WHERE datid = 0 AND"
    " checksum_failures > 0"
)
_COLLATIONS = """
SELECT DISTINCT l.collname AS name, l.collversion AS made_with,
       pg_collation_actual_version(l.oid) AS now
FROM pg_collation l JOIN pg_attribute a ON a.attcollation = l.oid
JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY (%(schemas)s) AND l.collversion <> pg_collation_actual_version(l.oid)
"""
_DATABASES_COLLATION = """
SELECT 'of the database' AS name, datcollversion AS made_with,
       pg_database_collation_actual_version(oid) AS now
FROM pg_database
WHERE datname = current_database() AND datcollversion <> pg_database_collation_actual_version(oid)
AND %(schemas)s::text[] IS NOT NULL
"""
_IDENTITY_FIELDS = {
    "system_identifier": "system identifier of the server",
    "database": "name of the database",
    "version": "version of the server",
    "encoding": "encoding of the database",
    "collation": "collation of the database",
}
# Those that a declared move to another server changes (`migrations.other_server`).
_MOVING_FIELDS = frozenset({"system_identifier", "database", "version"})
_ABSENT = "absent"


def check_writability(_context: DatabaseContext, reader: BoundedReader) -> AssessmentBuilder:
    """Check that the server is the primary and takes writes.

    A read-only session cannot see whether the server's own file makes all sessions read-only.
    """
    builder = AssessmentBuilder()
    state = reader.fetch_one(_SERVER_STATE)
    builder.figures |= state
    builder.checked.append(f"{state['database']} (PostgreSQL {state['version']})")
    if state["standby"]:
        builder.add_finding(
            rules.WRITABLE,
            state["database"],
            expected="the primary",
            actual="a standby",
            reproduce="SELECT pg_is_in_recovery()",
        )
    settings = reader.fetch_all(_READ_ONLY)
    builder.figures["roles that read only"] = [row["role"] for row in settings if row["role"]]
    for row in settings:
        # A role that only reads, such as a reader of reports, is meant to.
        if not row["role"]:
            builder.add_finding(
                rules.WRITABLE, row["place"], actual="default_transaction_read_only is on"
            )
    return builder


def check_storage(_context: DatabaseContext, reader: BoundedReader) -> AssessmentBuilder:
    """Check checksums, half-dropped databases, the oldest transaction, and collation versions."""
    checksums = reader.fetch_one("SELECT current_setting('data_checksums') AS state")["state"]
    ages: dict[str, int] = {}
    builder = AssessmentBuilder(
        figures={
            "data_checksums": checksums,
            "oldest_transactions may be": MAX_TRANSACTION_AGE,
            "oldest_transactions": ages,
        }
    )
    for row in reader.fetch_all(_STORAGE):
        ages[row["database"]] = row["transactions"]
        _check_database_storage(row, builder)
    for row in reader.fetch_all(_SHARED_FAILURES):
        _add_checksum_finding("the tables that all databases share", row["failures"], "", builder)
    _check_collations(reader, builder)
    return builder


def _check_database_storage(row: Row, builder: AssessmentBuilder) -> None:
    subject = f"the database {row['database']}"
    builder.checked.append(subject)
    if row["invalid"]:
        builder.add_finding(rules.VALID_DATABASES, subject, actual="half dropped")
    if row["failures"]:
        last = f", the last at {row['last_failure']}"
        _add_checksum_finding(subject, row["failures"], last, builder)
    # Both kinds of id wrap around at 2**31.
    for kind in ("transactions", "multixacts"):
        if row[kind] > MAX_TRANSACTION_AGE:
            builder.add_finding(
                rules.TRANSACTION_AGE,
                subject,
                expected=f"rows of at most {MAX_TRANSACTION_AGE} {kind}",
                actual=str(row[kind]),
            )


def _add_checksum_finding(
    subject: str, failures: int, last: str, builder: AssessmentBuilder
) -> None:
    builder.add_finding(
        rules.CHECKSUMS, subject, expected="0 pages", actual=f"{failures} pages{last}"
    )


def _check_collations(reader: BoundedReader, builder: AssessmentBuilder) -> None:
    collations = reader.query_catalog(_COLLATIONS)
    # PostgreSQL 15 added the version of the database's own collation.
    version = "SELECT current_setting('server_version_num')::int >= 150000 AS has_column"
    if reader.fetch_one(version)["has_column"]:
        collations += reader.query_catalog(_DATABASES_COLLATION)
    for row in collations:
        builder.add_finding(
            rules.COLLATION_VERSIONS,
            f"the collation {row['name']}",
            expected=f"version {row['made_with']}",
            actual=f"version {row['now']}",
        )


def check_identity(context: DatabaseContext, _reader: BoundedReader) -> AssessmentBuilder:
    """Compare the server, database, version and extensions with the newest snapshot.

    Without a snapshot the present ones go into the evidence. Raises `NotProven` for a damaged one.
    """
    with context.connect() as connection:
        now = read_server_facts(connection)
    builder = AssessmentBuilder(
        figures={"now": now.to_plain(), "snapshot": "there is none yet"},
        checked=[*_IDENTITY_FIELDS, "extensions"],
    )
    # The newest one of this target counts, also where its data cannot be compared.
    newest = next(iter_snapshots(context), None)
    if newest is not None:
        builder.figures["snapshot"] = newest.server.to_plain()
        has_moved = context.migrations.other_server is not None
        _compare_identity(newest.server, now, builder, has_moved=has_moved)
    return builder


def _compare_identity(
    before: ServerFacts, now: ServerFacts, builder: AssessmentBuilder, *, has_moved: bool
) -> None:
    """Compare with the snapshot; `has_moved`: a move to another server is declared."""
    for key, subject in _IDENTITY_FIELDS.items():
        if has_moved and key in _MOVING_FIELDS:
            continue
        then, current = str(getattr(before, key)), str(getattr(now, key))
        if then != current:
            builder.add_finding(rules.SAME_SERVER, subject, expected=then, actual=current)
    old, new = before.extensions, now.extensions
    for name in sorted(old.keys() | new.keys()):
        # Another major version brings other versions of extensions.
        is_upgrade = has_moved and name in old and name in new
        if old.get(name) != new.get(name) and not is_upgrade:
            builder.add_finding(
                rules.SAME_SERVER,
                f"the extension {name}",
                expected=old.get(name, _ABSENT),
                actual=new.get(name, _ABSENT),
            )
