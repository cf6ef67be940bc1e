"""Where two contents differ: segments first, then the keys in those that do.

Names keys, never what a row holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from cutover.database.rows import statements
from cutover.database.rows.figures import Division, Segments, Sums
from cutover.database.rows.fingerprint import MODULUS, key_hash, row_hash
from cutover.database.rows.measure import measure_in
from cutover.database.rows.reading import reading
from cutover.database.rows.tables import Connection, TableSpec

KEYS = 50
"""The most keys that are named of each kind."""
LOOKED_INTO = 64
"""Segments whose keys are read at a time."""


@dataclass(frozen=True)
class Place:
    """A segment that differs: what it covers, its rows then and now, and what happened to which
    keys, as far as its sums tell.
    """

    covers: str
    then: int
    now: int
    keys: tuple[str, ...]
    happened: str

    def __str__(self) -> str:
        keys = f": {', '.join(self.keys)}" if self.keys else ""
        return f"{self.covers} ({self.then} rows then, {self.now} now; {self.happened}{keys})"


@dataclass(frozen=True)
class Differing:
    """The keys that two databases do not agree on, at most `KEYS` of each kind, and how many there
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


def differing(then: Segments, now: Segments, *, migrated: bool) -> list[int]:
    """The segments whose rows, keys or content are not the same.

    `migrated`: the content now is held against what it was expected to become.
    """
    return [
        number
        for number in sorted({*then.sums, *now.sums})
        if _identity(then.sums.get(number, Sums()), migrated)
        != _identity(now.sums.get(number, Sums()), False)
    ]


def _identity(sums: Sums, migrated: bool) -> tuple[int, int, int]:
    return sums.rows, sums.keys, sums.expected if migrated else sums.content


def places(
    connection: Connection, spec: TableSpec, then: Segments, now: Segments, *, migrated: bool
) -> list[Place]:
    """The first few segments that differ, with keys. `spec` is divided as the snapshot was."""
    numbers = differing(then, now, migrated=migrated)[:5]
    keys: dict[int, list[tuple[str, int]]] = {number: [] for number in numbers}
    for number, key, hashed, _ in (
        rows_in(connection, spec, numbers, KEYS * len(numbers)) if numbers else ()
    ):
        keys[number].append((key, hashed % MODULUS))
    return [
        _place(
            spec,
            then.division,
            number,
            then.sums.get(number, Sums()),
            now.sums.get(number, Sums()),
            keys[number],
        )
        for number in numbers
    ]


def _place(
    spec: TableSpec,
    division: Division,
    number: int,
    then: Sums,
    now: Sums,
    keys: Sequence[tuple[str, int]],
) -> Place:
    """A segment's key sums tell an added row by itself, and the hash of one that is missing."""
    more = (now.keys - then.keys) % MODULUS
    named = tuple(key for key, _ in keys[:KEYS])
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
    return Place(_covers(spec, division, number), then.rows, now.rows, named, happened)


def _covers(spec: TableSpec, division: Division, number: int) -> str:
    if division.origin is None:
        return f"segment {number} of {division.parts}, by the hash of {', '.join(spec.key)}"
    first = division.origin + (number << division.shift)
    return f"{spec.key[0]} {first} to {first + (1 << division.shift) - 1}"


def differing_keys(
    dsn: str,
    spec: TableSpec,
    other_dsn: str,
    other: TableSpec,
    *,
    ends: float,
    connections: int = 4,
) -> Differing:
    """The keys that a table of two databases (`dsn` is what is judged, `other_dsn` what it should
    be) does not agree on.

    Segments narrow it down, so that only keys of segments that differ cross the wire. Both specs
    name the same columns and key.
    """
    division = Division(1 << min(16, max(0, (max(spec.size, other.size) // 2048).bit_length())))
    with reading(dsn, ends) as here, reading(other_dsn, ends) as there:
        sums = [
            measure_in(session, [one.divided(division)], connections=connections)
            .tables[one.name]
            .segments
            for session, one in ((here, spec), (there, other))
        ]
        if sums[0] is None or sums[1] is None:
            return Differing((), (), (), 0, complete=False)
        numbers = differing(sums[1], sums[0], migrated=False)
        found, wanted = (
            _hashes(session.first, one.divided(division), numbers[:LOOKED_INTO])
            for session, one in ((here, spec), (there, other))
        )
    changed = sorted(key for key in found.keys() & wanted.keys() if found[key] != wanted[key])
    missing, added = sorted(wanted.keys() - found.keys()), sorted(found.keys() - wanted.keys())
    number = len(changed) + len(missing) + len(added)
    return Differing(
        tuple(changed[:KEYS]),
        tuple(missing[:KEYS]),
        tuple(added[:KEYS]),
        number,
        len(numbers) <= LOOKED_INTO and max(map(len, (changed, missing, added))) <= KEYS,
    )


def _hashes(connection: Connection, spec: TableSpec, numbers: Iterable[int]) -> dict[str, int]:
    listed = list(numbers)
    return (
        {key: hashed for _, key, _, hashed in rows_in(connection, spec, listed, None)}
        if listed
        else {}
    )


def rows_in(
    connection: Connection, spec: TableSpec, numbers: Sequence[int], limit: int | None
) -> Iterator[tuple[int, str, int, int]]:
    """(segment, key, the key's hash, the row's hash) of the old rows in these segments."""
    assert spec.division is not None  # only divided tables have segments
    number = statements.segment(spec, spec.division)
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
            statements.is_old(spec),
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
