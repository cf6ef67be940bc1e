"""What stood in the database stands there still."""

from __future__ import annotations

import pytest

from cutover.database.rows import Rows
from cutover.matchers import sound


@pytest.mark.plan("content-unchanged")
def test_the_content_is_what_it_was_or_was_declared_to_become(rows: Rows) -> None:
    """Equal counts prove little: the names of two patients may be exchanged, a text cut off, a time
    moved by a time zone.
    """
    sound(rows.contents())


@pytest.mark.plan("no-data-loss")
def test_no_row_from_before_is_gone(rows: Rows) -> None:
    """People work with the new release already: rows come and change.

    Each row of the snapshot must still be there, under its key.
    """
    sound(rows.old_rows_remain())
