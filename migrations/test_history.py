"""Phase 1, history: the database has had every migration of the release, as it lies on disk, and no
other.
"""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.database.history.assessments import HistoryAssessments


@pytest.mark.plan("migrations-applied")
def test_every_migration_of_the_release_is_applied(history: HistoryAssessments) -> None:
    """None is pending, failed, missing or from the future, and the last is the release's highest.

    An empty folder of scripts proves nothing.
    """
    assert_passed(history.assess_completeness())


@pytest.mark.plan("migrations-applied")
def test_what_was_applied_is_what_the_release_has(history: HistoryAssessments) -> None:
    """Each script has its row's checksum, below a baseline, too; and neither was changed since the
    snapshot, which a checksum may not show.
    """
    assert_passed(history.assess_file_changes())


@pytest.mark.plan("migrations-applied")
def test_the_migrations_were_applied_in_order(history: HistoryAssessments) -> None:
    """A script that was slipped in below a higher one, or applied twice, met another database than
    the one it was tried on.
    """
    assert_passed(history.assess_order())
