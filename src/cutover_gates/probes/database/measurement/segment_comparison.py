"""The segments of a table that differ from those of a snapshot, with the keys in them.

Keys are named, and never the content of a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cutover_gates.probes.database.measurement import table_queries
from cutover_gates.probes.database.measurement.row_hashes import MODULUS
from cutover_gates.probes.database.measurement.table_specs import TableSpec, TupleConnection
from cutover_gates.probes.database.measurement.table_stats import Division, RowSums, Segments

# The most keys that are named of each kind.
MAX_KEYS = 50
# The most segments whose keys are read: where more differ, single keys no longer matter.
_MAX_LOCATED_SEGMENTS = 5


@dataclass(frozen=True)
class SegmentDifference:
    """A segment that differs: its range of keys, its rows then and now, and the keys concerned.

    `change` is what happened to the keys, as far as the sums tell.
    """

    covers: str
    then: int
    now: int
    keys: tuple[str, ...]
    change: str

    def __str__(self) -> str:
        keys = f": {', '.join(self.keys)}" if self.keys else ""
        return f"{self.covers} ({self.then} rows then, {self.now} now; {self.change}{keys})"


def find_differing_segments(then: Segments, now: Segments, *, migrated: bool) -> list[int]:
    """Return the numbers of the segments whose rows, keys or content differ.

    `migrated`: the content now is compared with what it was expected to become.
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
    """Return the first few segments that differ, with keys.

    `spec` is divided as the snapshot was.
    """
    numbers = find_differing_segments(then, now, migrated=migrated)[:_MAX_LOCATED_SEGMENTS]
    keys: dict[int, list[tuple[str, int]]] = {number: [] for number in numbers}
    if numbers:
        limit = MAX_KEYS * len(numbers)
        rows = table_queries.read_segment_rows(connection, spec, numbers, limit)
        for number, key, key_hash, _row_hash in rows:
            keys[number].append((key, key_hash % MODULUS))
    return [_describe_segment(spec, then, now, number, keys[number]) for number in numbers]


def _describe_segment(
    spec: TableSpec,
    then: Segments,
    now: Segments,
    number: int,
    keys: Sequence[tuple[str, int]],
) -> SegmentDifference:
    """Return the difference of one segment.

    The sums of the keys' hashes identify one added key, and give the hash of one missing key.
    """
    old, new = then.sums.get(number, RowSums()), now.sums.get(number, RowSums())
    more = (new.keys - old.keys) % MODULUS
    named = tuple(key for key, _ in keys[:MAX_KEYS])
    added = tuple(key for key, key_hash in keys if key_hash == more)
    if more == 0 and new.rows == old.rows:
        change = "same keys, other content in at least one of"
    elif new.rows == old.rows + 1 and added:
        named, change = added, "one key was added"
    elif new.rows == old.rows - 1:
        change = f"the key with the hash {(old.keys - new.keys) % MODULUS} is missing; left are"
    else:
        change = "other keys; now there are"
    covers = _describe_segment_range(spec, then.division, number)
    return SegmentDifference(covers, old.rows, new.rows, named, change)


def _describe_segment_range(spec: TableSpec, division: Division, number: int) -> str:
    if division.origin is None:
        return f"segment {number} of {division.parts}, by the hash of {', '.join(spec.key)}"
    first = division.origin + (number << division.shift)
    return f"{spec.key[0]} {first} to {first + (1 << division.shift) - 1}"
