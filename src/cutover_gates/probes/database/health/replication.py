"""Whether what the server writes gets to its standbys and to its archive."""

from __future__ import annotations

import psycopg

from cutover_gates.core.evidence.assessment import AssessmentBuilder, NotProven
from cutover_gates.probes.database.bounded_reader import BoundedReader
from cutover_gates.probes.database.context import (
    DatabaseContext,
    DatabaseUnreachable,
    Row,
    first_error_line,
)
from cutover_gates.probes.database.health.server_sessions import (
    MAX_LAG_BYTES,
    find_missing_privilege,
)
from cutover_gates.probes.database.identity import wait_for_standby

_STANDBYS = """
SELECT coalesce(nullif(application_name, ''), 'process ' || pid) AS name, state, sync_state,
       coalesce(extract(epoch FROM replay_lag), 0)::float AS seconds,
       pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::bigint AS bytes
FROM pg_stat_replication WHERE state <> 'backup' ORDER BY name
"""
_SLOTS = """
SELECT slot_name AS name, active, wal_status, pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint AS bytes
FROM pg_replication_slots WHERE NOT temporary ORDER BY slot_name
"""
_REPLICATION_ROLE = """
SELECT pg_is_in_recovery() AS standby, current_setting('synchronous_standby_names') AS waits_for
"""
_ARCHIVE = """
SELECT current_setting('archive_mode') AS mode, archived_count AS archived, failed_count AS failed, last_failed_wal AS failed_file,
       last_failed_time::text AS failed_at, last_archived_time::text AS archived_at,
       coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false) AS fails
FROM pg_stat_archiver
"""


def check_replication(site: DatabaseContext, reader: BoundedReader) -> AssessmentBuilder:
    """Every standby that is connected, every slot that should be in use, and the standby that the
    settings name for the heavy reads.
    """
    seen, here = (
        AssessmentBuilder(figures={"bytes that a standby may be behind": MAX_LAG_BYTES}),
        reader.fetch_one(_REPLICATION_ROLE),
    )
    if here["standby"]:
        seen.not_proven.append(
            "Replication: the DSN leads to a standby, which does not know the others."
        )
        return seen
    if why := find_missing_privilege(reader, "Standbys"):
        seen.not_proven.append(why)
    else:
        _check_standbys(site, reader.fetch_all(_STANDBYS), here["waits_for"], seen)
    _check_slots(reader.fetch_all(_SLOTS), seen)
    if site.standby:
        _check_configured_standby(site, seen)
    return seen


def check_archive(_site: DatabaseContext, reader: BoundedReader) -> AssessmentBuilder:
    """The archive of the write-ahead log, where there is one: its last attempt succeeded.

    Without one that is said in the facts.
    """
    found = reader.fetch_one(_ARCHIVE)
    seen = AssessmentBuilder(checked=["the archiver"], figures=dict(found))
    if found["mode"] != "off" and found["fails"]:
        success = (
            f"the last success was at {found['archived_at']}"
            if found["archived_at"]
            else "nothing was ever archived"
        )
        seen.findings.append(
            f"Archiving fails: {found['failed']} failures, the last with {found['failed_file']} at"
            f" {found['failed_at']}, and {success}: what is written now can be restored from no"
            " backup."
        )
    return seen


def check_declared_copies(site: DatabaseContext, reader: BoundedReader) -> AssessmentBuilder:
    """As many standbys as the settings say, and an archive where they say so.

    What nobody declared, nobody can miss: that is not proven.
    """
    seen, here = (
        AssessmentBuilder(checked=["the copies that are declared"]),
        reader.fetch_one(_REPLICATION_ROLE),
    )
    if here["standby"]:
        seen.not_proven.append(
            "Copies: the DSN leads to a standby, which does not know the others."
        )
    elif why := find_missing_privilege(reader, "Standbys"):
        seen.not_proven.append(why)
    else:
        _check_standby_count(
            site.migrations.standbys,
            [row["name"] for row in reader.fetch_all(_STANDBYS) if row["state"] == "streaming"],
            seen,
        )
    _check_archive_mode(site.migrations.archived, str(reader.fetch_one(_ARCHIVE)["mode"]), seen)
    return seen


def _check_standby_count(wanted: int | None, following: list[str], seen: AssessmentBuilder) -> None:
    seen.figures |= {"standbys that follow": following, "standbys that must": wanted}
    if wanted is None:
        seen.not_proven.append(
            f"Standbys: {len(following)} follow, and nobody says how many must: write standbys in"
            " the target's migrations, 0 where there is none."
        )
    elif len(following) < wanted:
        seen.findings.append(
            f"{wanted} standbys must follow the primary (standbys), and {len(following)}"
            f" do{': ' if following else '.'}{', '.join(following)}"
        )


def _check_archive_mode(wanted: bool | None, mode: str, seen: AssessmentBuilder) -> None:
    seen.figures |= {"archive_mode": mode}
    if mode == "off" and wanted:
        seen.findings.append(
            "The write-ahead log must be archived (archived), and archive_mode is off."
        )
    elif mode == "off" and wanted is None:
        seen.not_proven.append(
            "The archive: archive_mode is off, and nobody says that it may be: write archived ="
            " false in the target's migrations, or switch it on."
        )


def _check_standbys(
    site: DatabaseContext, standbys: list[Row], waits_for: str, seen: AssessmentBuilder
) -> None:
    allowed = site.migrations.standby_lag_seconds
    seen.checked.append("standbys")
    seen.figures["standbys"] = standbys
    for row in standbys:
        if row["state"] != "streaming":
            seen.findings.append(
                f"The standby {row['name']} is not streaming but in state {row['state']}."
            )
        if row["seconds"] > allowed or (row["bytes"] or 0) > MAX_LAG_BYTES:
            seen.findings.append(
                f"The standby {row['name']} is {row['seconds']:.1f} s and {row['bytes']} bytes"
                f" behind, and {allowed:g} s (standby_lag_seconds) or {MAX_LAG_BYTES} bytes is the"
                " limit."
            )
    if waits_for and not any(row["sync_state"] in ("sync", "quorum") for row in standbys):
        seen.findings.append(
            f"Every commit waits for a synchronous standby ({waits_for}), and none is connected."
        )


def _check_slots(slots: list[Row], seen: AssessmentBuilder) -> None:
    seen.checked.append("replication slots")
    seen.figures["slots"] = slots
    for row in slots:
        if row["wal_status"] in ("lost", "unreserved"):
            seen.findings.append(
                f"The replication slot {row['name']} has lost what it was to keep (wal_status"
                f" {row['wal_status']}): its standby cannot follow."
            )
        elif not row["active"]:
            seen.findings.append(
                f"The replication slot {row['name']} is used by nobody and holds back"
                f" {row['bytes'] or 0} bytes of write-ahead log: the disk fills up; start what uses"
                " it, or drop it."
            )


def _check_configured_standby(site: DatabaseContext, seen: AssessmentBuilder) -> None:
    """The heavy reads see what is there now only if this standby is a copy of this server, and
    close behind it.
    """
    name = "The standby of the settings (standby_dsn)"
    try:
        wait_for_standby(site)
    except (NotProven, DatabaseUnreachable) as why:
        seen.findings.append(f"{name} cannot be relied on: {why}.")
    except psycopg.Error as error:
        seen.not_proven.append(f"{name} cannot be asked: {first_error_line(error)}.")
    else:
        seen.checked.append(name)
