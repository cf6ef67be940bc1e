"""A restored copy, held against what was backed up: catalog, counts, fingerprints, references,
sequences.

Before the migration that is the target itself, as it is now. After it, it is the snapshot that was
taken before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

from psycopg import sql

from cutover.database.backup.restoring import Restored
from cutover.database.catalog import Catalog, differences, read_catalog
from cutover.database.catalog.model import MADE
from cutover.database.integrity import Integrity
from cutover.database.rows import Figures, Table, TableFigures, TableSpec, measure_in, read_tables
from cutover.database.rows.reading import Reading, reading
from cutover.database.rows.server import facts, migration
from cutover.database.rows.tables import Connection, fields
from cutover.database.site import Site
from cutover.database.snapshot import Snapshot
from cutover.evidence.examination import NotProven
from cutover.settings import TableChange

_COMPARED = (*MADE, "extension", "grant", "default grant")
_DAMAGE = (
    "invalid page",
    "could not read",
    "could not open file",
    "missing chunk",
    "unexpected chunk",
    "invalid memory alloc",
)
"""How PostgreSQL begins when a file of its own is not as it should be."""
Marks = Mapping[str, tuple[str, str]]
"""Of tables that grow: the column that only grows, and its value up to which rows are compared (as
text).
"""


@dataclass(frozen=True)
class Original:
    """What was backed up, and what a reader calls it."""

    name: str
    migration: str | None
    catalog: Catalog
    figures: Figures
    system: str


@dataclass(frozen=True)
class Verdict:
    """As in an `Examination`."""

    examined: tuple[str, ...]
    findings: tuple[str, ...]
    unproven: tuple[str, ...]


def compared(site: Site, copy: Restored, *, migrated: bool) -> Verdict:
    """`migrated` says that the target is so by now.

    Raises `NotProven` where there is nothing to compare with.
    """
    its = copy.as_site(site)
    with its.connect() as found:
        at, system, catalog = (
            migration(its, found),
            facts(found)["system_identifier"],
            read_catalog(found, site.migrations.schemas),
        )
    original, figures = (_with_the_snapshot if migrated else _with_the_target)(site, its)
    if original.migration != at:
        return Verdict(
            (),
            (
                (
                    f"The backup was made at migration {at}, and {original.name} is at"
                    f" {original.migration}: it is of other data."
                ),
            ),
            (),
        )
    findings = list(
        differences(original.catalog.only(*_COMPARED), catalog.only(*_COMPARED), site.shown)
    )
    if copy.backup.is_base and original.system != system:
        findings.append(
            f"The backup is of another server: its system identifier is {system}, and that of"
            f" {original.name} is {original.system}."
        )
    findings += [
        f"{site.shown(name)}: the restored backup cannot be read: {why}."
        for name, why in figures.unproven.items()
        if _is_damage(why)
    ]
    unproven = [
        *_unmeasured(site, original.name, original.figures),
        *_unmeasured(site, "the restored copy", figures),
    ]
    sound = tuple(
        name
        for name in figures.tables
        if name not in figures.unproven and name not in original.figures.unproven
    )
    held = [Integrity(its).orphans(), Integrity(its).sequences()]
    findings += [
        *_rows(site, original, figures),
        *(finding for one in held for finding in one.findings),
    ]
    unproven += [hole for one in held for hole in one.unproven]
    if not any(table.counted for table in original.figures.tables.values()):
        unproven.append(
            f"No table of {original.name} holds a row, so an empty backup would equal it."
        )
    return Verdict(
        (*sound, *(name for one in held for name in one.examined)), tuple(findings), tuple(unproven)
    )


def _with_the_target(site: Site, its: Site) -> tuple[Original, Figures]:
    """Both are measured now; of a table that grows, what stood in the backup."""
    with _reading(its) as copy, _reading(site) as live:
        marks = {
            name: (column, mark)
            for name, table in _tables(its, copy).items()
            if (column := site.change_of(name).grows_above)
            and (mark := _highest(copy.first, table, column)) is not None
        }
        figures, own = _measured(its, copy, marks), _measured(site, live, marks)
    with site.connect() as target:
        catalog, system, at = (
            read_catalog(target, site.migrations.schemas),
            facts(target)["system_identifier"],
            migration(site, target),
        )
    return Original("the target", at, catalog, own, system), figures


def _with_the_snapshot(site: Site, its: Site) -> tuple[Original, Figures]:
    """Of a table that grows, what stood in the snapshot."""
    before = Snapshot.newest(site)
    if before.catalog is None:
        raise NotProven(f"the snapshot of {before.taken} holds no catalog: take another")
    with _reading(its) as copy:
        marks = {
            name: (table.above, table.mark)
            for name, table in before.figures.tables.items()
            if table.above and table.mark is not None
        }
        figures = _measured(its, copy, marks)
    system = before.server["system_identifier"]
    return (
        Original(
            f"the snapshot of {before.taken}",
            before.migration,
            Catalog.from_plain(before.catalog),
            before.figures,
            system,
        ),
        figures,
    )


def _rows(site: Site, original: Original, copy: Figures) -> Iterator[str]:
    for name in sorted({*original.figures.tables, *copy.tables}):
        change, shown = site.change_of(name), site.shown(name)
        expected, found = original.figures.tables.get(name), copy.tables.get(name)
        if found is None:
            yield f"{shown}: {original.name} has this table, and the backup does not."
        elif expected is None:
            yield f"{shown}: the backup has this table, and {original.name} does not."
        elif sentence := _difference(shown, original.name, change, expected, found):
            yield sentence


def _difference(
    shown: str, original: str, change: TableChange, expected: TableFigures, found: TableFigures
) -> str | None:
    if expected.above and expected.mark is None:
        return None  # it was empty when the snapshot was taken: whatever it holds came since
    if dict(expected.columns) != dict(found.columns):
        return (
            f"{shown}: the restored backup has other columns than {original}, so their content"
            " cannot be compared."
        )
    counts_matter = change.rows != "any" or change.grows_above is not None
    if counts_matter and None not in (expected.old, found.old) and expected.old != found.old:
        return (
            f"{shown}: {original} has {expected.old} rows{_up_to(found)}, and the restored backup"
            f" {found.old}."
        )
    if not counts_matter or change.content == "any" or expected.sums is None or found.sums is None:
        return None
    if expected.sums.keys != found.sums.keys:
        return (
            f"{shown}: as many rows{_up_to(found)} are in the restored backup as in {original},"
            " with other keys."
        )
    if expected.sums.content != found.sums.content:
        return (
            f"{shown}: the restored backup has the same keys{_up_to(found)} as {original}, and"
            " other content."
        )
    return None


def _up_to(figures: TableFigures) -> str:
    return f" up to the same {figures.above}" if figures.above and figures.mark is not None else ""


def _unmeasured(site: Site, whose: str, figures: Figures) -> Iterator[str]:
    yield from (
        f"{site.shown(name)} of {whose} was not compared: {why}."
        for name, why in figures.unproven.items()
    )


def _is_damage(why: str) -> bool:
    return why.startswith(_DAMAGE)


def _reading(site: Site) -> AbstractContextManager[Reading]:
    return reading(site.dsn.get_secret_value(), site.budget.ends, site.migrations.schemas)


def _tables(site: Site, session: Reading) -> dict[str, Table]:
    return read_tables(session.first, site.migrations.schemas)[0]


def _measured(site: Site, session: Reading, marks: Marks) -> Figures:
    specs = []
    for name, table in _tables(site, session).items():
        above, mark = marks.get(name, (None, None))
        specs.append(
            TableSpec(
                table,
                fields(session.first, table, table.columns),
                table.key,
                above=above,
                mark=mark,
                cannot=table.cannot,
            )
        )
    return measure_in(session, specs, connections=site.migrations.connections)


def _highest(connection: Connection, table: Table, column: str) -> str | None:
    if column not in table.columns:
        return None
    found = connection.execute(
        sql.SQL("SELECT max({})::text FROM {}").format(sql.Identifier(column), table.identifier)
    ).fetchone()
    return found[0] if found else None
