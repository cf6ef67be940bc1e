"""The tables that are checked, and the SQL for their names and the keys of their rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import sql

from cutover_gates.core.evidence.assessment import AssessmentBuilder, NotReadable
from cutover_gates.probes.database.bounded_reader import (
    MAX_KEYS_IN_FINDING,
    BoundedReader,
    OutOfTime,
)
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.integrity import rules

# Ordered by the pages that PostgreSQL noted last, the smallest first: the present size would need a
# lock on each table. A partitioned table goes last.
_TABLES = """
SELECT c.oid, n.nspname AS schema, c.relname AS name, c.relkind::text AS kind,
       greatest(c.reltuples, 0)::int8 AS rows, c.relpages AS pages, c.relallvisible AS visible,
       ARRAY(SELECT a.attname::text
             FROM pg_index i CROSS JOIN unnest(i.indkey) WITH ORDINALITY AS k (number, position)
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number
             WHERE i.indrelid = c.oid AND i.indisprimary AND k.position <= i.indnkeyatts
             ORDER BY k.position) AS key
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY (%(schemas)s) AND c.relkind IN ('r', 'p', 'm') AND c.relpersistence <> 't'
ORDER BY c.relkind = 'p', c.relpages, schema, name
"""
_CONSTRAINTS = """
SELECT count(*) AS constraints
FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace
WHERE n.nspname = ANY (%(schemas)s) AND c.contype IN ('p', 'u', 'f', 'c', 'x') AND c.conrelid <> 0
"""


_SMALL_PAGES = 128
"""A table of 1 MB is read in no time, whatever its state."""
_VISIBLE_SHARE = 0.9


@dataclass(frozen=True)
class Relation:
    """A table, a partition, or a materialised view.

    `kind` is `pg_class.relkind`; `key` holds the columns of the primary key. `rows` is about their
    number, as PostgreSQL noted it last. `needs_vacuum`: in many of its pages some row may be
    invisible to somebody, so an entry of an index has to be looked up in the table.
    """

    oid: int
    schema: str
    name: str
    kind: str
    key: tuple[str, ...]
    display_name: str
    rows: int = 0
    needs_vacuum: bool = False

    @property
    def rows_sql(self) -> sql.Composed:
        """The relation for FROM: its own rows, and those of its partitions.

        Rows of tables that inherit from it are left out, because its keys do not hold for them.
        """
        only = sql.SQL("" if self.kind == "p" else "ONLY ")
        return only + sql.Identifier(self.schema, self.name)

    def build_key_sql(self, alias: str) -> sql.Composed:
        """Return SQL for a row's key as text, such as `id 17`.

        Without a primary key it is the row's physical place (ctid).
        """
        parts = [
            sql.SQL("{} || {}::text").format(
                sql.Literal(f"{column} "), sql.Identifier(alias, column)
            )
            for column in self.key or ("ctid",)
        ]
        return sql.SQL("concat_ws(', ', {})").format(sql.SQL(", ").join(parts))


@dataclass(frozen=True)
class SchemaStructure:
    """All tables of the schemas by OID, the smallest first, and the number of constraints."""

    tables: dict[int, Relation]
    constraints: int

    @property
    def tables_with_rows(self) -> list[Relation]:
        """Tables and partitions that hold rows themselves."""
        return [table for table in self.tables.values() if table.kind == "r"]


def read_structure(context: DatabaseContext, reader: BoundedReader) -> SchemaStructure:
    """Read the tables of the schemas. Raises `NotReadable`."""
    tables = {
        row["oid"]: Relation(
            row["oid"],
            row["schema"],
            row["name"],
            row["kind"],
            tuple(row["key"]),
            context.display_name(f"{row['schema']}.{row['name']}"),
            row["rows"],
            row["pages"] > _SMALL_PAGES and row["visible"] < _VISIBLE_SHARE * row["pages"],
        )
        for row in reader.query_catalog(_TABLES)
    }
    return SchemaStructure(tables, reader.query_catalog(_CONSTRAINTS)[0]["constraints"])


def report_empty_declarations(
    structure: SchemaStructure, builder: AssessmentBuilder, declares_nothing: str
) -> None:
    """Add a gap where the schemas hold no table or no constraint: that proves nothing.

    Where only this kind of declaration is not used, each table counts as checked.
    """
    if not structure.tables:
        builder.add_gap(
            rules.SOMETHING_DECLARED, "the schemas of the settings", "they hold no table"
        )
    elif not structure.constraints:
        builder.add_gap(
            rules.SOMETHING_DECLARED,
            "the schemas of the settings",
            f"no constraint is declared on any of the {len(structure.tables)} tables",
        )
    elif not (builder.checked or builder.findings or builder.not_proven):
        names = [table.display_name for table in structure.tables.values()]
        builder.checked.extend(f"{name} {declares_nothing}" for name in names)


def describe_rows(count: int, reader: BoundedReader, query: sql.Composable) -> str:
    """Return `2 rows: id 17; id 18`, with the first keys that `query` gives in its column `key`.

    Where there is no time to read them, the reason stands in their place.
    """
    # A few keys are enough to find the others, and they hold no content of a row.
    limited = sql.SQL("{} LIMIT {}").format(query, sql.Literal(MAX_KEYS_IN_FINDING))
    try:
        keys = [row["key"] for row in reader.fetch_all(limited)]
    except NotReadable as error:
        return f"{format_row_count(count)} (keys: {error})"
    if not keys:
        return f"{format_row_count(count)} (no longer there)"
    return f"{format_row_count(count)}: {'; '.join(keys)}"


def advise_vacuum(table: Relation, error: NotReadable) -> NotReadable:
    """Return the reason, with what makes the walk over an index faster where it was too slow."""
    if not isinstance(error, OutOfTime) or not table.needs_vacuum:
        return error
    name = table.display_name
    return OutOfTime(
        f"{error}. The pages of {name} were written since its last VACUUM, so each entry is looked"
        f" up in the table: run VACUUM (ANALYZE) {name} before the gate, or install amcheck"
    )


def format_columns(names: Sequence[str]) -> str:
    """Return the columns in parentheses."""
    return f"({', '.join(names)})"


def format_row_count(count: int) -> str:
    """Return `1 row`, `2 rows`."""
    return f"{count} row{'' if count == 1 else 's'}"
