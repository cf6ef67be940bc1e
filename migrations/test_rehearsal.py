"""Before the night: the migration runs on a restored copy, while somebody works with it."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.database.rehearsal.assessments import RehearsalAssessments


@pytest.mark.plan("migration-dry-run", "migration-scripts-tested")
def test_the_pending_scripts_run_within_their_time(rehearsal: RehearsalAssessments) -> None:
    """A script that was never run on this very data fails in the night, or does not end.

    Each runs on a restored copy, and all within their time.
    """
    assert_passed(rehearsal.assess_run())


@pytest.mark.plan("migration-dry-run")
def test_nobody_waits_long_for_the_migration(rehearsal: RehearsalAssessments) -> None:
    """The plan promises zero downtime.

    Whoever reads and writes meanwhile is answered, within the seconds that they may have to wait.
    """
    assert_passed(rehearsal.assess_waits())


@pytest.mark.plan("migration-dry-run", "migration-scripts-tested")
def test_the_rehearsed_migration_leaves_the_data_whole(rehearsal: RehearsalAssessments) -> None:
    """A script may run well and lose rows.

    Afterwards the copy's data is what the settings say it becomes, and all else as it was.
    """
    assert_passed(rehearsal.assess_data())
