"""What was measured: for each table how many rows, and fingerprints of their keys and their
content. Plain figures, never a row's content.
"""

from __future__ import annotations

import base64
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cutover_gates.probes.database.measurement.row_hashes import MODULUS


@dataclass(frozen=True)
class RowSums:
    """A set of rows: how many; the sum of their keys' hashes; the sum of their own hashes as they
    are (`content`) and as the migration should leave them (`expected`). Sums modulo 2^64.
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
    """How a table is divided into segments: an integer key by its range (`origin` and `shift`), any
    other by its hash. `parts` is a power of two.
    """

    parts: int
    origin: int | None = None
    shift: int = 0


@dataclass(frozen=True)
class Segments:
    """The sums of each segment, by its number."""

    division: Division
    sums: Mapping[int, RowSums]

    def to_plain(self) -> dict[str, Any]:
        """Packed: a table may have 65,536 of them. Each column as 64-bit numbers, in base64."""
        numbers = sorted(self.sums)
        columns = {
            "number": numbers,
            **{
                name: [getattr(self.sums[n], name) for n in numbers]
                for name in ("rows", "keys", "content", "expected")
            },
        }
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
        numbers, *columns = (
            array("Q", base64.b64decode(plain[name]))
            for name in ("number", "rows", "keys", "content", "expected")
        )
        sums = {number: RowSums(*values) for number, *values in zip(numbers, *columns, strict=True)}
        return cls(Division(plain["parts"], plain["origin"], plain["shift"]), sums)


@dataclass(frozen=True)
class TableStats:
    """One table.

    `counted` is None when that was not seen, `sums` when its content was not; both then stand in
    `Figures.unproven`.

    `columns` and `expected_columns`: name to type, of what was fingerprinted as it is and as it
    should become. `above` is the column that only grows, `mark` its highest value (as text) up to
    which rows count as old; `sums` are those of the old rows, `newer` is the number of the others.
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

    @property
    def old_row_count(self) -> int | None:
        """The rows up to the mark; all where there is none."""
        return None if self.counted is None else self.counted - self.newer

    def to_plain(self) -> dict[str, Any]:
        return {
            **vars(self),
            "columns": dict(self.columns),
            "key": list(self.key),
            "sums": self.sums and list(vars(self.sums).values()),
            "expected_columns": self.expected_columns and dict(self.expected_columns),
            "segments": self.segments and self.segments.to_plain(),
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> TableStats:
        return cls(
            **{
                **plain,
                "key": tuple(plain["key"]),
                "sums": plain["sums"] and RowSums(*plain["sums"]),
                "segments": plain["segments"] and Segments.from_plain(plain["segments"]),
            }
        )

    def without_segments(self) -> TableStats:
        return replace(self, segments=None)


@dataclass(frozen=True)
class DatabaseStats:
    """All tables by `schema.name`, seen at one moment.

    `unproven`: table to the reason why it was not measured to its end.
    """

    tables: Mapping[str, TableStats] = field(default_factory=dict)
    unproven: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0

    def to_plain(self) -> dict[str, Any]:
        return {
            "tables": {name: table.to_plain() for name, table in self.tables.items()},
            "unproven": dict(self.unproven),
            "seconds": self.seconds,
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> DatabaseStats:
        tables = {name: TableStats.from_plain(table) for name, table in plain["tables"].items()}
        return cls(tables, dict(plain["unproven"]), plain["seconds"])
