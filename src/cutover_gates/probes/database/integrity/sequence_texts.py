"""Sequences that fill a text: `'R' || nextval('invoice_numbers')`.

Which part of the text is the sequence's number is not guessed: the column's default is evaluated
for the next number, and the rows are read that have the same form.
"""

from __future__ import annotations

import re
from typing import LiteralString

from psycopg import sql

from cutover_gates.core.evidence.assessment import NotReadable
from cutover_gates.probes.database.bounded_reader import BoundedReader

_NEXTVAL = re.compile(r"nextval\('(?:[^']|'')*'::regclass\)")
_NUMBER: LiteralString = (
    "CASE WHEN {rest} ~ '^[0-9]+{end}' THEN substring({rest}, '^[0-9]+')::numeric END"
)


def number_in_text(
    reader: BoundedReader, column: str, default: str | None, following: int
) -> sql.Composable:
    """Return SQL for the number of a row, null where the row has another form.

    `following` is the sequence's next number. Raises `NotReadable` where the default cannot be
    evaluated.
    """
    text = sql.SQL("{}::text").format(sql.Identifier(column))
    if not default:
        # PostgreSQL refuses a text that is no number, and the column is then not proven.
        return sql.SQL("{}::numeric").format(text)
    value = _evaluate(reader, default, following)
    before, found, behind = value.rpartition(str(following))
    if not found or behind[:1].isdigit():
        # A checksum, a number in base 36: only the next value itself can be told.
        return sql.SQL("CASE WHEN {} = {} THEN {} END").format(text, value, following)
    return _number_behind(text, before.rstrip("0"), behind)


def _evaluate(reader: BoundedReader, default: str, following: int) -> str:
    expression = _NEXTVAL.sub(f"({following})::bigint", default)
    value = reader.fetch_one(f"SELECT ({expression})::text AS value")["value"]
    if value is None:
        raise NotReadable("its default gives no value for the next number")
    return str(value)


def _number_behind(text: sql.Composable, before: str, behind: str) -> sql.Composable:
    """Return SQL for the digits between `before`, less zeros at its end, and what follows."""
    rest = sql.SQL("substr({}, {})").format(text, len(before) + 1)
    number = sql.SQL(_NUMBER).format(rest=rest, end=sql.SQL("" if behind else "$"))
    return sql.SQL("CASE WHEN starts_with({}, {}) THEN {} END").format(text, before, number)
