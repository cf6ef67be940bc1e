"""Changes of a table's content, each on a table of its own that is named for it.

The number of rows may change or not.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RowDefect:
    """A change of a table's content.

    `columns` of the table `{t}`, its `rows` before (VALUES …), the statements of what
    `happens`, and how the table is created (`_`: the columns).
    """

    columns: str
    rows: str
    happens: tuple[str, ...]
    create: tuple[str, ...] = ("CREATE TABLE {t} (_)",)

    def created(self, name: str) -> tuple[str, ...]:
        return _named(
            name,
            *(statement.replace("_", self.columns) for statement in self.create),
            f"INSERT INTO {{t}} VALUES {self.rows}",
        )

    def harmed(self, name: str) -> tuple[str, ...]:
        return _named(name, *self.happens)


def _named(name: str, *statements: str) -> tuple[str, ...]:
    quoted = '"' + name.replace('"', '""') + '"'
    return tuple(statement.replace("{t}", quoted) for statement in statements)


KEYED = "id int PRIMARY KEY, "
PEOPLE = (
    KEYED + "family text, given text",
    "(1, 'Okafor', 'Ada'), (2, 'Lindqvist', 'Bo'), (3, 'Marsh', 'Cy')",
)
LOST = "DELETE FROM {t} WHERE id = 2"


def _becomes(column: str, was: str, now: str, kind: str) -> RowDefect:
    """Return a change to one value of a type that PostgreSQL may treat as equal."""
    return RowDefect(
        f"{KEYED}{column} {kind}",
        f"(1, {was}), (2, {was})",
        (f"UPDATE {{t}} SET {column} = {now} WHERE id = 2",),
    )


ROW_DEFECTS = {
    "a row is lost": RowDefect(*PEOPLE, (LOST,)),
    "a row is lost and another came": RowDefect(
        *PEOPLE, (LOST, "INSERT INTO {t} VALUES (4, 'Lindqvist', 'Bo')")
    ),
    "a row is there twice": RowDefect(
        "family text", "('Okafor'), ('Marsh')", ("INSERT INTO {t} SELECT * FROM {t} LIMIT 1",)
    ),
    "rows are there twice, in pairs": RowDefect(
        "family text", "('Okafor'), ('Marsh')", ("INSERT INTO {t} SELECT * FROM {t}",) * 2
    ),
    "a pair of equal rows became another pair": RowDefect(
        "family text",
        "('Okafor'), ('Okafor'), ('Marsh')",
        ("UPDATE {t} SET family = 'Bell' WHERE family = 'Okafor'",),
    ),
    "two columns' contents were exchanged": RowDefect(
        *PEOPLE, ("UPDATE {t} SET family = given, given = family",)
    ),
    "the names of two patients were exchanged": RowDefect(
        *PEOPLE,
        (
            (
                "UPDATE {t} SET family = CASE id WHEN 1 THEN 'Lindqvist' ELSE 'Okafor' END "
                "WHERE id IN (1, 2)"
            ),
        ),
    ),
    "names were exchanged where there is no key": RowDefect(
        "family text, given text",
        "('Okafor', 'Ada'), ('Lindqvist', 'Bo')",
        ("UPDATE {t} SET given = CASE given WHEN 'Ada' THEN 'Bo' ELSE 'Ada' END",),
    ),
    "a column was moved by one row": RowDefect(
        *PEOPLE, ("UPDATE {t} t SET given = (SELECT given FROM {t} n WHERE n.id = t.id % 3 + 1)",)
    ),
    "a text was cut off": RowDefect(
        KEYED + "note text", "(1, repeat('x', 300))", ("UPDATE {t} SET note = left(note, 255)",)
    ),
    "a blank at the end was cut off": _becomes("note", "'x '", "'x'", "text"),
    "a default went over a value": RowDefect(
        KEYED + "level text DEFAULT 'normal'",
        "(1, 'high'), (2, 'low')",
        ("UPDATE {t} SET level = DEFAULT",),
    ),
    "times moved by a time zone": RowDefect(
        KEYED + "at timestamptz",
        "(1, '2026-03-01 08:00+00')",
        ("UPDATE {t} SET at = at + interval '1 hour'",),
    ),
    "null became an empty text": _becomes("note", "NULL", "''", "text"),
    "a numeric has another scale": _becomes("dose", "1.0", "1.00", "numeric"),
    "a float lost its sign": _becomes("value", "'-0'", "0", "float8"),
    "a day became 24 hours": _becomes("every", "'1 day'", "'24 hours'", "interval"),
    "json has another number": _becomes("data", "'{\"a\": 1}'", "'{\"a\": 2}'", "json"),
    "jsonb has another scale": _becomes("data", "'{\"dose\": 1.0}'", "'{\"dose\": 1.00}'", "jsonb"),
    "jsonb is nested otherwise": _becomes("data", '\'[["x"], "y"]\'', '\'[["x", "y"]]\'', "jsonb"),
    "bits": _becomes("data", "B'0101'", "B'0100'", "bit(4)"),
    "money": _becomes("paid", "'1.00'", "'1.01'", "money"),
    "a search vector": _becomes("words", "'a:1'", "'a:2'", "tsvector"),
    "a point": _becomes("place", "'(1,2)'", "'(1,2.5)'", "point"),
    "an array of another shape": _becomes("list", "'{1,2,3,4}'", "'{{1,2},{3,4}}'", "int[]"),
    "an array of numerics": _becomes("list", "'{1.0}'", "'{1.00}'", "numeric[]"),
    "a range of numerics": _becomes("span", "'[1.0,2]'", "'[1.00,2]'", "numrange"),
    "a domain over a numeric": _becomes("dose", "1.0", "1.00", "dosage"),
    "a composite with a numeric": _becomes("dose", "ROW(1.0, 'mg')", "ROW(1.00, 'mg')", "amount"),
    "an array of intervals": _becomes("list", "'{1 day}'", "'{24:00}'", "interval[]"),
    "an enum": _becomes("level", "'low'", "'high'", "severity"),
    "a key of two columns": RowDefect(
        "a int, b text, v text, PRIMARY KEY (a, b)",
        "(1, 'x', 'p'), (1, 'y', 'q')",
        ("UPDATE {t} SET v = CASE v WHEN 'p' THEN 'q' ELSE 'p' END",),
    ),
    'a "quoted" name; and % in it': RowDefect(
        '"Id" int PRIMARY KEY, "first name" text, "%s" text',
        "(1, 'a', 'b')",
        ("UPDATE {t} SET \"%s\" = 'c'",),
    ),
    "a row in a partition": RowDefect(
        "id int, v text, PRIMARY KEY (id)",
        "(1, 'a'), (11, 'b')",
        ("UPDATE {t} SET v = 'c' WHERE id = 11",),
        (
            "CREATE TABLE {t} (_) PARTITION BY RANGE (id)",
            "CREATE TABLE low PARTITION OF {t} FOR VALUES FROM (0) TO (10)",
            "CREATE TABLE high PARTITION OF {t} FOR VALUES FROM (10) TO (20)",
        ),
    ),
}
TYPES = (
    "CREATE DOMAIN dosage AS numeric",
    "CREATE TYPE amount AS (value numeric, unit text)",
    "CREATE TYPE severity AS ENUM ('low', 'high')",
)
