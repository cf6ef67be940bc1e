"""Whether each reference finds its row: foreign keys, whatever their flags say, and keys that the
settings declare.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from psycopg import sql

from cutover.database.integrity.reading import Reader, Refused, Seen
from cutover.database.integrity.structure import (
    Relation,
    Structure,
    columns,
    read_structure,
    rows_are,
    say_what_declares_nothing,
    such_as,
)
from cutover.database.site import Site
from cutover.plan import nearest
from cutover.settings import Key, SettingsError

_FOREIGN_KEYS = """
SELECT con.conname AS name, con.conrelid, con.confrelid, con.confmatchtype::text AS match, to_jsonb(con) -> 'conperiod' = 'true' AS period,
       target_space.nspname AS schema, target.relname AS table, target.relkind::text AS kind,
       ARRAY(SELECT attname::text FROM unnest(con.conkey) WITH ORDINALITY AS k (number, position)
             JOIN pg_attribute ON attrelid = con.conrelid AND attnum = k.number ORDER BY position) AS columns,
       ARRAY(SELECT attname::text FROM unnest(con.confkey) WITH ORDINALITY AS k (number, position)
             JOIN pg_attribute ON attrelid = con.confrelid AND attnum = k.number ORDER BY position) AS targets,
       ARRAY(SELECT format('OPERATOR(%%I.%%s)', nspname, oprname) FROM unnest(con.conpfeqop) WITH ORDINALITY AS k (number, position)
             JOIN pg_operator o ON o.oid = k.number JOIN pg_namespace s ON s.oid = o.oprnamespace ORDER BY position) AS equals
FROM pg_constraint con JOIN pg_class c ON c.oid = con.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class target ON target.oid = con.confrelid JOIN pg_namespace target_space ON target_space.oid = target.relnamespace
WHERE con.contype = 'f' AND con.conparentid = 0 AND n.nspname = ANY (%(schemas)s)
"""  # those with a parent are PostgreSQL's own copies for partitions: the parent is asked of all partitions together
_COLUMNS = """
SELECT n.nspname AS schema, c.relname AS table, a.attname AS column, c.oid
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
WHERE n.nspname = ANY (%(schemas)s) AND c.relkind IN ('r', 'p', 'm') AND c.relpersistence <> 't' AND a.attnum > 0 AND NOT a.attisdropped
"""


@dataclass(frozen=True)
class Reference:
    """`columns` of each row `of` a table are found in `targets` of a row `to`.

    `equals` compares a target with a column, pair by pair.
    """

    name: str
    of: Relation
    columns: tuple[str, ...]
    to: Relation
    targets: tuple[str, ...]
    equals: tuple[str, ...]
    full: bool = False
    where: str | None = None

    @property
    def broken(self) -> sql.Composed:
        """FROM and WHERE of the rows, as `c`, that refer to a row that is not there.

        One with a gap is meant to refer to none.
        """
        given = [
            sql.SQL("{} IS NOT NULL").format(sql.Identifier("c", column)) for column in self.columns
        ]
        found = sql.SQL(" AND ").join(
            sql.SQL("{} {} {}").format(
                sql.Identifier("p", target), sql.SQL(equal), sql.Identifier("c", column)
            )
            for target, equal, column in zip(self.targets, self.equals, self.columns, strict=True)
        )
        orphan = sql.SQL("({} AND NOT EXISTS (SELECT FROM {} AS p WHERE {}))").format(
            sql.SQL(" AND ").join(given), self.to.rows, found
        )
        return sql.SQL("FROM {} AS c WHERE ({}) AND {}").format(
            self.of.rows, sql.SQL(self.where or "true"), orphan
        )

    @property
    def halved(self) -> sql.Composed:
        """The same of the rows that give some of the columns and not all, which MATCH FULL forbids."""
        given = sql.SQL("num_nonnulls({})").format(
            sql.SQL(", ").join(sql.Identifier("c", column) for column in self.columns)
        )
        return sql.SQL("FROM {} AS c WHERE {} NOT IN (0, {})").format(
            self.of.rows, given, sql.Literal(len(self.columns))
        )


def orphans(site: Site, reader: Reader) -> Seen:
    """Every foreign key, followed; the smallest referring table first."""
    seen, structure = Seen(), read_structure(site, reader)
    references = _foreign_keys(site, reader, structure, seen)
    for reference in references:
        site.say(f"references: {reference.name}")
        with seen.looking_at(reference.name):
            _follow(reader, reference, seen)
    say_what_declares_nothing(structure, seen, "declares no foreign key")
    return seen


def implied_keys(site: Site, reader: Reader) -> Seen:
    """The same for the keys of the settings.

    Raises `SettingsError` for one that cannot be meant.
    """
    seen, keys = Seen(), site.migrations.keys
    known: dict[tuple[str, ...], int] = (
        {
            (row["schema"], row["table"], row["column"]): row["oid"]
            for row in reader.catalog(_COLUMNS)
        }
        if keys
        else {}
    )
    structure = read_structure(site, reader)
    for number, key in enumerate(keys):
        reference = _implied(site, key, number, known, structure)
        with seen.looking_at(reference.name):
            try:
                _follow(reader, reference, seen)
            except Refused as why:
                refused = str(why).removeprefix("cannot be read: ")
                raise SettingsError(
                    f"targets.{site.target}.migrations.keys[{number}] cannot be used: {refused}"
                ) from None
    if not keys:
        seen.examined.append("migrations.keys of the settings: none is declared")
    return seen


def _foreign_keys(site: Site, reader: Reader, structure: Structure, seen: Seen) -> list[Reference]:
    order = list(structure.tables)
    found = [row for row in reader.catalog(_FOREIGN_KEYS) if row["conrelid"] in structure.tables]
    references = []
    for row in sorted(found, key=lambda row: (order.index(row["conrelid"]), row["name"])):
        of = structure.tables[row["conrelid"]]
        to = Relation(
            row["confrelid"],
            row["schema"],
            row["table"],
            row["kind"],
            (),
            site.shown(f"{row['schema']}.{row['table']}"),
        )
        name = f"{of.shown}.{row['name']}"
        if row["period"]:
            seen.unproven.append(f"{name}: a key over periods is not followed here.")
            continue
        references.append(
            Reference(
                name,
                of,
                tuple(row["columns"]),
                to,
                tuple(row["targets"]),
                tuple(row["equals"]),
                row["match"] == "f",
            )
        )
    return references


def _follow(reader: Reader, reference: Reference, seen: Seen) -> None:
    refers = f"{reference.to.shown} {columns(reference.targets)} by {columns(reference.columns)}"
    ways = [(reference.broken, f"to a row of {refers} that is not there")]
    if reference.full:
        ways.append((reference.halved, f"only in part to {refers}, which MATCH FULL forbids"))
    for broken, said in ways:
        count = reader.row(sql.SQL("SELECT count(*) AS rows {}").format(broken))["rows"]
        if count:
            which = such_as(
                reader, sql.SQL("SELECT {} AS key {}").format(reference.of.key_of("c"), broken)
            )
            seen.findings.append(
                f"{reference.name}: {rows_are(count)} of {reference.of.shown}"
                f" refer{'s' if count == 1 else ''} {said}{which}."
            )


def _implied(
    site: Site, key: Key, number: int, known: Mapping[tuple[str, ...], int], structure: Structure
) -> Reference:
    ends = []
    for field, written in (("column", key.column), ("refers_to", key.refers_to)):
        names = tuple(written.split("."))
        names = names if len(names) == 3 else (site.migrations.schemas[0], *names)
        if names not in known:
            near = nearest(
                site.shown(".".join(names)), [site.shown(".".join(name)) for name in known]
            )
            raise SettingsError(
                f"targets.{site.target}.migrations.keys[{number}].{field}: the database has no"
                f" column {written!r}.{near}"
            )
        ends.append((structure.tables[known[names]], (names[2],)))
    (of, column), (to, target) = ends
    return Reference(
        f"{key.column} → {key.refers_to}", of, column, to, target, ("=",), where=key.where
    )
