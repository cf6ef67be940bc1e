"""What a snapshot holds of the data outside of tables. It holds no content."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

_Value = TypeVar("_Value")


@dataclass(frozen=True)
class LargeObjectSegment:
    """Large objects with neighbouring OIDs: the first OID, their number, the sum of their hashes.

    Up to 65,536 objects each has a segment of its own.
    """

    first: int
    objects: int
    content: int


@dataclass(frozen=True)
class LargeObjectState:
    """All large objects of a database. `last` is the highest OID, `size` the bytes of all."""

    segments: Sequence[LargeObjectSegment] = ()
    last: int = 0
    size: int = 0

    @property
    def count(self) -> int:
        """The number of objects."""
        return sum(segment.objects for segment in self.segments)


@dataclass(frozen=True)
class ObjectReferences:
    """A column that may refer to large objects: its values, and how many find no object."""

    values: int
    missing: int


@dataclass(frozen=True)
class SequencePosition:
    """The next number of a sequence. `fills_column`: a column is filled from it."""

    oid: int
    following: int
    step: int
    cycles: bool
    fills_column: bool


@dataclass(frozen=True)
class MaterializedViewState:
    """A materialised view and its query, at one moment.

    The sums are of hashes of the rows as text; all are None where it is not filled.
    """

    populated: bool
    rows: int | None = None
    query_rows: int | None = None
    content: int | None = None
    query_content: int | None = None

    @property
    def is_current(self) -> bool:
        """True where it holds what its query gives."""
        return (self.rows, self.content) == (self.query_rows, self.query_content)


@dataclass(frozen=True)
class OutsideTables:
    """The data outside of tables at one moment.

    `references` are by `schema.table.column`, the others by `schema.name`. `unproven` holds what
    could not be read, with the reason.
    """

    large_objects: LargeObjectState = LargeObjectState()
    references: Mapping[str, ObjectReferences] = field(default_factory=dict)
    sequences: Mapping[str, SequencePosition] = field(default_factory=dict)
    views: Mapping[str, MaterializedViewState] = field(default_factory=dict)
    unproven: Mapping[str, str] = field(default_factory=dict)

    def to_plain(self) -> dict[str, Any]:
        """Return JSON-able values; `from_plain` reads them."""
        segments = [
            [one.first, one.objects, str(one.content)] for one in self.large_objects.segments
        ]
        plain = asdict(self)
        plain["large_objects"]["segments"] = segments
        return plain

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> OutsideTables:
        """Return what `to_plain` wrote."""
        objects = plain["large_objects"]
        segments = tuple(
            LargeObjectSegment(first, number, int(content))
            for first, number, content in objects["segments"]
        )
        return cls(
            LargeObjectState(segments, objects["last"], objects["size"]),
            _read_all(ObjectReferences, plain["references"]),
            _read_all(SequencePosition, plain["sequences"]),
            _read_all(MaterializedViewState, plain["views"]),
            dict(plain["unproven"]),
        )


def _read_all(kind: type[_Value], plain: Mapping[str, Any]) -> dict[str, _Value]:
    return {name: kind(**values) for name, values in plain.items()}
