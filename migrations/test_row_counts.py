"""Not a row too few, and none too many."""

from __future__ import annotations

import pytest

from cutover.database.rows import Rows
from cutover.matchers import sound


@pytest.mark.plan("row-counts")
def test_every_table_has_the_rows_that_it_should_have(rows: Rows) -> None:
    """Nothing declared means as many as before.

    A table that nobody counted is not proven, and neither is nothing that became of nothing.
    """
    sound(rows.counts())
