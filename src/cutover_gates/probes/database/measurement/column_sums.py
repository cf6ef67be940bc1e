"""The sums of single columns: they name the columns in which a table differs from a snapshot.

The hash of a value is seeded with the hash of its row's key, so values that are exchanged between
two rows change the sum. The rows are put into groups by the hash of their key, and each group has
sums of its own: the number of groups in which a column differs says about how many keys differ.
"""

from __future__ import annotations

import base64
import math
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cutover_gates.probes.database.measurement.row_hashes import MODULUS

# The most groups of a table: each costs 8 bytes of the snapshot for each column.
MAX_GROUPS = 256
# Bytes of a table for each group, so that a small table takes little of the snapshot.
_GROUP_BYTES = 128


@dataclass(frozen=True)
class ColumnSums:
    """The sums of a table's columns, modulo 2^64, for each group of keys.

    `keys`: the sums of the keys' hashes. In a table without a key there is one group, and the
    hashes have no seed: equal sums then do not show that two rows did not exchange values.
    `is_keyed` says so.
    """

    keys: Sequence[int]
    columns: Mapping[str, Sequence[int]]
    is_keyed: bool = True

    def total(self, column: str) -> int:
        """Return the sum of a column over the whole table."""
        return sum(self.columns[column]) % MODULUS

    def to_plain(self) -> dict[str, Any]:
        """Return JSON-able values; `from_plain` reads them. Sums are base64 of 64-bit numbers."""
        return {
            "keys": _pack(self.keys),
            "columns": {name: _pack(sums) for name, sums in self.columns.items()},
            "is_keyed": self.is_keyed,
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> ColumnSums:
        """Return the sums that `to_plain` wrote."""
        columns = {name: _unpack(text) for name, text in plain["columns"].items()}
        return cls(_unpack(plain["keys"]), columns, plain["is_keyed"])


@dataclass(frozen=True)
class ColumnDifference:
    """A column that differs: in `groups` of the `of` groups whose keys are equal."""

    column: str
    groups: int
    of: int

    @property
    def keys(self) -> int | None:
        """About how many keys differ; None where nearly all groups do, so that nothing tells."""
        share = self.groups / self.of
        # Above it, one group more or less would change the estimate by a tenth.
        if share > 0.95:
            return None
        return max(self.groups, round(-self.of * math.log(1 - share)))

    def __str__(self) -> str:
        if self.of == 1:
            return self.column
        if self.keys is None:
            return f"{self.column} (at least {self.groups:,} keys)"
        about = "" if self.keys == 1 else "about "
        return f"{self.column} ({about}{self.keys:,} {'key' if self.keys == 1 else 'keys'})"


def choose_groups(size: int, *, has_key: bool) -> int:
    """Return the number of groups, a power of two, of a table of `size` bytes."""
    if not has_key:
        return 1
    return min(MAX_GROUPS, 1 << (size // _GROUP_BYTES).bit_length())


def find_differing_columns(then: ColumnSums, now: ColumnSums) -> list[ColumnDifference]:
    """Return the columns in which the rows that are still there differ, by name.

    A group that lost or got a key differs in every column, so it tells nothing of its columns.
    """
    if len(then.keys) != len(now.keys) or then.is_keyed != now.is_keyed:
        return []
    same = list(range(len(then.keys)))
    if then.is_keyed:
        same = [group for group in same if then.keys[group] == now.keys[group]]
    differing = [
        ColumnDifference(
            name, _count_differing(then.columns[name], now.columns[name], same), len(same)
        )
        for name in sorted(then.columns.keys() & now.columns.keys())
    ]
    return [one for one in differing if one.groups]


def _count_differing(then: Sequence[int], now: Sequence[int], groups: Iterable[int]) -> int:
    return sum(then[group] != now[group] for group in groups)


def describe_columns(differences: Iterable[ColumnDifference]) -> str:
    """Return `columns updated_at (at least 250 keys), city (1 key)`; empty where none differs."""
    named = ", ".join(map(str, differences))
    return f"columns {named}" if named else ""


def _pack(sums: Sequence[int]) -> str:
    return base64.b64encode(array("Q", sums).tobytes()).decode()


def _unpack(text: str) -> tuple[int, ...]:
    return tuple(array("Q", base64.b64decode(text)))
