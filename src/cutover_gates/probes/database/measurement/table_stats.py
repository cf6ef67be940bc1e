"""The figures of measured tables: counts, and sums of hashes. They hold no content of a row."""

from __future__ import annotations

import base64
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cutover_gates.probes.database.measurement.column_sums import ColumnSums
from cutover_gates.probes.database.measurement.row_hashes import MODULUS


@dataclass(frozen=True)
class RowSums:
    """The sums of a set of rows, modulo 2^64.

    `keys`: of the hashes of their keys; `content`: of the hashes of the rows as they are;
    `expected`: of the hashes of the rows as the migration should leave them.
    """

    rows: int = 0
    keys: int = 0
    content: int = 0
    expected: int = 0

    def __add__(self, other: RowSums) -> RowSums:
        return RowSums(
            self.rows + other.rows,
            (self.keys + other.keys) % MODULUS,
            (self.content + other.content) % MODULUS,
            (self.expected + other.expected) % MODULUS,
        )


@dataclass(frozen=True)
class Division:
    """The division of a table into segments, whose number `parts` is a power of two.

    An integer key is divided by its range (`origin` and `shift`), any other key by its hash.
    """

    parts: int
    origin: int | None = None
    shift: int = 0


@dataclass(frozen=True)
class Segments:
    """The sums of the segments of a table, by their numbers."""

    division: Division
    sums: Mapping[int, RowSums]

    def to_plain(self) -> dict[str, Any]:
        """Return JSON-able values; `from_plain` reads them.

        They are packed, because a table may have 65,536 segments: each column is base64 of 64-bit
        numbers.
        """
        numbers = sorted(self.sums)
        sums = [self.sums[number] for number in numbers]
        columns = {"number": numbers}
        for name in ("rows", "keys", "content", "expected"):
            columns[name] = [getattr(one, name) for one in sums]
        return {
            "parts": self.division.parts,
            "origin": self.division.origin,
            "shift": self.division.shift,
            **{
                name: base64.b64encode(array("Q", values).tobytes()).decode()
                for name, values in columns.items()
            },
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Segments:
        """Return the segments that `to_plain` wrote."""
        numbers, *columns = (
            array("Q", base64.b64decode(plain[name]))
            for name in ("number", "rows", "keys", "content", "expected")
        )
        sums = {number: RowSums(*values) for number, *values in zip(numbers, *columns, strict=True)}
        return cls(Division(plain["parts"], plain["origin"], plain["shift"]), sums)


_COLUMN_SUMS = ("column_sums", "expected_column_sums")


@dataclass(frozen=True)
class TableStats:
    """The figures of one table.

    `counted` is None where the rows were not counted, `sums` where the content was not hashed; the
    reason is in `DatabaseStats.unproven`. `columns` and `expected_columns`: the types, by name, of
    what was hashed as it is and as it should become. `above` is the column that only grows, `mark`
    its value (as text) up to which rows are old; `sums` are those of the old rows, `newer` is the
    number of the others. `rows_become`: the declared number of rows after the migration.
    `column_sums`: those of the columns as they are, `expected_column_sums` as they should become;
    None where they were not measured. `is_compared_by_column`: the sums of the whole rows do not
    count, but those of the columns in `expected_columns`.
    """

    columns: Mapping[str, str]
    key: tuple[str, ...] = ()
    counted: int | None = None
    newer: int = 0
    sums: RowSums | None = None
    expected_columns: Mapping[str, str] | None = None
    above: str | None = None
    mark: str | None = None
    rows_become: int | None = None
    segments: Segments | None = None
    column_sums: ColumnSums | None = None
    expected_column_sums: ColumnSums | None = None
    is_compared_by_column: bool = False

    @property
    def old_row_count(self) -> int | None:
        """The number of rows up to the mark; of all rows where there is none."""
        return None if self.counted is None else self.counted - self.newer

    def to_plain(self) -> dict[str, Any]:
        """Return JSON-able values; `from_plain` reads them."""
        return {
            **vars(self),
            "columns": dict(self.columns),
            "key": list(self.key),
            "sums": self.sums and list(vars(self.sums).values()),
            "expected_columns": self.expected_columns and dict(self.expected_columns),
            "segments": self.segments and self.segments.to_plain(),
            **{name: sums and sums.to_plain() for name, sums in self._column_sums().items()},
        }

    def _column_sums(self) -> dict[str, ColumnSums | None]:
        return {name: getattr(self, name) for name in _COLUMN_SUMS}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> TableStats:
        """Return the figures that `to_plain` wrote."""
        typed = {
            "key": tuple(plain["key"]),
            "sums": plain["sums"] and RowSums(*plain["sums"]),
            "segments": plain["segments"] and Segments.from_plain(plain["segments"]),
        }
        # A snapshot from before these sums were kept has none.
        for name in _COLUMN_SUMS:
            sums = plain.get(name)
            typed[name] = sums and ColumnSums.from_plain(sums)
        return cls(**{**plain, **typed})

    def without_segments(self) -> TableStats:
        """Return the figures without the segments, which take most of the space."""
        return replace(self, segments=None)


@dataclass(frozen=True)
class DatabaseStats:
    """The figures of all tables at one moment, by `schema.name`.

    `unproven`: the reason why a table was not measured to its end, by table.
    """

    tables: Mapping[str, TableStats] = field(default_factory=dict)
    unproven: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0

    def to_plain(self) -> dict[str, Any]:
        """Return JSON-able values; `from_plain` reads them."""
        return {
            "tables": {name: table.to_plain() for name, table in self.tables.items()},
            "unproven": dict(self.unproven),
            "seconds": self.seconds,
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> DatabaseStats:
        """Return the figures that `to_plain` wrote."""
        tables = {name: TableStats.from_plain(table) for name, table in plain["tables"].items()}
        return cls(tables, dict(plain["unproven"]), plain["seconds"])
