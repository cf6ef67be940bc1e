"""The scripts of the night that a database has not had yet."""

from __future__ import annotations

import psycopg

from cutover_gates.core.findings import gap_error
from cutover_gates.probes.database.context import (
    DatabaseContext,
    DatabaseUnreachable,
    connect_read_only,
)
from cutover_gates.probes.database.history import rules
from cutover_gates.probes.database.history.flyway_states import compute_states
from cutover_gates.probes.database.history.history_table import (
    HistoryTableNotFound,
    parse_flyway_rows,
    read_history_lines,
)
from cutover_gates.probes.database.history.migration_scripts import (
    MigrationScript,
    load_install_scripts,
    load_scripts,
)
from cutover_gates.probes.database.history.scripts_of_night import read_point
from cutover_gates.util.text import first_error_line


def find_pending_scripts(context: DatabaseContext, dsn: str) -> list[MigrationScript]:
    """Return what the database at `dsn` (the target's, or a copy) has not had, in Flyway's order.

    A repeatable script that changed since is pending, too. A database without a history has had
    nothing. Raises `NotProven` where scripts or history cannot be read, and for a tool whose
    scripts cannot be run from here.
    """
    tool = context.migrations.tool
    if tool != "flyway":
        raise gap_error(
            rules.SCRIPTS_FOUND,
            f"the scripts of {tool}",
            "they are programs, and not run from here",
        )
    expected = load_install_scripts(context)
    try:
        with connect_read_only(dsn, context.database) as connection:
            rows = parse_flyway_rows(read_history_lines(context, connection))
    except psycopg.Error as error:
        raise gap_error(rules.READABLE_HISTORY, "the history", first_error_line(error)) from None
    except DatabaseUnreachable as error:
        raise gap_error(rules.READABLE_HISTORY, "the history", str(error)) from None
    except HistoryTableNotFound:
        return expected
    states = compute_states(
        load_scripts(context).scripts,
        rows,
        out_of_order=context.migrations.out_of_order,
        target=read_point(context.migrations),
    )
    return [
        each.script
        for each in states
        if each.script and each.row is None and each.state == "Pending"
    ]
