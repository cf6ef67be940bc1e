"""The catalog that a target should have: by the release's scripts, or else a recorded one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg

from cutover_gates.core.evidence.assessment import NotProven
from cutover_gates.core.findings import gap_error
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.identity import find_newest_script, read_applied_migration
from cutover_gates.probes.database.schema import rules
from cutover_gates.probes.database.schema.schema_catalog import (
    COLUMN_ORDER,
    DUMPED_KINDS,
    SCHEMA_KINDS,
    Catalog,
    read_catalog,
)
from cutover_gates.probes.database.schema.schema_from_scripts import (
    build_catalog,
    exclude_history_table,
    load_applicable_scripts,
    select_scripts_up_to,
)
from cutover_gates.probes.database.snapshot.model import Snapshot
from cutover_gates.probes.database.snapshot.store import load_snapshot
from cutover_gates.util.text import first_error_line

_SETTING = "migrations.expected_catalog"
# Owners are left out: they may have other names where the catalog was recorded.
_RECORDED_KINDS = (
    *SCHEMA_KINDS,
    COLUMN_ORDER,
    *DUMPED_KINDS,
    "extension",
    "grant",
    "default grant",
)


@dataclass(frozen=True)
class ExpectedCatalog:
    """A catalog and, in `source`, where it comes from. The history's own table is not in it."""

    source: str
    catalog: Catalog


def load_expected_catalog(context: DatabaseContext) -> ExpectedCatalog:
    """Return what the scripts make, or the recorded catalog where they cannot be applied.

    It is computed once a run. Raises `NotProven`, with both reasons, where there is neither.
    """
    plain = context.compute_once("expected-catalog", lambda: _compute_expected_catalog(context))
    return ExpectedCatalog(plain["source"], Catalog.from_plain(plain["catalog"]))


def load_earlier_catalog(context: DatabaseContext, migration: str | None) -> Catalog | None:
    """Return what the scripts make that had been applied at an older migration.

    None where the scripts of the tool cannot be applied one by one. It is computed once a run.
    """
    plain = context.compute_once(
        "earlier-catalog", lambda: _compute_earlier_catalog(context, migration)
    )
    return None if plain["catalog"] is None else Catalog.from_plain(plain["catalog"])


def load_recorded_catalog(context: DatabaseContext) -> ExpectedCatalog | None:
    """Return the catalog that the settings name; None where they name none.

    Raises `NotProven` where it cannot be read, or is of another migration.
    """
    if context.migrations.expected_catalog is None:
        return None
    path = context.resolve_path(context.migrations.expected_catalog)
    if not path.exists():
        raise gap_error(
            rules.EXPECTED_SCHEMA,
            _SETTING,
            f"{path} does not exist: take a snapshot of a target that is as it should be, and name"
            " its file",
        )
    # A catalog of before the migration would approve a database that nobody migrated.
    snapshot = load_snapshot(path)
    release_is_at = _find_release_migration(context)
    if snapshot.migration != release_is_at:
        raise gap_error(
            rules.EXPECTED_SCHEMA,
            _SETTING,
            f"{path.name} was recorded at migration {snapshot.migration}, and the release is at"
            f" {release_is_at}: name one that was recorded with the release in place",
        )
    catalog = exclude_history_table(context, extract_snapshot_catalog(snapshot))
    source = f"the catalog recorded in {path.name}"
    return ExpectedCatalog(source, catalog.select_kinds(*_RECORDED_KINDS))


def extract_snapshot_catalog(snapshot: Snapshot) -> Catalog:
    """Return the catalog in a snapshot. Raises `NotProven` where there is none."""
    if snapshot.catalog is None or not snapshot.catalog.objects:
        raise gap_error(
            rules.EXPECTED_SCHEMA, snapshot.label, "it holds no catalog: take another snapshot"
        )
    return snapshot.catalog


def read_target_catalog(context: DatabaseContext) -> Catalog:
    """Return the target's present catalog. Raises `NotProven` where it cannot be read."""
    with context.connect() as connection:
        try:
            catalog = read_catalog(connection, context.migrations.schemas)
        except psycopg.Error as error:
            raise gap_error(
                rules.READABLE_CATALOG, "the target's catalog", first_error_line(error)
            ) from None
    return exclude_history_table(context, catalog)


def _compute_expected_catalog(context: DatabaseContext) -> dict[str, Any]:
    try:
        scripts = load_applicable_scripts(context)
        catalog = build_catalog(context, scripts)
        source = f"the scripts {scripts[0].file_name} to {scripts[-1].file_name}"
    except NotProven as error:
        recorded = _load_fallback_catalog(context, error)
        catalog = recorded.catalog
        source = f"{recorded.source}, since {error.reason}"
    return {"source": source, "catalog": catalog.as_plain()}


def _compute_earlier_catalog(context: DatabaseContext, migration: str | None) -> dict[str, Any]:
    try:
        scripts = load_applicable_scripts(context)
        applied = select_scripts_up_to(scripts, migration)
        catalog = build_catalog(context, applied)
    except (NotProven, ValueError):
        return {"catalog": None}
    return {"catalog": catalog.as_plain()}


def _load_fallback_catalog(context: DatabaseContext, scripts_error: NotProven) -> ExpectedCatalog:
    """Return the recorded catalog. Raises `NotProven` with the scripts' gaps and its own."""
    try:
        recorded = load_recorded_catalog(context)
        if recorded is None:
            raise gap_error(rules.EXPECTED_SCHEMA, _SETTING, "it names no recorded catalog")
    except NotProven as error:
        raise NotProven(gaps=(*scripts_error.gaps, *error.gaps)) from None
    return recorded


def _find_release_migration(context: DatabaseContext) -> str | None:
    """Return the migration of the release.

    A tool whose scripts have no order of their own leaves it to the target's history.
    """
    with context.connect() as connection:
        return find_newest_script(context) or read_applied_migration(context, connection)
