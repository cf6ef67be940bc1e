"""The catalog that a target should have: what the release's scripts make of an empty database, or
else a recorded one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from cutover.database.catalog.model import MADE, ORDER, Catalog
from cutover.database.catalog.reading import read_catalog
from cutover.database.history.applying import ScriptFailed, apply
from cutover.database.history.reading import NoHistory, history_table, lines, rows_of
from cutover.database.history.scripts import Script, known_placeholders, scripts_on_disk
from cutover.database.scratch import scratch_server
from cutover.database.session import first_line
from cutover.database.site import Site
from cutover.evidence.examination import NotProven

if TYPE_CHECKING:
    from cutover.database.snapshot import Snapshot

SAID = ("extension", "owner", "grant", "default grant")
"""What scripts may say of what stands around the tables."""


@dataclass(frozen=True)
class Expectation:
    """`source` says where the catalog comes from. The history's own table is not in it."""

    source: str
    catalog: Catalog


def expectation(site: Site) -> Expectation:
    """What the scripts make; where they cannot be applied, the catalog of
    `migrations.expected_catalog`. Worked out once a run.

    Raises `NotProven`, with both reasons, where there is neither.
    """
    plain = site.once("expected-catalog", lambda: _found(site))
    return Expectation(plain["source"], Catalog.from_plain(plain["catalog"]))


def recorded(site: Site) -> Expectation | None:
    """The catalog that the settings name; None where they name none.

    Raises `NotProven` where it cannot be read, or is of another migration.
    """
    if site.migrations.expected_catalog is None:
        return None
    path = site.path(site.migrations.expected_catalog)
    if not path.exists():
        raise NotProven(
            f"{path} (migrations.expected_catalog) is not there: take a snapshot of a target that"
            " is as it should be, and name its file"
        )
    snapshot, release_is_at = _loaded(path), _migration_of_the_release(site)
    if snapshot.migration != release_is_at:
        raise NotProven(
            f"the catalog in {path.name} (migrations.expected_catalog) was recorded at migration"
            f" {snapshot.migration}, and the release is at {release_is_at}: name one that was"
            " recorded with the release in place, as on staging"
        )
    kinds = (
        *MADE,
        ORDER,
        "extension",
        "grant",
        "default grant",
    )  # owners may have other names where it was recorded
    return Expectation(
        f"the catalog recorded in {path.name}",
        without_history(site, catalog_of(snapshot)).only(*kinds),
    )


def catalog_of(snapshot: Snapshot) -> Catalog:
    """The catalog that was recorded. Raises `NotProven` where there is none."""
    if not snapshot.catalog:
        raise NotProven(
            f"the snapshot of {snapshot.taken} holds no catalog, so the schema cannot be held"
            " against it: take another"
        )
    return Catalog.from_plain(snapshot.catalog)


def without_history(site: Site, catalog: Catalog) -> Catalog:
    """The catalog without the table in which the tool keeps its history: the scripts say nothing of
    it.
    """
    return catalog.without([".".join(history_table(site))])


def target_catalog(site: Site) -> Catalog:
    """The target's catalog as it is now. Raises `NotProven` where it cannot be read."""
    with site.connect() as connection:
        try:
            return without_history(site, read_catalog(connection, site.migrations.schemas))
        except psycopg.Error as error:
            raise NotProven(
                f"the target's catalog could not be read ({first_line(error)})"
            ) from None


def _found(site: Site) -> dict[str, Any]:
    try:
        scripts = _applicable(site)
        found = Expectation(
            f"the scripts {scripts[0].file_name} to {scripts[-1].file_name}",
            _made_by(site, scripts),
        )
    except NotProven as why:
        instead = _instead(site, why)
        found = Expectation(f"{instead.source}, since {why}", instead.catalog)
    return {"source": found.source, "catalog": found.catalog.as_plain()}


def _instead(site: Site, why: NotProven) -> Expectation:
    try:
        instead = recorded(site)
    except NotProven as neither:
        raise NotProven(f"{why}; and {neither}") from None
    if instead is None:
        raise NotProven(
            f"{why}; and no recorded catalog is named to compare with instead"
            " (migrations.expected_catalog)"
        )
    return instead


def _loaded(path: Path) -> Snapshot:
    from cutover.database.snapshot import (
        Snapshot,
    )  # a snapshot holds a catalog, so that its module is made from ours

    return Snapshot.load(path)


def _migration_of_the_release(site: Site) -> str | None:
    """By the scripts; of a tool whose scripts have no order of their own, by the target's history."""
    from cutover.database.rows.server import migration, newest_script

    with site.connect() as connection:
        return newest_script(site) or migration(site, connection)


def _applicable(site: Site) -> list[Script]:
    """The scripts, unless applying them to nothing would not give the whole schema."""
    if site.migrations.tool != "flyway":
        raise NotProven(
            f"scripts of {site.migrations.tool} are programs, and cannot be applied from here to an"
            " empty database"
        )
    scripts = scripts_on_disk(site)
    with site.connect() as connection:
        try:
            rows = rows_of(lines(site, connection))
        except NoHistory:
            rows = []
    for row in rows:
        if (
            row.type == "BASELINE"
            and row.version
            and not _reaches_below(scripts, row.version.numbers)
        ):
            raise NotProven(
                f"the history begins with the baseline {row.version}, and what the database held"
                " until then is in no script"
            )
    return scripts


def _reaches_below(scripts: Iterable[Script], baseline: tuple[int, ...]) -> bool:
    return any(
        script.kind == "B" or (script.version and script.version.numbers <= baseline)
        for script in scripts
    )


def _made_by(site: Site, scripts: list[Script]) -> Catalog:
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
        for name, value in known_placeholders(site, "").items()
        if name != "flyway:filename"
    }
    with scratch_server(site, major) as server:
        dsn = server.create(roles=roles)
        empty, applied_by = _read(dsn, site)
        try:
            apply(dsn, scripts, placeholders, schema=site.migrations.schemas[0])
        except ScriptFailed as failed:
            raise NotProven(
                f"the scripts cannot be applied to an empty PostgreSQL {major}: {failed}"
            ) from None
        made, _ = _read(dsn, site)
        return _said(empty, made, applied_by)


def _read(dsn: str, site: Site) -> tuple[Catalog, str]:
    """The catalog, and the role that reads it."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        return (
            without_history(site, read_catalog(connection, site.migrations.schemas)),
            connection.info.user,
        )


def _said(empty: Catalog, made: Catalog, applied_by: str) -> Catalog:
    """All that was made; and of what stands around it what differs from an empty database, and
    belongs to somebody on purpose.
    """
    around = (
        made.only(*SAID)
        .minus(empty)
        .where(lambda kind, _name, facts: kind != "owner" or facts["owner"] != applied_by)
    )
    return Catalog({**made.only(*MADE, ORDER).things, **around.things})
