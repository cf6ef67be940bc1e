"""The migration on staging, before production has it."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.database.rehearsal.staging_verdict import StagingAssessments


@pytest.mark.plan("migrations-in-staging")
def test_staging_was_whole_after_these_very_scripts(staging: StagingAssessments) -> None:
    """Staging had this migration with the same scripts, and its Phase 1 ended in GO.

    A migration that only production has seen was never tried.
    """
    assert_passed(staging.assess_verdict())
