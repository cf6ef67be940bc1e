"""Before the night: the migration runs on a restored copy, while somebody works with it."""

from __future__ import annotations

import pytest

from cutover.database.rehearsal import Rehearsal
from cutover.matchers import sound


@pytest.mark.plan("migration-dry-run", "migration-scripts-tested")
def test_the_pending_scripts_run_within_their_time(rehearsal: Rehearsal) -> None:
    """A script that was never run on this very data fails in the night, or does not end.

    Each runs on a restored copy, and all within their time.
    """
    sound(rehearsal.runs())


@pytest.mark.plan("migration-dry-run")
def test_nobody_waits_long_for_the_migration(rehearsal: Rehearsal) -> None:
    """The plan promises zero downtime.

    Whoever reads and writes meanwhile is answered, within the seconds that they may have to wait.
    """
    sound(rehearsal.waits())


@pytest.mark.plan("migration-dry-run", "migration-scripts-tested")
def test_the_rehearsed_migration_leaves_the_data_whole(rehearsal: Rehearsal) -> None:
    """A script may run well and lose rows.

    Afterwards the copy's data is what the settings say it becomes, and all else as it was.
    """
    sound(rehearsal.leaves_the_data_whole())
