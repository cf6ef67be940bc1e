"""The keys and columns in which the same table of two databases differs, row by row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

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
from cutover_gates.probes.database.measurement.table_stats import Division, RowSums, Segments

# The hash of each column, by key and column.
_ColumnHashes = Mapping[str, Mapping[str, int]]
# Rows of differing segments that are read from each side: a few seconds, and little memory.
MAX_COMPARED_ROWS = 50_000
_MAX_DIVISION_BITS = 16
# Bytes of a table for each segment: about 16 rows of 128 bytes.
_SEGMENT_BYTES = 2048
# Changed rows whose columns are compared.
MAX_COLUMN_KEYS = 20_000
# A column in which so few keys differ has them named beside it.
_FEW_KEYS = 5


@dataclass(frozen=True)
class ChangedColumn:
    """A column in which the rows of `number` keys differ; the first few of them are `keys`."""

    number: int
    keys: tuple[str, ...]


@dataclass(frozen=True)
class KeyDifferences:
    """The keys on which two databases differ, at most `MAX_KEYS` of each kind.

    `number` counts all of them in the segments that were read; `share` (0 to 1) is how much of the
    difference was read. `columns` are those in which changed rows differ, by name. The keys of the
    columns in which the fewest rows differ come first.
    """

    changed: tuple[str, ...]
    missing: tuple[str, ...]
    added: tuple[str, ...]
    number: int
    complete: bool = True
    columns: Mapping[str, ChangedColumn] = field(default_factory=dict)
    share: float = 1.0

    def __str__(self) -> str:
        # Lost keys first: they are what a reader must not miss.
        lost = {"missing": self.missing, "added": self.added}
        parts = [f"{kind} keys {', '.join(keys)}" for kind, keys in lost.items() if keys]
        parts += [f"columns {', '.join(self._describe_columns())}"] if self.columns else []
        parts += [f"changed keys {', '.join(self.changed)}"] if self.changed else []
        return f"{'; '.join(parts)}{'' if self.complete else ' … and more'}"

    def _describe_columns(self) -> Iterator[str]:
        for name, column in self.columns.items():
            number = round(column.number / self.share)
            about = "" if self.share == 1 else "about "
            few = f": {', '.join(column.keys)}" if column.number <= _FEW_KEYS else ""
            yield f"{name} ({about}{number:,} {'key' if number == 1 else 'keys'}{few})"


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
    schemas: tuple[str, ...] = (),
) -> KeyDifferences:
    """Return the keys and columns in which a table of two databases differs.

    `dsn` is the database that is judged, `other_dsn` the one with the expected content. Segments
    narrow the difference down, so only keys of segments that differ are sent. Both specs name the
    same columns and key.
    """
    bits = (max(spec.size, other.size) // _SEGMENT_BYTES).bit_length()
    division = Division(1 << min(_MAX_DIVISION_BITS, bits))
    with (
        open_consistent_session(dsn, ends, schemas) as session,
        open_consistent_session(other_dsn, ends, schemas) as other_session,
    ):
        here = _Side(session, spec.with_division(division))
        there = _Side(other_session, other.with_division(division))
        return _compare_sides(here, there, connections)


def _compare_sides(here: _Side, there: _Side, connections: int) -> KeyDifferences:
    now, then = here.measure_segments(connections), there.measure_segments(connections)
    if now is None or then is None:
        return KeyDifferences((), (), (), 0, complete=False)
    differing = find_differing_segments(then, now, migrated=False)
    numbers = _choose_segments(differing, then, now)
    # Only hashes leave the databases, so the whole rows of these segments are never sent.
    actual, wanted = here.read_row_hashes(numbers), there.read_row_hashes(numbers)
    changed = sorted(key for key in actual.keys() & wanted.keys() if actual[key] != wanted[key])
    missing, added = sorted(wanted.keys() - actual), sorted(actual.keys() - wanted)
    examined = changed[:MAX_COLUMN_KEYS]
    columns = _find_differing_columns(here, there, numbers, examined)
    named = _order_by_rarity(examined, columns)[:MAX_KEYS]
    share = len(numbers) / len(differing) if differing else 1.0
    return KeyDifferences(
        tuple(named),
        tuple(missing[:MAX_KEYS]),
        tuple(added[:MAX_KEYS]),
        len(changed) + len(missing) + len(added),
        share == 1 and max(map(len, (changed, missing, added))) <= MAX_KEYS,
        {name: ChangedColumn(len(keys), tuple(keys[:_FEW_KEYS])) for name, keys in columns.items()},
        share * (len(examined) / len(changed) if changed else 1.0),
    )


def _choose_segments(differing: Sequence[int], then: Segments, now: Segments) -> list[int]:
    """Return the first of these segments, up to `MAX_COMPARED_ROWS` rows.

    They go by the hash of the key, so the first ones are a sample of all.
    """
    chosen, rows = list[int](), 0
    for number in differing:
        rows += max(side.sums.get(number, RowSums()).rows for side in (then, now))
        if chosen and rows > MAX_COMPARED_ROWS:
            break
        chosen.append(number)
    return chosen


def _find_differing_columns(
    here: _Side, there: _Side, numbers: Sequence[int], keys: Sequence[str]
) -> dict[str, list[str]]:
    """Return the columns in which the rows with these keys differ, each with its keys."""
    if not keys:
        return {}
    actual, wanted = (
        table_queries.read_column_hashes(side.connection, side.spec, numbers, keys)
        for side in (here, there)
    )
    differing = dict[str, list[str]]()
    for name in sorted(here.spec.content.keys() & there.spec.content.keys()):
        if found := [key for key in keys if _differs(actual, wanted, key, name)]:
            differing[name] = found
    return differing


def _differs(actual: _ColumnHashes, wanted: _ColumnHashes, key: str, column: str) -> bool:
    """Return whether the rows of both sides differ in a column. A row may just have gone."""
    if key not in actual or key not in wanted:
        return False
    return actual[key][column] != wanted[key][column]


def _order_by_rarity(keys: Sequence[str], columns: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the keys, those of the columns in which the fewest rows differ first.

    So a damaged row is named before the many whose time of change was only set anew.
    """
    ordered = sorted(columns.values(), key=len)
    return list(dict.fromkeys([*chain.from_iterable(ordered), *keys]))
