"""Staging had this migration before production does."""

from __future__ import annotations

import pytest

from cutover.database.rehearsal import Staging
from cutover.matchers import sound


@pytest.mark.plan("migrations-in-staging")
def test_staging_was_whole_after_these_very_scripts(staging: Staging) -> None:
    """A migration that only production has seen was never tried.

    Staging's own Phase 1 ended in GO, for this release, and with the same scripts.
    """
    sound(staging.went_well())
