"""Why the rows of a table, or some of them, are not compared with those of the snapshot."""

from __future__ import annotations

from cutover_gates.config.table_changes import TableChange

# Declarations of rows that are compared one by one: a dropped table is what its query gives.
_KEEPS_ROWS = ("unchanged", "new", "dropped")
BY_REPLAY = "its rows are compared with those of the replay"


def describe_left_out(change: TableChange, *, is_dropped: bool) -> str:
    """Return why a table as a whole is left out."""
    if change.reason:
        return change.reason
    return "dropped" if is_dropped else "the migration history"


def explain_changing_rows(change: TableChange, *, has_mark: bool) -> str | None:
    """Return why a table whose rows are others cannot be compared; None where it can."""
    may_change_rows = change.rows not in _KEEPS_ROWS or bool(change.rows_become)
    return "it is declared to get or lose rows" if may_change_rows and not has_mark else None


def explain_added_rows(change: TableChange, *, has_mark: bool) -> str | None:
    """Return why the rows that the migration adds above the mark are not proven, where it does.

    The old rows below it are compared, and those above it are counted: another table may have been
    merged into this one.
    """
    if not has_mark or not change.changes_rows or not change.rows.startswith("+"):
        return None
    return (
        f"the rows that the migration adds ({change.rows}) are counted only: let the scripts be"
        " replayed (migrations.replay), or declare from"
    )
