"""Which rows differ, exactly: the database against the restored backup, key by key.

Asked only where something differs, for a restore is dear.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import psycopg

from cutover.database.backup.restoring import restored
from cutover.database.rows.locating import differing_keys
from cutover.database.rows.looking import MIGRATED, spec_against
from cutover.database.rows.reading import reading
from cutover.database.rows.tables import Connection, Table, TableSpec, read_tables, spec_of
from cutover.database.session import DatabaseSilent, first_line
from cutover.database.site import Site
from cutover.database.snapshot import Snapshot
from cutover.evidence.examination import NotProven


def pinpointed(
    site: Site, before: Snapshot, dsn: str, names: Sequence[str], expected: str
) -> dict[str, str]:
    """The keys that differ, by table, in words.

    A table without a key is not among them. Raises `NotProven` where the backup cannot say it.
    """
    found = {}
    try:
        with restored(site) as copy:
            here = _specs(
                site,
                dsn,
                names,
                lambda session, table: spec_against(
                    session, site, table, before.figures.tables[table.name], expected
                ),
            )
            there = _specs(
                site,
                copy.dsn,
                names,
                lambda session, table: _as_expected(site, session, table, before, expected),
            )
            for name in names:
                if here[name].key and here[name].key == there[name].key:
                    found[name] = str(
                        differing_keys(
                            dsn,
                            here[name],
                            copy.dsn,
                            there[name],
                            ends=site.budget.ends,
                            connections=site.migrations.connections,
                        )
                    )
    except DatabaseSilent as silence:
        raise NotProven(str(silence)) from None
    except psycopg.Error as error:
        raise NotProven(first_line(error)) from None
    return found


def _specs(
    site: Site, dsn: str, names: Sequence[str], spec: Callable[[Connection, Table], TableSpec]
) -> dict[str, TableSpec]:
    with reading(dsn, site.budget.ends, site.migrations.schemas) as session:
        tables, _ = read_tables(session.first, site.migrations.schemas)
        return {name: spec(session.first, tables[name]) for name in names}


def _as_expected(
    site: Site, connection: Connection, table: Table, before: Snapshot, expected: str
) -> TableSpec:
    """The same columns of the old table: as they are, or as they should have become.

    Up to the snapshot's mark, too.
    """
    spec = replace(
        spec_of(connection, table, site.change_of(table.name)),
        mark=before.figures.tables[table.name].mark,
    )
    if expected == MIGRATED and spec.expected is not None:
        return replace(spec, content=spec.expected, key=spec.expected_key, expected=None)
    return replace(spec, expected=None)
