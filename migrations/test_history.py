"""Phase 1, history: the database has had every migration of the release, and no other."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.database.history.assessments import HistoryAssessments


@pytest.mark.plan("migrations-applied")
def test_every_migration_of_the_release_is_applied(history: HistoryAssessments) -> None:
    """Every migration of the release is applied.

    None is pending, failed, missing or from a later release, and the last one is the release's
    highest. An empty folder of scripts proves nothing.
    """
    assert_passed(history.assess_completeness())


@pytest.mark.plan("migrations-applied")
def test_what_was_applied_is_what_the_release_has(history: HistoryAssessments) -> None:
    """Every applied migration is the file of the release.

    Each script has its row's checksum, also below a baseline. Neither was changed since the
    snapshot, which a checksum alone may not show.
    """
    assert_passed(history.assess_file_changes())


@pytest.mark.plan("migrations-applied")
def test_the_migrations_were_applied_in_order(history: HistoryAssessments) -> None:
    """The migrations were applied in order.

    A script that was applied below a higher one, or twice, ran on another database than the one on
    which it was tested.
    """
    assert_passed(history.assess_order())


@pytest.mark.plan("database-rolled-back")
def test_no_script_above_the_point_of_no_return_is_applied(history: HistoryAssessments) -> None:
    """No script above the point of no return is applied.

    Such a script takes away what the release before needs, so that release cannot work here.
    """
    assert_passed(history.assess_point_of_no_return())


@pytest.mark.plan("contraction-unaltered")
def test_what_is_applied_above_the_point_of_no_return_is_what_the_release_has(
    history: HistoryAssessments,
) -> None:
    """What is applied above the point of no return succeeded, and is the file of the release.

    The week after, these scripts take away what only the release before used. Which of them are
    pending stands in the evidence.
    """
    assert_passed(history.assess_contraction())
