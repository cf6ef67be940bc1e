"""Where two contents differ: segments first, then the keys in those that do.

Names keys, never what a row holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from cutover_gates.probes.database.measurement import table_queries
from cutover_gates.probes.database.measurement.consistent_session import open_consistent_session
from cutover_gates.probes.database.measurement.row_hashes import MODULUS, key_hash, row_hash
from cutover_gates.probes.database.measurement.table_measurement import measure_in_session
from cutover_gates.probes.database.measurement.table_specs import TableSpec, TupleConnection
from cutover_gates.probes.database.measurement.table_stats import Division, RowSums, Segments

MAX_KEYS = 50
"""The most keys that are named of each kind."""
MAX_SEGMENTS = 64
"""Segments whose keys are read at a time."""


@dataclass(frozen=True)
class SegmentDifference:
    """A segment that differs: what it covers, its rows then and now, and what happened to which
    keys, as far as its sums tell.
    """

    covers: str
    then: int
    now: int
    keys: tuple[str, ...]
    explanation: str

    def __str__(self) -> str:
        keys = f": {', '.join(self.keys)}" if self.keys else ""
        return f"{self.covers} ({self.then} rows then, {self.now} now; {self.explanation}{keys})"


@dataclass(frozen=True)
class KeyDifferences:
    """The keys that two databases do not agree on, at most `MAX_KEYS` of each kind, and how many there
    are of all kinds in what was looked into.
    """

    changed: tuple[str, ...]
    missing: tuple[str, ...]
    added: tuple[str, ...]
    number: int
    complete: bool = True

    def __str__(self) -> str:
        named = {"changed": self.changed, "missing": self.missing, "added": self.added}
        said = "; ".join(f"{what}: {', '.join(keys)}" for what, keys in named.items() if keys)
        return f"{said}{'' if self.complete else ' … and more'}"


def find_differing_segments(then: Segments, now: Segments, *, migrated: bool) -> list[int]:
    """The segments whose rows, keys or content are not the same.

    `migrated`: the content now is held against what it was expected to become.
    """
    return [
        number
        for number in sorted({*then.sums, *now.sums})
        if _segment_identity(then.sums.get(number, RowSums()), migrated)
        != _segment_identity(now.sums.get(number, RowSums()), False)
    ]


def _segment_identity(sums: RowSums, migrated: bool) -> tuple[int, int, int]:
    return sums.rows, sums.keys, sums.expected if migrated else sums.content


def locate_differences(
    connection: TupleConnection, spec: TableSpec, then: Segments, now: Segments, *, migrated: bool
) -> list[SegmentDifference]:
    """The first few segments that differ, with keys. `spec` is divided as the snapshot was."""
    numbers = find_differing_segments(then, now, migrated=migrated)[:5]
    keys: dict[int, list[tuple[str, int]]] = {number: [] for number in numbers}
    for number, key, hashed, _ in (
        read_segment_rows(connection, spec, numbers, MAX_KEYS * len(numbers)) if numbers else ()
    ):
        keys[number].append((key, hashed % MODULUS))
    return [
        _describe_segment(
            spec,
            then.division,
            number,
            then.sums.get(number, RowSums()),
            now.sums.get(number, RowSums()),
            keys[number],
        )
        for number in numbers
    ]


def _describe_segment(
    spec: TableSpec,
    division: Division,
    number: int,
    then: RowSums,
    now: RowSums,
    keys: Sequence[tuple[str, int]],
) -> SegmentDifference:
    """A segment's key sums tell an added row by itself, and the hash of one that is missing."""
    more = (now.keys - then.keys) % MODULUS
    named = tuple(key for key, _ in keys[:MAX_KEYS])
    if more == 0 and now.rows == then.rows:
        happened = "the same keys, and of one of them at least the content is another"
    elif now.rows == then.rows + 1 and (
        added := tuple(key for key, hashed in keys if hashed == more)
    ):
        named, happened = added, "this key was added"
    elif now.rows == then.rows - 1:
        happened = (
            f"the key whose hash is {(then.keys - now.keys) % MODULUS} is missing, and these are"
            " left"
        )
    else:
        happened = "keys are missing or were added, and these are there now"
    return SegmentDifference(
        _describe_segment_range(spec, division, number), then.rows, now.rows, named, happened
    )


def _describe_segment_range(spec: TableSpec, division: Division, number: int) -> str:
    if division.origin is None:
        return f"segment {number} of {division.parts}, by the hash of {', '.join(spec.key)}"
    first = division.origin + (number << division.shift)
    return f"{spec.key[0]} {first} to {first + (1 << division.shift) - 1}"


def find_differing_keys(
    dsn: str,
    spec: TableSpec,
    other_dsn: str,
    other: TableSpec,
    *,
    ends: float,
    connections: int = 4,
) -> KeyDifferences:
    """The keys that a table of two databases (`dsn` is what is judged, `other_dsn` what it should
    be) does not agree on.

    Segments narrow it down, so that only keys of segments that differ cross the wire. Both specs
    name the same columns and key.
    """
    division = Division(1 << min(16, max(0, (max(spec.size, other.size) // 2048).bit_length())))
    with (
        open_consistent_session(dsn, ends) as here,
        open_consistent_session(other_dsn, ends) as there,
    ):
        sums = [
            measure_in_session(session, [one.with_division(division)], connections=connections)
            .tables[one.name]
            .segments
            for session, one in ((here, spec), (there, other))
        ]
        if sums[0] is None or sums[1] is None:
            return KeyDifferences((), (), (), 0, complete=False)
        numbers = find_differing_segments(sums[1], sums[0], migrated=False)
        found, wanted = (
            _read_row_hashes(session.first, one.with_division(division), numbers[:MAX_SEGMENTS])
            for session, one in ((here, spec), (there, other))
        )
    changed = sorted(key for key in found.keys() & wanted.keys() if found[key] != wanted[key])
    missing, added = sorted(wanted.keys() - found.keys()), sorted(found.keys() - wanted.keys())
    number = len(changed) + len(missing) + len(added)
    return KeyDifferences(
        tuple(changed[:MAX_KEYS]),
        tuple(missing[:MAX_KEYS]),
        tuple(added[:MAX_KEYS]),
        number,
        len(numbers) <= MAX_SEGMENTS and max(map(len, (changed, missing, added))) <= MAX_KEYS,
    )


def _read_row_hashes(
    connection: TupleConnection, spec: TableSpec, numbers: Iterable[int]
) -> dict[str, int]:
    listed = list(numbers)
    return (
        {key: hashed for _, key, _, hashed in read_segment_rows(connection, spec, listed, None)}
        if listed
        else {}
    )


def read_segment_rows(
    connection: TupleConnection, spec: TableSpec, numbers: Sequence[int], limit: int | None
) -> Iterator[tuple[int, str, int, int]]:
    """(segment, key, the key's hash, the row's hash) of the old rows in these segments."""
    assert spec.division is not None  # only divided tables have segments
    number = table_queries.segment_number(spec, spec.division)
    found: Any = connection.execute(
        sql.SQL(
            "SELECT {}, {}, {}, {} FROM {} WHERE {} = ANY ({}) AND {} ORDER BY 1, 2 LIMIT {}"
        ).format(
            number,
            key_text(spec),
            key_hash(spec.content, spec.key),
            row_hash(spec.content, spec.key),
            spec.table.identifier,
            number,
            sql.Literal(list(numbers)),
            table_queries.is_old(spec),
            sql.SQL("ALL") if limit is None else sql.Literal(limit),
        )
    )
    return iter(found)


def key_text(spec: TableSpec) -> sql.Composable:
    """A row's key for a reader: `42`, or `7/2026` where it has several columns."""
    parts = [
        sql.SQL("{}::text").format(sql.SQL(spec.content[name].expression)) for name in spec.key
    ]
    return sql.SQL("concat_ws('/', {})").format(sql.SQL(", ").join(parts))
