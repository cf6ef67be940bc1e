"""The scripts that the release brings to this database in the cutover's night."""

from __future__ import annotations

import psycopg

from cutover_gates.core.findings import NotProven, gap_error
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.history.flyway_conventions import Version
from cutover_gates.probes.database.history.migration_scripts import (
    MigrationScript,
    load_install_scripts,
)
from cutover_gates.probes.database.history.pending_scripts import find_pending_scripts
from cutover_gates.probes.database.rehearsal import rules
from cutover_gates.probes.database.snapshot.selection import find_newest_snapshot
from cutover_gates.util.text import first_error_line


def select_scripts_of_release(context: DatabaseContext) -> list[MigrationScript]:
    """Return the pending scripts; after the cutover, those that came since the snapshot.

    Raises `NotProven` where there are none.
    """
    try:
        if pending := find_pending_scripts(context, context.dsn.get_secret_value()):
            return pending
    except psycopg.Error as error:
        reason = f"the pending scripts cannot be read: {first_error_line(error)}"
        raise gap_error(rules.SCRIPTS_KNOWN, context.target, reason) from None
    before = _read_snapshot_version(context)
    since = [
        script
        for script in load_install_scripts(context)
        if script.version and (before is None or script.version > before)
    ]
    if not since:
        reason = f"no script is pending, and none is above version {before} of the snapshot"
        raise gap_error(rules.SCRIPTS_KNOWN, context.target, reason)
    return since


def _read_snapshot_version(context: DatabaseContext) -> Version | None:
    """Return the migration of the snapshot; None where it had none."""
    try:
        migration = find_newest_snapshot(context).migration
    except NotProven as hole:
        reason = f"no script is pending, and those of the cutover are not known: {hole.reason}"
        raise gap_error(rules.SCRIPTS_KNOWN, context.target, reason) from None
    return Version.parse(migration) if migration else None
