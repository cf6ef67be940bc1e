"""Before the cutover: both releases side by side, on the new schema and in one database."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.database.rehearsal.side_by_side import SideBySideAssessments


@pytest.mark.plan("migration-dry-run")
@pytest.mark.cost("restore")
def test_the_release_before_works_on_the_new_schema(side_by_side: SideBySideAssessments) -> None:
    """The release before goes on, starts, and passes the functional checks on the new schema.

    Both releases run there during the rollout, and a rollback leaves the old one on it.
    """
    assert_passed(side_by_side.assess_release_before())


@pytest.mark.plan("migration-dry-run")
def test_the_pools_of_both_releases_fit(side_by_side: SideBySideAssessments) -> None:
    """The pools of both releases fit into the connections of the database.

    Who gets no connection gets no answer.
    """
    assert_passed(side_by_side.assess_connections())
