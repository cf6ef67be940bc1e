"""Staging had this migration before production does."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.database.rehearsal.staging_verdict import StagingAssessments


@pytest.mark.plan("migrations-in-staging")
def test_staging_was_whole_after_these_very_scripts(staging: StagingAssessments) -> None:
    """A migration that only production has seen was never tried.

    Staging's own Phase 1 ended in GO, for this release, and with the same scripts.
    """
    assert_passed(staging.assess_verdict())
