"""The keys and columns in which the same table of two databases differs, row by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cutover_gates.probes.database.measurement import table_queries
from cutover_gates.probes.database.measurement.consistent_session import (
    ConsistentSession,
    open_consistent_session,
)
from cutover_gates.probes.database.measurement.segment_comparison import (
    MAX_KEYS,
    find_differing_segments,
)
from cutover_gates.probes.database.measurement.table_measurement import measure_in_session
from cutover_gates.probes.database.measurement.table_specs import TableSpec, TupleConnection
from cutover_gates.probes.database.measurement.table_stats import Division, Segments

# Segments whose keys are read at a time.
MAX_SEGMENTS = 64
_MAX_DIVISION_BITS = 16
# Bytes of a table for each segment: about 16 rows of 128 bytes.
_SEGMENT_BYTES = 2048
# Changed rows whose columns are compared: enough to name every column that a script changed.
MAX_COLUMN_KEYS = 1000


@dataclass(frozen=True)
class KeyDifferences:
    """The keys on which two databases differ, at most `MAX_KEYS` of each kind.

    `number` counts all of them in the segments that were read, `complete` is False where segments
    or keys were left out. `columns` are those in which changed rows differ.
    """

    changed: tuple[str, ...]
    missing: tuple[str, ...]
    added: tuple[str, ...]
    number: int
    complete: bool = True
    columns: tuple[str, ...] = ()

    def __str__(self) -> str:
        named = {"changed": self.changed, "missing": self.missing, "added": self.added}
        parts = [f"columns {', '.join(self.columns)}"] if self.columns else []
        parts += [f"{kind} keys {', '.join(keys)}" for kind, keys in named.items() if keys]
        return f"{'; '.join(parts)}{'' if self.complete else ' … and more'}"


@dataclass(frozen=True)
class _Side:
    """One of the two databases: its session, and the divided spec of the table."""

    session: ConsistentSession
    spec: TableSpec

    @property
    def connection(self) -> TupleConnection:
        """The session's first connection."""
        return self.session.first

    def measure_segments(self, connections: int) -> Segments | None:
        """Return the sums of the segments; None where the table was not read to its end."""
        figures = measure_in_session(self.session, [self.spec], connections=connections)
        return figures.tables[self.spec.name].segments

    def read_row_hashes(self, numbers: Sequence[int]) -> dict[str, int]:
        """Return the hash of each row in these segments, by its key."""
        if not numbers:
            return {}
        rows = table_queries.read_segment_rows(self.connection, self.spec, numbers, None)
        return {key: row_hash for _number, key, _key_hash, row_hash in rows}


def find_differing_keys(
    dsn: str,
    spec: TableSpec,
    other_dsn: str,
    other: TableSpec,
    *,
    ends: float,
    connections: int = 4,
) -> KeyDifferences:
    """Return the keys and columns in which a table of two databases differs.

    `dsn` is the database that is judged, `other_dsn` the one with the expected content. Segments
    narrow the difference down, so only keys of segments that differ are sent. Both specs name the
    same columns and key.
    """
    bits = (max(spec.size, other.size) // _SEGMENT_BYTES).bit_length()
    division = Division(1 << min(_MAX_DIVISION_BITS, bits))
    with (
        open_consistent_session(dsn, ends) as session,
        open_consistent_session(other_dsn, ends) as other_session,
    ):
        here = _Side(session, spec.with_division(division))
        there = _Side(other_session, other.with_division(division))
        return _compare_sides(here, there, connections)


def _compare_sides(here: _Side, there: _Side, connections: int) -> KeyDifferences:
    now, then = here.measure_segments(connections), there.measure_segments(connections)
    if now is None or then is None:
        return KeyDifferences((), (), (), 0, complete=False)
    numbers = find_differing_segments(then, now, migrated=False)
    # Only hashes leave the databases, so the whole rows of these segments are never sent.
    actual = here.read_row_hashes(numbers[:MAX_SEGMENTS])
    wanted = there.read_row_hashes(numbers[:MAX_SEGMENTS])
    changed = sorted(key for key in actual.keys() & wanted.keys() if actual[key] != wanted[key])
    missing, added = sorted(wanted.keys() - actual), sorted(actual.keys() - wanted)
    longest = max(map(len, (changed, missing, added)))
    return KeyDifferences(
        tuple(changed[:MAX_KEYS]),
        tuple(missing[:MAX_KEYS]),
        tuple(added[:MAX_KEYS]),
        len(changed) + len(missing) + len(added),
        len(numbers) <= MAX_SEGMENTS and longest <= MAX_KEYS,
        _find_differing_columns(here, there, numbers[:MAX_SEGMENTS], changed[:MAX_COLUMN_KEYS]),
    )


def _find_differing_columns(
    here: _Side, there: _Side, numbers: Sequence[int], keys: Sequence[str]
) -> tuple[str, ...]:
    """Return the columns in which the rows with these keys differ, by name."""
    if not keys:
        return ()
    actual, wanted = (
        table_queries.read_column_hashes(side.connection, side.spec, numbers, keys)
        for side in (here, there)
    )
    names = here.spec.content.keys() & there.spec.content.keys()
    differing = set[str]()
    for key in actual.keys() & wanted.keys():
        differing |= {name for name in names if actual[key][name] != wanted[key][name]}
    return tuple(sorted(differing))
