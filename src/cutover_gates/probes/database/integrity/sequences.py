"""Sequences: the next number must be new, and enough numbers must be left."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import sql

from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.probes.database.bounded_reader import BoundedReader
from cutover_gates.probes.database.context import DatabaseContext, Row
from cutover_gates.probes.database.integrity import rules
from cutover_gates.probes.database.integrity.sequence_texts import number_in_text
from cutover_gates.probes.database.integrity.table_structure import (
    Relation,
    read_structure,
    report_empty_declarations,
)

MAX_USED_SHARE = 0.9
"""Share of its numbers that a sequence may have used."""

_LARGEST = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1}
_NUMBERS = ("numeric", "real", "double precision")
"""Further types that a sequence may fill as they are; it fills any other as a text."""
_SEQUENCE_USES = """
WITH uses AS (
    SELECT d.objid AS sequence, d.refobjid AS oid, d.refobjsubid AS number FROM pg_depend d
    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
    AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
    UNION
    SELECT d.refobjid, f.adrelid, f.adnum FROM pg_depend d JOIN pg_attrdef f ON f.oid = d.objid
    WHERE d.classid = 'pg_attrdef'::regclass AND d.refclassid = 'pg_class'::regclass
)
SELECT uses.oid, a.attname AS column,
       format_type(coalesce(nullif(t.typbasetype, 0), t.oid), NULL) AS type,
       space.nspname AS schema, c.relname AS name, s.seqincrement AS step, s.seqmin AS low,
       s.seqmax AS high, s.seqcycle AS cycles,
       (SELECT pg_get_expr(f.adbin, f.adrelid) FROM pg_attrdef f
        WHERE f.adrelid = uses.oid AND f.adnum = uses.number AND a.attgenerated = '') AS default
FROM uses JOIN pg_sequence s ON s.seqrelid = uses.sequence JOIN pg_class c ON c.oid = s.seqrelid
JOIN pg_namespace space ON space.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = uses.oid AND a.attnum = uses.number
JOIN pg_type t ON t.oid = a.atttypid
JOIN pg_class owner ON owner.oid = uses.oid JOIN pg_namespace n ON n.oid = owner.relnamespace
WHERE n.nspname = ANY (%(schemas)s) ORDER BY name, a.attname
"""
_TEXT_DEFAULTS = """
SELECT n.nspname AS schema, c.relname AS table, a.attname AS column
FROM pg_attrdef f JOIN pg_attribute a ON a.attrelid = f.adrelid AND a.attnum = f.adnum
JOIN pg_class c ON c.oid = f.adrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY (%(schemas)s) AND pg_get_expr(f.adbin, f.adrelid) LIKE '%%nextval(%%'
AND NOT EXISTS (SELECT FROM pg_depend d JOIN pg_sequence s ON s.seqrelid = d.refobjid
                WHERE d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid
                AND d.refclassid = 'pg_class'::regclass)
"""


@dataclass(frozen=True)
class SequenceState:
    """A sequence and the column that it fills.

    `following` is the next number, `last_row` the value in the column that is furthest in the
    sequence's direction. `low` and `high` are the bounds of the sequence and of the column's type.
    """

    step: int
    low: int
    high: int
    following: int
    last_row: int | None

    @property
    def is_behind(self) -> bool:
        """True where the next number is in the column already, or was passed there."""
        if self.last_row is None:
            return False
        if self.step > 0:
            return self.following <= self.last_row
        return self.following >= self.last_row

    @property
    def used_share(self) -> float:
        """The share of the numbers that were given out; negative before the first one."""
        if self.high <= self.low:
            return 1.0
        used = self.following - self.low if self.step > 0 else self.high - self.following
        return used / (self.high - self.low)

    @property
    def end(self) -> int:
        """The last number that the sequence can give."""
        return self.high if self.step > 0 else self.low


def check_sequences(context: DatabaseContext, reader: BoundedReader) -> AssessmentBuilder:
    """Check each column that a sequence fills, on the primary.

    A standby's copy of a sequence runs up to 32 numbers ahead. The highest value of a column is
    read through its index where it has one; whether the index is right is another question.
    """
    builder = AssessmentBuilder()
    structure = read_structure(context, reader)
    for row in reader.query_catalog(_SEQUENCE_USES):
        if table := structure.tables.get(row["oid"]):
            name = f"{table.display_name}.{row['column']} ({row['name']})"
            with builder.check_item(rules.SEQUENCE_POSITION, name):
                _check_sequence(name, row, _read_state(reader, table, row), builder)
    for row in reader.query_catalog(_TEXT_DEFAULTS):
        table_name = context.display_name(f"{row['schema']}.{row['table']}")
        builder.add_gap(
            rules.SEQUENCE_POSITION,
            f"{table_name}.{row['column']}",
            "its default names a sequence only as text, so the sequence is not known; write"
            " nextval('name'::regclass)",
        )
    report_empty_declarations(structure, builder, "is filled by no sequence")
    return builder


def _read_state(reader: BoundedReader, table: Relation, row: Row) -> SequenceState:
    """Read the sequence and the last value of its column. Raises `NotReadable`."""
    step, low, high = row["step"], row["low"], row["high"]
    largest = _LARGEST.get(row["type"])
    sequence = sql.Identifier(row["schema"], row["name"])
    number: sql.Composable = sql.Identifier(row["column"])
    if largest is None and row["type"] not in _NUMBERS:
        state = reader.fetch_one(sql.SQL("SELECT last_value, is_called FROM {}").format(sequence))
        following = _next_number(state, step)
        number = number_in_text(reader, row["column"], row["default"], following)
    # One query: what is given out while it runs is in the sequence before it is in a row.
    state = reader.fetch_one(
        sql.SQL("SELECT last_value, is_called, (SELECT {}({}) FROM {}) AS last_row FROM {}").format(
            sql.SQL("max" if step > 0 else "min"), number, table.rows_sql, sequence
        )
    )
    # The column may end before the sequence does.
    if largest is not None:
        low, high = max(low, -largest - 1), min(high, largest)
    return SequenceState(step, low, high, _next_number(state, step), state["last_row"])


def _next_number(state: Row, step: int) -> int:
    return int(state["last_value"] + (step if state["is_called"] else 0))


def _check_sequence(name: str, row: Row, state: SequenceState, builder: AssessmentBuilder) -> None:
    last_row = None if state.last_row is None else int(state.last_row)
    used = state.used_share
    builder.figures[name] = {
        "next": state.following,
        "last_row": last_row,
        "used": round(max(0.0, used), 4),
    }
    if state.is_behind:
        side = "above" if state.step > 0 else "below"
        builder.add_finding(
            rules.SEQUENCE_POSITION,
            name,
            expected=f"a next number {side} {last_row}",
            actual=str(state.following),
        )
    # A sequence that cycles begins again instead of failing.
    if used >= MAX_USED_SHARE and not row["cycles"]:
        builder.add_finding(
            rules.SEQUENCE_ROOM,
            name,
            expected=f"less than {MAX_USED_SHARE:.0%} of its numbers used",
            actual=(
                f"{used:.1%}: {state.following} comes next, {state.end} is the last"
                f" (type {row['type']})"
            ),
        )
