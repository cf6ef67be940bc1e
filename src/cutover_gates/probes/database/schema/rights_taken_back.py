"""The rights that the scripts of a migration take back: the target must not have them any more.

The scripts that came since the snapshot run in a scratch database that has the rights of the
snapshot. What is gone afterwards was taken back, however the script did it.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Sequence

import psycopg

from cutover_gates.core.findings import gap_error
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.history.history_table import (
    read_history_lines,
    read_history_lines_if_present,
)
from cutover_gates.probes.database.history.migration_scripts import (
    MigrationScript,
    load_scripts,
    select_install_scripts,
)
from cutover_gates.probes.database.history.script_execution import ScriptFailed, apply_scripts
from cutover_gates.probes.database.schema import rules
from cutover_gates.probes.database.schema.granted_before import (
    grant_as_before,
    read_targets,
)
from cutover_gates.probes.database.schema.privileges import name_database_owner
from cutover_gates.probes.database.schema.right_changes import (
    RightsState,
    find_given_memberships,
    find_taken_rights,
)
from cutover_gates.probes.database.schema.schema_catalog import Catalog, read_catalog
from cutover_gates.probes.database.schema.schema_from_scripts import (
    collect_scratch_placeholders,
    load_applicable_scripts,
    read_server,
    select_scripts_up_to,
)
from cutover_gates.probes.database.scratch.scratch_server import scratch_server
from cutover_gates.probes.database.snapshot.model import Snapshot

# Statements that take rights back, or give or take the membership in a role: GRANT without ON.
_CHANGES = re.compile(
    r"\b(?:revoke|drop\s+owned|reassign\s+owned|owner\s+to)\b|acl\b|pg_auth_members"
    r"|\bgrant\b(?:(?!\bon\b)[^;])*?\bto\b|\b(?:create|alter)\s+(?:role|user|group)\b",
    re.IGNORECASE,
)
# A body that an older script made may hold them, too, and a new script may call it.
_BODY = re.compile(r"\$(\w*)\$.*?\$\1\$", re.DOTALL)


def load_right_changes(
    context: DatabaseContext, before: Catalog, snapshot: Snapshot
) -> tuple[Catalog, Catalog]:
    """Return the rights of before that the scripts since take back, and the memberships they give.

    Rights stand under the names that their objects have now. It is computed once a run. Raise
    `NotProven` where it cannot be seen.
    """
    plain = context.compute_once(
        "right-changes", lambda: _compute_right_changes(context, before, snapshot)
    )
    return Catalog.from_plain(plain["taken"]), Catalog.from_plain(plain["given"])


def _compute_right_changes(
    context: DatabaseContext, before: Catalog, snapshot: Snapshot
) -> dict[str, object]:
    load_applicable_scripts(context)  # raises for a tool whose scripts cannot be applied
    scripts = load_scripts(context).scripts
    executed = _list_executed(context, snapshot, scripts)
    nothing = Catalog({}).as_plain()
    if not executed or not _may_change_rights(executed, scripts):
        return {"taken": nothing, "given": nothing}
    names = {script.file_name for script in executed}
    others = [script for script in scripts if script.file_name not in names]
    versioned = select_scripts_up_to(select_install_scripts(others), snapshot.migration)
    repeatable = [script for script in others if script.kind == "R"]
    try:
        seeded, after = _run_scripts(context, before, versioned, repeatable, executed)
    except ScriptFailed as error:
        reason = f"the scripts cannot be applied to an empty database: {error}"
        raise gap_error(rules.WIDER_RIGHTS, "rights that the scripts take back", reason) from None
    taken, given = find_taken_rights(before, seeded, after), find_given_memberships(seeded, after)
    return {"taken": taken.as_plain(), "given": given.as_plain()}


def _list_executed(
    context: DatabaseContext, snapshot: Snapshot, scripts: Iterable[MigrationScript]
) -> list[MigrationScript]:
    """Return the scripts that the target has had since the snapshot, in its order."""
    lines = snapshot.history.lines if snapshot.history else []
    known = {line["installed_rank"] for line in lines if "installed_rank" in line}
    with context.connect() as connection:
        rows = read_history_lines_if_present(lambda: read_history_lines(context, connection))
    by_name = {script.file_name: script for script in scripts if script.kind in ("V", "R")}
    names = [str(row["script"]) for row in rows if row["installed_rank"] not in known]
    return [by_name[name] for name in dict.fromkeys(names) if name in by_name]


def _may_change_rights(
    executed: Sequence[MigrationScript], scripts: Iterable[MigrationScript]
) -> bool:
    texts = [script.content.decode("utf-8-sig") for script in executed]
    bodies = [
        body[0] for script in scripts for body in _BODY.finditer(script.content.decode("utf-8-sig"))
    ]
    return any(_CHANGES.search(text) for text in [*texts, *bodies])


def _run_scripts(
    context: DatabaseContext,
    before: Catalog,
    versioned: Sequence[MigrationScript],
    repeatable: Sequence[MigrationScript],
    executed: Sequence[MigrationScript],
) -> tuple[RightsState, RightsState]:
    """Return the rights before and after the executed scripts, in a scratch database."""
    major, roles = read_server(context)
    placeholders, schemas = collect_scratch_placeholders(context), context.migrations.schemas
    with scratch_server(context, major) as server:
        dsn = server.create_database(roles=roles)
        apply_scripts(dsn, versioned, placeholders, schema=schemas[0])
        for script in repeatable:
            # It fits the newest schema, and not always the one of before.
            with contextlib.suppress(ScriptFailed):
                apply_scripts(dsn, [script], placeholders, schema=schemas[0])
        with psycopg.connect(dsn, autocommit=True) as connection:
            explicit = name_database_owner(before)
            with (
                grant_as_before(connection, before, schemas),
                grant_as_before(connection, explicit.select_kinds("default grant"), schemas),
            ):
                seeded = _read_state(connection, schemas)
                apply_scripts(dsn, executed, placeholders, schema=schemas[0])
                return seeded, _read_state(connection, schemas)


def _read_state(connection: psycopg.Connection, schemas: Sequence[str]) -> RightsState:
    return RightsState(read_catalog(connection, schemas), read_targets(connection, schemas))
