"""The catalog that the release's scripts make of an empty database, in a scratch server."""

from __future__ import annotations

from collections.abc import Iterable

import psycopg

from cutover_gates.core.findings import gap_error
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.history.flyway_conventions import Version
from cutover_gates.probes.database.history.history_table import (
    HistoryTableNotFound,
    history_table_name,
    parse_flyway_rows,
    read_history_lines,
)
from cutover_gates.probes.database.history.migration_scripts import (
    MigrationScript,
    collect_placeholders,
    load_install_scripts,
)
from cutover_gates.probes.database.history.script_execution import ScriptFailed, apply_scripts
from cutover_gates.probes.database.schema import rules
from cutover_gates.probes.database.schema.schema_catalog import (
    COLUMN_ORDER,
    OTHER_SCHEMA,
    SCHEMA_KINDS,
    SUPPORTING_KINDS,
    Catalog,
    read_catalog,
)
from cutover_gates.probes.database.scratch.scratch_server import scratch_server

SCRIPTED_KINDS = ("extension", "owner", "grant", "default grant", "parameter grant")
"""Kinds of the environment about which scripts may say something."""
_FILE_NAME_PLACEHOLDER = "flyway:filename"


def load_applicable_scripts(context: DatabaseContext) -> list[MigrationScript]:
    """Return the scripts that make the whole schema of an empty database.

    Raises `NotProven` where they would not.
    """
    tool = context.migrations.tool
    if tool != "flyway":
        raise gap_error(
            rules.EXPECTED_SCHEMA,
            f"the scripts of {tool}",
            "they are programs, and cannot be applied from here to an empty database",
        )
    scripts = load_install_scripts(context)
    with context.connect() as connection:
        try:
            rows = parse_flyway_rows(read_history_lines(context, connection))
        except HistoryTableNotFound:
            rows = []
    # A baseline says that an older schema was there, which no script may make.
    for row in rows:
        is_baseline = row.type == "BASELINE" and row.version is not None
        if is_baseline and row.version and not _covers(scripts, row.version.numbers):
            raise gap_error(
                rules.EXPECTED_SCHEMA,
                f"the baseline {row.version}",
                "no script makes what the database held until then",
            )
    return scripts


def _covers(scripts: Iterable[MigrationScript], baseline: tuple[int, ...]) -> bool:
    return any(
        script.kind == "B" or (script.version and script.version.numbers <= baseline)
        for script in scripts
    )


def select_scripts_up_to(
    scripts: Iterable[MigrationScript], migration: str | None
) -> list[MigrationScript]:
    """Return the versioned scripts up to a migration; none where there was no migration.

    A repeatable script fits the newest schema only. Raises `ValueError` for another tool's name.
    """
    if migration is None:
        return []
    last = Version.parse(migration).numbers
    return [script for script in scripts if script.version and script.version.numbers <= last]


def build_catalog(context: DatabaseContext, scripts: list[MigrationScript]) -> Catalog:
    """Return what the scripts make in a scratch database.

    It has the roles of the target, for scripts that grant. Raises `NotProven`.
    """
    major, roles = read_server(context)
    placeholders = collect_scratch_placeholders(context)
    # The same major version: another one writes some definitions differently.
    with scratch_server(context, major) as server:
        dsn = server.create_database(roles=roles)
        empty, applied_by = _read_with_role(dsn, context)
        try:
            apply_scripts(dsn, scripts, placeholders, schema=context.migrations.schemas[0])
        except ScriptFailed as error:
            raise gap_error(
                rules.EXPECTED_SCHEMA,
                "the scripts",
                f"they cannot be applied to an empty PostgreSQL {major}: {error}",
            ) from None
        made, _ = _read_with_role(dsn, context)
        return _select_scripted_objects(empty, made, applied_by)


def exclude_history_table(context: DatabaseContext, catalog: Catalog) -> Catalog:
    """Return the catalog without the table in which the migration tool keeps its history.

    The scripts say nothing of it.
    """
    return catalog.exclude_tables([".".join(history_table_name(context))])


def collect_scratch_placeholders(context: DatabaseContext) -> dict[str, str]:
    """Return the placeholders without the file's name, which `apply_scripts` fills in itself."""
    placeholders = dict(collect_placeholders(context, ""))
    placeholders.pop(_FILE_NAME_PLACEHOLDER, None)
    return placeholders


def read_server(context: DatabaseContext) -> tuple[int, list[str]]:
    """Return the target's major version and the names of its roles."""
    query = "SELECT rolname FROM pg_roles WHERE NOT starts_with(rolname, 'pg_')"
    with context.connect() as connection:
        major = connection.info.server_version // 10000
        return major, [str(row["rolname"]) for row in connection.execute(query)]


def _read_with_role(dsn: str, context: DatabaseContext) -> tuple[Catalog, str]:
    """Return the catalog and the role that reads it."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        catalog = read_catalog(connection, context.migrations.schemas)
        return exclude_history_table(context, catalog), connection.info.user


def _select_scripted_objects(empty: Catalog, made: Catalog, applied_by: str) -> Catalog:
    """Return all objects, and of their environment what the scripts say of it.

    That is what differs from an empty database, and no owner that only the scratch server gives.
    """
    environment = made.select_kinds(*SCRIPTED_KINDS).subtract(empty)
    environment = environment.filter_objects(
        lambda kind, _name, facts: kind != "owner" or facts["owner"] != applied_by
    )
    # Of the scratch server's roles only what the scripts give to them is asked for.
    kinds = (*SCHEMA_KINDS, COLUMN_ORDER, *SUPPORTING_KINDS, OTHER_SCHEMA, "role")
    return Catalog({**made.select_kinds(*kinds).objects, **environment.objects})
