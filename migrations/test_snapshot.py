"""The snapshot that everything after the cutover, and every backup, is held against."""

from __future__ import annotations

import pytest

from cutover.database.rows import Rows
from cutover.matchers import sound


@pytest.mark.plan("final-backups")
def test_a_snapshot_is_taken_and_has_every_table(rows: Rows) -> None:
    """What was not written down before the cutover can never be compared after it."""
    sound(rows.taken())
