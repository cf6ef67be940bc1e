"""The scripts, replayed on the restored backup: what they make there is what the target holds."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.database.replay.assessments import ReplayAssessments


@pytest.mark.plan("final-backups")
@pytest.mark.cost("restore")
def test_the_scripts_are_replayed_on_the_backup(replay: ReplayAssessments) -> None:
    """The scripts run on the restored backup, and what they make is kept for Phase 1.

    New tables and columns have no figure from before: only the scripts say what they hold.
    """
    assert_passed(replay.assess_replay())


@pytest.mark.plan("content-unchanged")
@pytest.mark.cost("rows")
def test_what_is_new_is_what_the_scripts_make(replay: ReplayAssessments) -> None:
    """New tables and columns hold what the scripts made of the backup.

    Where nothing was replayed, they are compared as they are declared, and the evidence says so.
    """
    assert_passed(replay.assess_arrivals())
