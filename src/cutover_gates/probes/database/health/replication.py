"""Standbys and the archive: does what the server writes get there?"""

from __future__ import annotations

import psycopg

from cutover_gates.core.evidence.assessment import AssessmentBuilder, NotProven
from cutover_gates.core.findings import Rule
from cutover_gates.probes.database.bounded_reader import BoundedReader
from cutover_gates.probes.database.context import (
    DatabaseContext,
    DatabaseUnreachable,
    Row,
)
from cutover_gates.probes.database.health import rules
from cutover_gates.probes.database.health.server_sessions import MAX_LAG_BYTES, sees_all_sessions
from cutover_gates.probes.database.identity import wait_for_standby
from cutover_gates.probes.database.rules import CURRENT_STANDBY
from cutover_gates.util.text import first_error_line

_STANDBYS = """
SELECT coalesce(nullif(application_name, ''), 'process ' || pid) AS name, state, sync_state,
       coalesce(extract(epoch FROM replay_lag), 0)::float AS seconds,
       pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::bigint AS bytes
FROM pg_stat_replication WHERE state <> 'backup' ORDER BY name
"""
_SLOTS = """
SELECT slot_name AS name, active, wal_status,
       pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint AS bytes
FROM pg_replication_slots WHERE NOT temporary ORDER BY slot_name
"""
_REPLICATION_ROLE = """
SELECT pg_is_in_recovery() AS standby, current_setting('synchronous_standby_names') AS waits_for
"""
_ARCHIVE = """
SELECT current_setting('archive_mode') AS mode, archived_count AS archived, failed_count AS failed,
       last_failed_wal AS failed_file, last_failed_time::text AS failed_at,
       last_archived_time::text AS archived_at,
       coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false) AS fails
FROM pg_stat_archiver
"""
_STREAMING = "streaming"


def check_replication(context: DatabaseContext, reader: BoundedReader) -> AssessmentBuilder:
    """Check every connected standby, every slot, and the standby of the settings."""
    builder = AssessmentBuilder(figures={"bytes that a standby may be behind": MAX_LAG_BYTES})
    role = reader.fetch_one(_REPLICATION_ROLE)
    if not _is_primary(role, builder, rules.STANDBYS_FOLLOW):
        return builder
    if sees_all_sessions(reader, builder, rules.STANDBYS_FOLLOW, "standbys"):
        standbys = reader.fetch_all(_STANDBYS)
        _check_standbys(context, standbys, builder)
        _check_synchronous_standby(role["waits_for"], standbys, builder)
    _check_slots(reader.fetch_all(_SLOTS), builder)
    if context.standby:
        _check_configured_standby(context, builder)
    return builder


def check_archive(_context: DatabaseContext, reader: BoundedReader) -> AssessmentBuilder:
    """Check that the last attempt to archive the write-ahead log succeeded.

    Where nothing is archived, the figures say so.
    """
    archive = reader.fetch_one(_ARCHIVE)
    builder = AssessmentBuilder(checked=["the archiver"], figures=dict(archive))
    if archive["mode"] != "off" and archive["fails"]:
        success = archive["archived_at"] or "never"
        builder.add_finding(
            rules.ARCHIVING,
            "the archive of the write-ahead log",
            expected="success in the last attempt",
            actual=(
                f"{archive['failed']} failures, the last with {archive['failed_file']} at"
                f" {archive['failed_at']}; last success: {success}"
            ),
            reproduce="SELECT * FROM pg_stat_archiver",
        )
    return builder


def check_declared_copies(context: DatabaseContext, reader: BoundedReader) -> AssessmentBuilder:
    """Compare standbys and archive with what the settings declare.

    Where they declare nothing, a missing copy cannot be noticed, so it is not proven.
    """
    builder = AssessmentBuilder(checked=["the copies that are declared"])
    role = reader.fetch_one(_REPLICATION_ROLE)
    if _is_primary(role, builder, rules.STANDBY_COUNT) and sees_all_sessions(
        reader, builder, rules.STANDBY_COUNT, "standbys"
    ):
        standbys = reader.fetch_all(_STANDBYS)
        streaming = [row["name"] for row in standbys if row["state"] == _STREAMING]
        _check_standby_count(context.migrations.standbys, streaming, builder)
    mode = str(reader.fetch_one(_ARCHIVE)["mode"])
    _check_archive_mode(context.migrations.archived, mode, builder)
    return builder


def _is_primary(role: Row, builder: AssessmentBuilder, rule: Rule) -> bool:
    """Return whether the DSN leads to the primary; add a gap where not."""
    if role["standby"]:
        builder.add_gap(
            rule, "standbys", "the DSN leads to a standby, which does not know the others"
        )
    return not role["standby"]


def _check_standby_count(
    wanted: int | None, streaming: list[str], builder: AssessmentBuilder
) -> None:
    builder.figures |= {"standbys that follow": streaming, "standbys that must": wanted}
    if wanted is None:
        builder.add_gap(
            rules.STANDBY_COUNT,
            "standbys",
            f"{len(streaming)} follow, and the settings do not say how many must"
            " (migrations.standbys)",
        )
    elif len(streaming) < wanted:
        names = f": {', '.join(streaming)}" if streaming else ""
        builder.add_finding(
            rules.STANDBY_COUNT,
            "standbys",
            expected=f"{wanted} (migrations.standbys)",
            actual=f"{len(streaming)}{names}",
        )


def _check_archive_mode(wanted: bool | None, mode: str, builder: AssessmentBuilder) -> None:
    builder.figures |= {"archive_mode": mode}
    if mode == "off" and wanted:
        builder.add_finding(
            rules.ARCHIVE_MODE, "archive_mode", expected="on (migrations.archived)", actual=mode
        )
    elif mode == "off" and wanted is None:
        builder.add_gap(
            rules.ARCHIVE_MODE,
            "archive_mode",
            "it is off, and the settings do not say whether it may be (migrations.archived)",
        )


def _check_standbys(
    context: DatabaseContext, standbys: list[Row], builder: AssessmentBuilder
) -> None:
    allowed = context.migrations.standby_lag_seconds
    builder.checked.append("standbys")
    builder.figures["standbys"] = standbys
    for row in standbys:
        subject = f"standby {row['name']}"
        if row["state"] != _STREAMING:
            builder.add_finding(
                rules.STANDBYS_FOLLOW, subject, expected=_STREAMING, actual=row["state"]
            )
        if row["seconds"] > allowed or (row["bytes"] or 0) > MAX_LAG_BYTES:
            builder.add_finding(
                rules.STANDBYS_FOLLOW,
                subject,
                expected=(
                    f"at most {allowed:g} s (standby_lag_seconds) and {MAX_LAG_BYTES} bytes behind"
                ),
                actual=f"{row['seconds']:.1f} s and {row['bytes']} bytes",
            )


def _check_synchronous_standby(
    waits_for: str, standbys: list[Row], builder: AssessmentBuilder
) -> None:
    is_synchronous = any(row["sync_state"] in ("sync", "quorum") for row in standbys)
    if waits_for and not is_synchronous:
        builder.add_finding(
            rules.SYNCHRONOUS_STANDBY,
            "synchronous_standby_names",
            expected=f"a connected standby of {waits_for}",
            actual="none",
        )


def _check_slots(slots: list[Row], builder: AssessmentBuilder) -> None:
    builder.checked.append("replication slots")
    builder.figures["slots"] = slots
    for row in slots:
        subject = f"replication slot {row['name']}"
        # A lost slot keeps nothing any more, so its other columns say nothing.
        if row["wal_status"] in ("lost", "unreserved"):
            builder.add_finding(
                rules.REPLICATION_SLOTS,
                subject,
                expected="the log that its standby needs",
                actual=f"wal_status {row['wal_status']}",
            )
        elif not row["active"]:
            builder.add_finding(
                rules.REPLICATION_SLOTS,
                subject,
                expected="in use",
                actual=f"unused, holding back {row['bytes'] or 0} bytes of log",
            )


def _check_configured_standby(context: DatabaseContext, builder: AssessmentBuilder) -> None:
    """Check that the standby of the heavy reads is a copy of this server, and close behind it."""
    subject = "standby_dsn"
    try:
        wait_for_standby(context)
    except NotProven as error:
        # What makes a question to the standby unproven is a defect where the standby is checked.
        for gap in error.gaps:
            builder.add_finding(gap.rule, subject, actual=gap.actual)
    except DatabaseUnreachable as error:
        builder.add_finding(CURRENT_STANDBY, subject, actual=str(error))
    except psycopg.Error as error:
        builder.add_gap(CURRENT_STANDBY, subject, first_error_line(error))
    else:
        builder.checked.append("The standby of the settings (standby_dsn)")
