"""The migration of a clone for the release before: the scripts run, and the history has them.

A release that validates the history when it starts meets the one of the night.
"""

from __future__ import annotations

from collections.abc import Sequence

import psycopg
from psycopg import sql

from cutover_gates.core.findings import gap_error
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.history.history_table import history_table_name
from cutover_gates.probes.database.history.migration_scripts import (
    MigrationScript,
    collect_placeholders,
)
from cutover_gates.probes.database.history.pending_scripts import find_pending_scripts
from cutover_gates.probes.database.history.script_execution import ScriptFailed, apply_scripts
from cutover_gates.probes.database.rehearsal import rules
from cutover_gates.probes.database.rehearsal.rehearsal_result import describe_error

# As Flyway writes a line. A table without these columns is somebody's own.
_ADD_LINE = """
INSERT INTO {table} (installed_rank, version, description, type, script, checksum, installed_by,
    execution_time, success)
SELECT coalesce(max(installed_rank), 0) + 1, %(version)s, %(description)s, 'SQL', %(script)s,
    %(checksum)s, current_user, 0, true
FROM {table}
"""


def migrate_copy(context: DatabaseContext, dsn: str) -> list[str]:
    """Run the pending scripts on the clone `dsn`, and return their names.

    Raise `NotProven` where no script is pending, one fails, or the history takes no line.
    """
    scripts = find_pending_scripts(context, dsn)
    if not scripts:
        raise gap_error(rules.SCRIPTS_PENDING, context.target, "no script is pending on the copy")
    schema = context.migrations.schemas[0]
    placeholders = dict(collect_placeholders(context, ""))
    placeholders.pop("flyway:filename", None)
    try:
        with context.record_step("migrating the copy for the release before"):
            apply_scripts(dsn, scripts, placeholders, schema=None if schema == "public" else schema)
            _add_history(context, dsn, scripts)
    except ScriptFailed as failure:
        reason = f"{failure.script.file_name} failed on the copy: {_describe(failure)}"
        raise gap_error(rules.OLD_RELEASE_WORKS, failure.script.file_name, reason) from None
    except psycopg.Error as error:
        raise gap_error(rules.COPY_USABLE, "the copy", describe_error(error)) from None
    return [script.file_name for script in scripts]


def _describe(failure: ScriptFailed) -> str:
    error = failure.__context__
    return describe_error(error) if isinstance(error, psycopg.Error) else failure.reason


def _add_history(context: DatabaseContext, dsn: str, scripts: Sequence[MigrationScript]) -> None:
    table = sql.Identifier(*history_table_name(context))
    statement = sql.SQL(_ADD_LINE).format(table=table)
    with psycopg.connect(dsn) as connection:
        # Where the copy has no history, the release before has never validated one.
        found = connection.execute(
            "SELECT to_regclass(%s)", [table.as_string(connection)]
        ).fetchone()
        if found is None or found[0] is None:
            return
        for script in scripts:
            version = str(script.version) if script.version else None
            line = {
                "version": version,
                "description": script.description,
                "script": script.file_name,
                "checksum": script.checksum,
            }
            connection.execute(statement, line)
