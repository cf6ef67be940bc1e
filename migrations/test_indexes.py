"""Indexes are a second copy of the data, and the one that is asked first."""

from __future__ import annotations

import pytest

from cutover.database.integrity import Integrity
from cutover.matchers import sound


@pytest.mark.plan("indexes-agree")
def test_indexes_agree_with_their_tables(integrity: Integrity) -> None:
    """A row that its index lacks is not found by those who look for it.

    Every index holds what its table holds, in order.
    """
    sound(integrity.indexes_agree())
