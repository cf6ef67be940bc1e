"""Whether every row of the snapshot is still there, under its key, whatever became of its content
since.
"""

from __future__ import annotations

from cutover.database.rows.figures import TableFigures
from cutover.database.rows.looking import MIGRATED, Look, content_is_compared
from cutover.database.site import Site
from cutover.database.snapshot import Snapshot
from cutover.evidence.examination import Examination


def remaining(site: Site, before: Snapshot, now: Look) -> Examination:
    """Every table's keys against those of the snapshot; where rows come and go, only up to the mark
    of the column that grows.
    """
    examined, findings, unproven, left_out = [], [], [], {}
    for name, then in sorted(before.figures.tables.items()):
        change, shown, seen = site.change_of(name), site.shown(name), now.figures.tables.get(name)
        if change.rows == "dropped" or not content_is_compared(site, name, MIGRATED):
            left_out[shown] = change.reason or (
                "dropped" if change.rows == "dropped" else "the migrations' own history"
            )
        elif seen is None:
            findings.append(f"The table {shown} is gone, and its {then.counted} rows with it.")
        elif said := _unseen(before, now, name, then, seen):
            unproven.append(f"{shown}: {said}.")
        elif said := _lost(before, then, seen):
            findings.append(f"{shown}: {said}.")
        elif said := _cannot_tell(then, seen):
            unproven.append(f"{shown}: {said}.")
        else:
            examined.append(shown)
    if not any(then.sums and then.sums.rows for then in before.figures.tables.values()):
        unproven.append("The snapshot holds no row, so there is none that could have remained.")
    newer = {
        site.shown(name): table.newer for name, table in now.figures.tables.items() if table.newer
    }
    return Examination(
        "Every row of the snapshot is still there",
        tuple(examined),
        tuple(findings),
        tuple(unproven),
        {"left_out": left_out, "rows that came after the snapshot": newer},
    )


def _unseen(before: Snapshot, now: Look, name: str, then: TableFigures, seen: TableFigures) -> str:
    if then.sums is None:
        return (
            "the snapshot does not have it whole"
            f" ({before.figures.unproven.get(name, 'nobody knows why')})"
        )
    return (
        ""
        if seen.sums is not None
        else (
            "it was not read"
            f" ({now.figures.unproven.get(name, 'its columns are not those of the snapshot')})"
        )
    )


def _lost(before: Snapshot, then: TableFigures, seen: TableFigures) -> str:
    assert then.sums is not None  # `_unseen` saw to it
    assert seen.sums is not None
    missing = then.sums.rows - seen.sums.rows
    if missing > 0:
        return (
            f"{missing} of its {then.sums.rows} rows are gone since the snapshot of {before.taken}"
        )
    if then.key and seen.key == then.key and missing == 0 and then.sums.keys != seen.sums.keys:
        return (
            f"rows of the snapshot of {before.taken} are gone, and as many others are in their"
            " place: the keys are not the same"
        )
    return ""


def _cannot_tell(then: TableFigures, seen: TableFigures) -> str:
    """Where rows were added, or have no key, equal numbers prove nothing."""
    assert then.sums is not None  # `_unseen` saw to it
    assert seen.sums is not None
    if seen.sums.rows > then.sums.rows:
        return (
            f"it has {seen.sums.rows - then.sums.rows} rows more than in the snapshot, which may"
            " hide rows that were lost: name a column that only grows (grows_above), and old rows"
            " are told from new ones"
        )
    if not then.key and then.sums.expected != seen.sums.content:
        return (
            "it has no primary key, and its content changed: nobody can say which rows are the old"
            " ones"
        )
    return ""
