"""The rehearsal before the night: the migration runs on a restored copy under load."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.database.rehearsal.assessments import RehearsalAssessments


@pytest.mark.plan("migration-dry-run", "migration-scripts-tested")
@pytest.mark.cost("restore")
def test_the_pending_scripts_run_within_their_time(rehearsal: RehearsalAssessments) -> None:
    """Every pending script runs to its end on a restored copy, within the time allowed.

    A script that never ran on this data may fail in the night, or not end.
    """
    assert_passed(rehearsal.assess_run())


@pytest.mark.plan("migration-dry-run")
@pytest.mark.cost("restore")
def test_nobody_waits_long_for_the_migration(rehearsal: RehearsalAssessments) -> None:
    """Statements that run during the migration are answered within the time allowed.

    The plan promises zero downtime, so reads and writes go on meanwhile.
    """
    assert_passed(rehearsal.assess_waits())


@pytest.mark.plan("migration-dry-run", "migration-scripts-tested")
@pytest.mark.cost("restore")
def test_the_rehearsed_migration_leaves_the_data_whole(rehearsal: RehearsalAssessments) -> None:
    """After the rehearsal the data of the copy is what the settings declare.

    A script may run well and lose rows.
    """
    assert_passed(rehearsal.assess_data())
