"""What PostgreSQL says when it refuses, without the content of a row."""

from __future__ import annotations

import re

import psycopg

from cutover.database.session import first_line

_DATA, _RAISED = "22", "P0001"
_VALUE = re.compile(r'".*"')


def refused(error: BaseException | None) -> str:
    """The first line, which holds names of tables and columns only; but for errors about a value,
    which may be a patient's, the value is left out.
    """
    if not isinstance(error, psycopg.Error):
        return type(error).__name__
    state = error.sqlstate or ""
    if state == _RAISED:
        return (
            "an exception that the database's own code raised (its text is not shown, since it may"
            " hold a row's content)"
        )
    text = first_line(error)
    return _VALUE.sub('"…"', text) if state.startswith(_DATA) else text
