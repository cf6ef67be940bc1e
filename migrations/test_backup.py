"""The way back: a backup from right before the change, which gives back the data as it was."""

from __future__ import annotations

import pytest

from cutover.database.backup import Backups
from cutover.matchers import sound


@pytest.mark.plan("backup-taken")
def test_the_database_was_backed_up_just_before_it_was_changed(backups: Backups) -> None:
    """A backup from after the first script has lost the old data already; one from long before
    lacks what came since.
    """
    sound(backups.taken_before_the_change())


@pytest.mark.plan("backup-taken")
def test_that_backup_holds_the_data_as_it_was(backups: Backups) -> None:
    """Only a restored copy shows what a backup holds: a flipped bit in an uncompressed archive
    restores without a complaint.
    """
    sound(backups.holds_the_old_data())


@pytest.mark.plan("backups-verified", "final-backups")
def test_a_recent_backup_is_there(backups: Backups) -> None:
    """A backup job that failed leaves the last good file behind, and that looks like a backup."""
    sound(backups.recent())


@pytest.mark.plan("backups-verified", "final-backups")
def test_it_is_whole_and_of_this_database(backups: Backups) -> None:
    """Listing an archive proves nothing: a truncated one lists well.

    It is read to its end, and every table is in it.
    """
    sound(backups.whole())


@pytest.mark.plan("backups-verified", "final-backups", "restoration-tested")
def test_it_restores_to_equal_data(backups: Backups) -> None:
    """Whoever never restored a backup does not have one."""
    sound(backups.restores_to_equal_data())
