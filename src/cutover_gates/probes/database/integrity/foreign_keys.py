"""Foreign keys followed row by row, whatever their flags in the catalog say."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import sql

from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.core.findings import Rule
from cutover_gates.probes.database.bounded_reader import BoundedReader
from cutover_gates.probes.database.context import DatabaseContext, Row
from cutover_gates.probes.database.integrity import rules
from cutover_gates.probes.database.integrity.table_structure import (
    Relation,
    SchemaStructure,
    describe_rows,
    format_columns,
    read_structure,
    report_empty_declarations,
)

# A key with a parent is PostgreSQL's own copy for a partition. It is left out, because its parent
# is
# checked for all partitions together.
_FOREIGN_KEY_QUERY = """
SELECT con.conname AS name, con.conrelid, con.confrelid, con.confmatchtype::text AS match,
       to_jsonb(con) -> 'conperiod' = 'true' AS period,
       target_space.nspname AS schema, target.relname AS table, target.relkind::text AS kind,
       ARRAY(SELECT attname::text
             FROM unnest(con.conkey) WITH ORDINALITY AS k (number, position)
             JOIN pg_attribute ON attrelid = con.conrelid AND attnum = k.number
             ORDER BY position) AS columns,
       ARRAY(SELECT attname::text
             FROM unnest(con.confkey) WITH ORDINALITY AS k (number, position)
             JOIN pg_attribute ON attrelid = con.confrelid AND attnum = k.number
             ORDER BY position) AS targets,
       ARRAY(SELECT format('OPERATOR(%%I.%%s)', nspname, oprname)
             FROM unnest(con.conpfeqop) WITH ORDINALITY AS k (number, position)
             JOIN pg_operator o ON o.oid = k.number
             JOIN pg_namespace s ON s.oid = o.oprnamespace
             ORDER BY position) AS equals
FROM pg_constraint con JOIN pg_class c ON c.oid = con.conrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class target ON target.oid = con.confrelid
JOIN pg_namespace target_space ON target_space.oid = target.relnamespace
WHERE con.contype = 'f' AND con.conparentid = 0 AND n.nspname = ANY (%(schemas)s)
"""


@dataclass(frozen=True)
class ForeignKeyReference:
    """A reference: `columns` of each row `of` a table equal `targets` of a row `to` another.

    `equals` holds the operator of each pair, `full` says MATCH FULL, `where` limits the rows.
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
        """FROM and WHERE of the rows, as `c`, that refer to a missing row.

        A row with a null in one of the columns refers to none, and is left out.
        """
        given = [
            sql.SQL("{} IS NOT NULL").format(sql.Identifier("c", column)) for column in self.columns
        ]
        pairs = [
            sql.SQL("{} {} {}").format(
                sql.Identifier("p", target), sql.SQL(equal), sql.Identifier("c", column)
            )
            for target, equal, column in zip(self.targets, self.equals, self.columns, strict=True)
        ]
        orphan = sql.SQL("({} AND NOT EXISTS (SELECT FROM {} AS p WHERE {}))").format(
            sql.SQL(" AND ").join(given), self.to.rows_sql, sql.SQL(" AND ").join(pairs)
        )
        return sql.SQL("FROM {} AS c WHERE ({}) AND {}").format(
            self.of.rows_sql, sql.SQL(self.where or "true"), orphan
        )

    @property
    def partial_keys_sql(self) -> sql.Composed:
        """FROM and WHERE of the rows with some of the columns, which MATCH FULL forbids."""
        columns = [sql.Identifier("c", column) for column in self.columns]
        return sql.SQL("FROM {} AS c WHERE num_nonnulls({}) NOT IN (0, {})").format(
            self.of.rows_sql, sql.SQL(", ").join(columns), sql.Literal(len(self.columns))
        )


def check_foreign_keys(context: DatabaseContext, reader: BoundedReader) -> AssessmentBuilder:
    """Follow every foreign key, the smallest referring table first."""
    builder = AssessmentBuilder()
    structure = read_structure(context, reader)
    for reference in _read_foreign_keys(context, reader, structure, builder):
        context.report_progress(f"references: {reference.name}")
        with builder.check_item(rules.FOREIGN_KEYS, reference.name):
            check_reference(rules.FOREIGN_KEYS, reader, reference, builder)
    report_empty_declarations(structure, builder, "declares no foreign key")
    return builder


def _read_foreign_keys(
    context: DatabaseContext,
    reader: BoundedReader,
    structure: SchemaStructure,
    builder: AssessmentBuilder,
) -> list[ForeignKeyReference]:
    order = list(structure.tables)
    rows = [
        row
        for row in reader.query_catalog(_FOREIGN_KEY_QUERY)
        if row["conrelid"] in structure.tables
    ]
    references = []
    for row in sorted(rows, key=lambda row: (order.index(row["conrelid"]), row["name"])):
        reference = _parse_foreign_key(context, structure.tables[row["conrelid"]], row)
        # PERIOD keys (PostgreSQL 18) are satisfied by several rows together.
        if row["period"]:
            builder.add_gap(
                rules.FOREIGN_KEYS, reference.name, "a key over periods is not followed here"
            )
        else:
            references.append(reference)
    return references


def _parse_foreign_key(context: DatabaseContext, of: Relation, row: Row) -> ForeignKeyReference:
    name = context.display_name(f"{row['schema']}.{row['table']}")
    to = Relation(row["confrelid"], row["schema"], row["table"], row["kind"], (), name)
    return ForeignKeyReference(
        f"{of.display_name}.{row['name']}",
        of,
        tuple(row["columns"]),
        to,
        tuple(row["targets"]),
        tuple(row["equals"] or ()),
        row["match"] == "f",
    )


def check_reference(
    rule: Rule, reader: BoundedReader, reference: ForeignKeyReference, builder: AssessmentBuilder
) -> None:
    """Follow one reference, and add what breaks `rule`. Raises `NotReadable`."""
    source = f"{reference.of.display_name} {format_columns(reference.columns)}"
    target = f"{reference.to.display_name} {format_columns(reference.targets)}"
    breaches = [(reference.orphans_sql, f"every {source} in {target}")]
    if reference.full:
        breaches.append((reference.partial_keys_sql, f"all or none of {source} (MATCH FULL)"))
    for broken_rows, expected in breaches:
        count = reader.fetch_one(sql.SQL("SELECT count(*) AS rows ") + broken_rows)["rows"]
        if count:
            key = reference.of.build_key_sql("c")
            query = sql.SQL("SELECT {} AS key {}").format(key, broken_rows)
            builder.add_finding(
                rule,
                reference.name,
                expected=expected,
                actual=f"otherwise in {describe_rows(count, reader, query)}",
                reproduce=query.as_string(),
            )
