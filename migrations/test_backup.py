"""The way back: a backup from right before the change, which gives back the data as it was."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.database.backup.assessments import BackupAssessments


@pytest.mark.plan("backup-taken")
def test_the_database_was_backed_up_just_before_it_was_changed(backups: BackupAssessments) -> None:
    """The backup was made shortly before the migration, and after the snapshot.

    A backup from after the first script has lost the old data; one from long before lacks what
    came since.
    """
    assert_passed(backups.assess_time_of_backup())


@pytest.mark.plan("backup-taken")
@pytest.mark.cost("restore")
def test_that_backup_holds_the_data_as_it_was(backups: BackupAssessments) -> None:
    """The restored backup equals the snapshot from before the migration.

    Only a restored copy shows what a backup holds: a flipped bit in an uncompressed archive
    restores without an error.
    """
    assert_passed(backups.assess_old_data())


@pytest.mark.plan("backups-verified", "final-backups")
def test_a_recent_backup_is_there(backups: BackupAssessments) -> None:
    """A recent backup exists.

    A backup job that failed leaves the last good file behind, which looks like a backup.
    """
    assert_passed(backups.assess_age())


@pytest.mark.plan("backups-verified", "final-backups")
@pytest.mark.cost("rows")
def test_it_is_whole_and_of_this_database(backups: BackupAssessments) -> None:
    """The backup can be read to its end and holds every table of this database.

    Listing an archive proves nothing: a truncated one lists well.
    """
    assert_passed(backups.assess_completeness())


@pytest.mark.plan("backups-verified", "final-backups", "restoration-tested")
@pytest.mark.cost("restore")
def test_it_restores_to_equal_data(backups: BackupAssessments) -> None:
    """The restored backup equals the database.

    A backup that was never restored is no proof of a way back.
    """
    assert_passed(backups.assess_restored_data())
