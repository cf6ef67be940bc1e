"""The catalog that a target should have: what the release's scripts make of an empty database, or
else a recorded one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import psycopg

from cutover_gates.core.evidence.assessment import NotProven
from cutover_gates.probes.database.context import DatabaseContext, first_error_line
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
from cutover_gates.probes.database.schema.schema_catalog import (
    COLUMN_ORDER,
    SCHEMA_KINDS,
    Catalog,
    read_catalog,
)
from cutover_gates.probes.database.scratch.scratch_server import scratch_server
from cutover_gates.probes.database.snapshot.model import Snapshot
from cutover_gates.probes.database.snapshot.store import load_snapshot

SCRIPTED_KINDS = ("extension", "owner", "grant", "default grant")
"""What scripts may say of what stands around the tables."""


@dataclass(frozen=True)
class ExpectedCatalog:
    """`source` says where the catalog comes from. The history's own table is not in it."""

    source: str
    catalog: Catalog


def load_expected_catalog(site: DatabaseContext) -> ExpectedCatalog:
    """What the scripts make; where they cannot be applied, the catalog of
    `migrations.expected_catalog`. Worked out once a run.

    Raises `NotProven`, with both reasons, where there is neither.
    """
    plain = site.compute_once("expected-catalog", lambda: _compute_expected_catalog(site))
    return ExpectedCatalog(plain["source"], Catalog.from_plain(plain["catalog"]))


def load_recorded_catalog(site: DatabaseContext) -> ExpectedCatalog | None:
    """The catalog that the settings name; None where they name none.

    Raises `NotProven` where it cannot be read, or is of another migration.
    """
    if site.migrations.expected_catalog is None:
        return None
    path = site.resolve_path(site.migrations.expected_catalog)
    if not path.exists():
        raise NotProven(
            f"{path} (migrations.expected_catalog) is not there: take a snapshot of a target that"
            " is as it should be, and name its file"
        )
    snapshot, release_is_at = load_snapshot(path), _find_release_migration(site)
    if snapshot.migration != release_is_at:
        raise NotProven(
            f"the catalog in {path.name} (migrations.expected_catalog) was recorded at migration"
            f" {snapshot.migration}, and the release is at {release_is_at}: name one that was"
            " recorded with the release in place, as on staging"
        )
    kinds = (
        *SCHEMA_KINDS,
        COLUMN_ORDER,
        "extension",
        "grant",
        "default grant",
    )  # owners may have other names where it was recorded
    return ExpectedCatalog(
        f"the catalog recorded in {path.name}",
        exclude_history_table(site, extract_snapshot_catalog(snapshot)).select_kinds(*kinds),
    )


def extract_snapshot_catalog(snapshot: Snapshot) -> Catalog:
    """The catalog that was recorded. Raises `NotProven` where there is none."""
    if not snapshot.catalog:
        raise NotProven(
            f"the snapshot of {snapshot.taken_at_text} holds no catalog, so the schema cannot be held"
            " against it: take another"
        )
    return Catalog.from_plain(snapshot.catalog)


def exclude_history_table(site: DatabaseContext, catalog: Catalog) -> Catalog:
    """The catalog without the table in which the tool keeps its history: the scripts say nothing of
    it.
    """
    return catalog.exclude_tables([".".join(history_table_name(site))])


def read_target_catalog(site: DatabaseContext) -> Catalog:
    """The target's catalog as it is now. Raises `NotProven` where it cannot be read."""
    with site.connect() as connection:
        try:
            return exclude_history_table(site, read_catalog(connection, site.migrations.schemas))
        except psycopg.Error as error:
            raise NotProven(
                f"the target's catalog could not be read ({first_error_line(error)})"
            ) from None


def _compute_expected_catalog(site: DatabaseContext) -> dict[str, Any]:
    try:
        scripts = _load_applicable_scripts(site)
        found = ExpectedCatalog(
            f"the scripts {scripts[0].file_name} to {scripts[-1].file_name}",
            _build_catalog(site, scripts),
        )
    except NotProven as why:
        instead = _load_fallback_catalog(site, why)
        found = ExpectedCatalog(f"{instead.source}, since {why}", instead.catalog)
    return {"source": found.source, "catalog": found.catalog.as_plain()}


def _load_fallback_catalog(site: DatabaseContext, why: NotProven) -> ExpectedCatalog:
    try:
        instead = load_recorded_catalog(site)
    except NotProven as neither:
        raise NotProven(f"{why}; and {neither}") from None
    if instead is None:
        raise NotProven(
            f"{why}; and no recorded catalog is named to compare with instead"
            " (migrations.expected_catalog)"
        )
    return instead


def _find_release_migration(site: DatabaseContext) -> str | None:
    """By the scripts; of a tool whose scripts have no order of their own, by the target's history."""
    from cutover_gates.probes.database.identity import find_newest_script, read_applied_migration

    with site.connect() as connection:
        return find_newest_script(site) or read_applied_migration(site, connection)


def _load_applicable_scripts(site: DatabaseContext) -> list[MigrationScript]:
    """The scripts, unless applying them to nothing would not give the whole schema."""
    if site.migrations.tool != "flyway":
        raise NotProven(
            f"scripts of {site.migrations.tool} are programs, and cannot be applied from here to an"
            " empty database"
        )
    scripts = load_install_scripts(site)
    with site.connect() as connection:
        try:
            rows = parse_flyway_rows(read_history_lines(site, connection))
        except HistoryTableNotFound:
            rows = []
    for row in rows:
        if (
            row.type == "BASELINE"
            and row.version
            and not _covers_baseline(scripts, row.version.numbers)
        ):
            raise NotProven(
                f"the history begins with the baseline {row.version}, and what the database held"
                " until then is in no script"
            )
    return scripts


def _covers_baseline(scripts: Iterable[MigrationScript], baseline: tuple[int, ...]) -> bool:
    return any(
        script.kind == "B" or (script.version and script.version.numbers <= baseline)
        for script in scripts
    )


def _build_catalog(site: DatabaseContext, scripts: list[MigrationScript]) -> Catalog:
    """What the scripts make, in a database that is thrown away.

    The target's roles are there, for scripts that grant.
    """
    with site.connect() as connection:
        major = connection.info.server_version // 10000
        roles = [
            str(row["rolname"])
            for row in connection.execute(
                "SELECT rolname FROM pg_roles WHERE NOT starts_with(rolname, 'pg_')"
            )
        ]
    placeholders = {
        name: value
        for name, value in collect_placeholders(site, "").items()
        if name != "flyway:filename"
    }
    with scratch_server(site, major) as server:
        dsn = server.create_database(roles=roles)
        empty, applied_by = _read_with_role(dsn, site)
        try:
            apply_scripts(dsn, scripts, placeholders, schema=site.migrations.schemas[0])
        except ScriptFailed as failed:
            raise NotProven(
                f"the scripts cannot be applied to an empty PostgreSQL {major}: {failed}"
            ) from None
        made, _ = _read_with_role(dsn, site)
        return _select_scripted_objects(empty, made, applied_by)


def _read_with_role(dsn: str, site: DatabaseContext) -> tuple[Catalog, str]:
    """The catalog, and the role that reads it."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        return (
            exclude_history_table(site, read_catalog(connection, site.migrations.schemas)),
            connection.info.user,
        )


def _select_scripted_objects(empty: Catalog, made: Catalog, applied_by: str) -> Catalog:
    """All that was made; and of what stands around it what differs from an empty database, and
    belongs to somebody on purpose.
    """
    around = (
        made.select_kinds(*SCRIPTED_KINDS)
        .subtract(empty)
        .filter_objects(lambda kind, _name, facts: kind != "owner" or facts["owner"] != applied_by)
    )
    return Catalog({**made.select_kinds(*SCHEMA_KINDS, COLUMN_ORDER).objects, **around.objects})
