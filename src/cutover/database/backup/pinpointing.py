"""Which rows differ, exactly: the database against the restored backup, key by key. Asked only where something differs, for a restore is dear."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import psycopg

from cutover.database.backup.restoring import restored
from cutover.database.rows.locating import differing_keys
from cutover.database.rows.looking import MIGRATED, spec_against
from cutover.database.rows.reading import reading
from cutover.database.rows.tables import TableSpec, read_tables, spec_of
from cutover.database.session import DatabaseSilent, first_line
from cutover.database.site import Site
from cutover.database.snapshot import Snapshot
from cutover.evidence.examination import NotProven


def pinpointed(site: Site, before: Snapshot, dsn: str, names: Sequence[str], expected: str) -> dict[str, str]:
    """The keys that differ, by table, in words. A table without a key is not among them. Raises `NotProven` where the backup cannot say it."""
    found = {}
    try:
        with restored(site) as copy:
            for name in names:
                here, there = _spec_here(site, before, dsn, name, expected), _spec_there(site, before, copy.dsn, name, expected)
                if here.key and here.key == there.key:
                    keys = differing_keys(dsn, here, copy.dsn, there, ends=site.budget.ends, connections=site.migrations.connections)
                    found[name] = str(keys)
    except DatabaseSilent as silence:
        raise NotProven(str(silence)) from None
    except psycopg.Error as error:
        raise NotProven(first_line(error)) from None
    return found


def _spec_here(site: Site, before: Snapshot, dsn: str, name: str, expected: str) -> TableSpec:
    with reading(dsn, time.time() + site.budget.left, site.migrations.schemas) as session:
        table = read_tables(session.first, site.migrations.schemas)[0][name]
        return spec_against(session.first, site, table, before.figures.tables[name], expected)


def _spec_there(site: Site, before: Snapshot, dsn: str, name: str, expected: str) -> TableSpec:
    """The same columns of the old table: as they are, or as they should have become. Up to the snapshot's mark, too."""
    then = before.figures.tables[name]
    with reading(dsn, time.time() + site.budget.left, site.migrations.schemas) as session:
        table = read_tables(session.first, site.migrations.schemas)[0][name]
        spec = replace(spec_of(session.first, table, site.change_of(name)), mark=then.mark)
    if expected == MIGRATED and spec.expected is not None:
        return replace(spec, content=spec.expected, key=spec.expected_key, expected=None)
    return replace(spec, expected=None)
