"""What is known of tables while they are read, and how it becomes figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from cutover.database.rows.figures import Figures, Segments, Sums, TableFigures
from cutover.database.rows.tables import TableSpec


@dataclass
class Tally:
    """What is known of one table so far. `waiting`: pieces that have not answered yet."""

    spec: TableSpec
    waiting: int = 0
    rows: int = 0
    newer: int = 0
    segments: dict[int, Sums] = field(default_factory=dict)
    why: str | None = None


@dataclass(frozen=True)
class Seen:
    """How far a pass over the tables is: so many are `done`, `fraction` (0 to 1) of all their
    pieces have answered.
    """

    what: str
    tables: int
    done: int
    rows: int
    fraction: float
    seconds: float


def figures_of(counted: Sequence[Tally], summed: Sequence[Tally], seconds: float) -> Figures:
    """Of the pass that counted and the one that summed up, which leaves out what is only counted."""
    contents = {tally.spec.name: tally for tally in summed}
    tables: dict[str, TableFigures] = {}
    unproven: dict[str, str] = {}
    for tally in counted:
        name = tally.spec.name
        content = contents.get(name)
        tables[name] = _one(tally, content)
        why = tally.why or (content.why if content else None)
        if why is None and content and content.rows != tally.rows - tally.newer:
            why = (
                f"{tally.rows - tally.newer} rows were counted and {content.rows} were"
                " fingerprinted at the same moment"
            )
        if why is not None:
            unproven[name] = why
    return Figures(tables, unproven, seconds)


def _one(counted: Tally, content: Tally | None) -> TableFigures:
    spec = counted.spec
    sums = sum(content.segments.values(), Sums()) if content and content.why is None else None
    return TableFigures(
        columns={name: column.type for name, column in spec.content.items()},
        key=spec.key,
        counted=counted.rows if counted.why is None else None,
        newer=counted.newer,
        sums=sums,
        expected_columns=(
            None
            if spec.expected is None
            else {name: column.type for name, column in spec.expected.items()}
        ),
        above=spec.above,
        mark=spec.mark,
        segments=(
            Segments(spec.division, dict(content.segments))
            if content and sums and spec.division
            else None
        ),
    )
