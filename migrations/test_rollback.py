"""The way back was walked: is the data what it was?"""

from __future__ import annotations

import pytest

from cutover.database.rows import Rows
from cutover.matchers import sound


@pytest.mark.plan("database-rolled-back")
def test_the_data_is_what_it_was_before_the_cutover(rows: Rows) -> None:
    """A restore that ended without an error may have brought back half of the tables, or doubled
    them.
    """
    sound(rows.equal_to_snapshot())


@pytest.mark.plan("database-rolled-back")
def test_what_was_acknowledged_since_is_listed(rows: Rows) -> None:
    """A restore loses what was written after its backup.

    Somebody was told that it is stored, so somebody must hear of it.
    """
    sound(rows.since())
