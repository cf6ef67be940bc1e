"""Whether each reference finds its row: foreign keys, whatever their flags say, and keys that the
settings declare.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from psycopg import sql

from cutover_gates.config.base import SettingsError
from cutover_gates.config.migrations import ImpliedReference
from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.core.tables import suggest_nearest
from cutover_gates.probes.database.bounded_reader import BoundedReader, QueryRejected
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.integrity.table_structure import (
    Relation,
    SchemaStructure,
    format_columns,
    format_row_count,
    format_sample_keys,
    read_structure,
    report_empty_declarations,
)

_FOREIGN_KEY_QUERY = """
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
class ForeignKeyReference:
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
    def orphans_sql(self) -> sql.Composed:
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
            sql.SQL(" AND ").join(given), self.to.rows_sql, found
        )
        return sql.SQL("FROM {} AS c WHERE ({}) AND {}").format(
            self.of.rows_sql, sql.SQL(self.where or "true"), orphan
        )

    @property
    def partial_keys_sql(self) -> sql.Composed:
        """The same of the rows that give some of the columns and not all, which MATCH FULL forbids."""
        given = sql.SQL("num_nonnulls({})").format(
            sql.SQL(", ").join(sql.Identifier("c", column) for column in self.columns)
        )
        return sql.SQL("FROM {} AS c WHERE {} NOT IN (0, {})").format(
            self.of.rows_sql, given, sql.Literal(len(self.columns))
        )


def check_foreign_keys(site: DatabaseContext, reader: BoundedReader) -> AssessmentBuilder:
    """Every foreign key, followed; the smallest referring table first."""
    seen, structure = AssessmentBuilder(), read_structure(site, reader)
    references = _read_foreign_keys(site, reader, structure, seen)
    for reference in references:
        site.report_progress(f"references: {reference.name}")
        with seen.check_item(reference.name):
            _check_reference(reader, reference, seen)
    report_empty_declarations(structure, seen, "declares no foreign key")
    return seen


def check_implied_keys(site: DatabaseContext, reader: BoundedReader) -> AssessmentBuilder:
    """The same for the keys of the settings.

    Raises `SettingsError` for one that cannot be meant.
    """
    seen, keys = AssessmentBuilder(), site.migrations.keys
    known: dict[tuple[str, ...], int] = (
        {
            (row["schema"], row["table"], row["column"]): row["oid"]
            for row in reader.query_catalog(_COLUMNS)
        }
        if keys
        else {}
    )
    structure = read_structure(site, reader)
    for number, key in enumerate(keys):
        reference = _resolve_implied_key(site, key, number, known, structure)
        with seen.check_item(reference.name):
            try:
                _check_reference(reader, reference, seen)
            except QueryRejected as why:
                refused = str(why).removeprefix("cannot be read: ")
                raise SettingsError(
                    f"targets.{site.target}.migrations.keys[{number}] cannot be used: {refused}"
                ) from None
    if not keys:
        seen.checked.append("migrations.keys of the settings: none is declared")
    return seen


def _read_foreign_keys(
    site: DatabaseContext,
    reader: BoundedReader,
    structure: SchemaStructure,
    seen: AssessmentBuilder,
) -> list[ForeignKeyReference]:
    order = list(structure.tables)
    found = [
        row
        for row in reader.query_catalog(_FOREIGN_KEY_QUERY)
        if row["conrelid"] in structure.tables
    ]
    references = []
    for row in sorted(found, key=lambda row: (order.index(row["conrelid"]), row["name"])):
        of = structure.tables[row["conrelid"]]
        to = Relation(
            row["confrelid"],
            row["schema"],
            row["table"],
            row["kind"],
            (),
            site.display_name(f"{row['schema']}.{row['table']}"),
        )
        name = f"{of.display_name}.{row['name']}"
        if row["period"]:
            seen.not_proven.append(f"{name}: a key over periods is not followed here.")
            continue
        references.append(
            ForeignKeyReference(
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


def _check_reference(
    reader: BoundedReader, reference: ForeignKeyReference, seen: AssessmentBuilder
) -> None:
    refers = f"{reference.to.display_name} {format_columns(reference.targets)} by {format_columns(reference.columns)}"
    ways = [(reference.orphans_sql, f"to a row of {refers} that is not there")]
    if reference.full:
        ways.append(
            (reference.partial_keys_sql, f"only in part to {refers}, which MATCH FULL forbids")
        )
    for broken, said in ways:
        count = reader.fetch_one(sql.SQL("SELECT count(*) AS rows {}").format(broken))["rows"]
        if count:
            which = format_sample_keys(
                reader,
                sql.SQL("SELECT {} AS key {}").format(reference.of.build_key_sql("c"), broken),
            )
            seen.findings.append(
                f"{reference.name}: {format_row_count(count)} of {reference.of.display_name}"
                f" refer{'s' if count == 1 else ''} {said}{which}."
            )


def _resolve_implied_key(
    site: DatabaseContext,
    key: ImpliedReference,
    number: int,
    known: Mapping[tuple[str, ...], int],
    structure: SchemaStructure,
) -> ForeignKeyReference:
    ends = []
    for field, written in (("column", key.column), ("refers_to", key.refers_to)):
        names = tuple(written.split("."))
        names = names if len(names) == 3 else (site.migrations.schemas[0], *names)
        if names not in known:
            near = suggest_nearest(
                site.display_name(".".join(names)),
                [site.display_name(".".join(name)) for name in known],
            )
            raise SettingsError(
                f"targets.{site.target}.migrations.keys[{number}].{field}: the database has no"
                f" column {written!r}.{near}"
            )
        ends.append((structure.tables[known[names]], (names[2],)))
    (of, column), (to, target) = ends
    return ForeignKeyReference(
        f"{key.column} → {key.refers_to}", of, column, to, target, ("=",), where=key.where
    )
