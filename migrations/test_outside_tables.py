"""The data that no table's rows show: large objects, free sequences, materialised views."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.database.outside_tables.assessments import OutsideTablesAssessments
from cutover_gates.probes.database.way_back.assessments import DatabaseRollback


@pytest.mark.cost("rows")
@pytest.mark.plan("content-unchanged", "no-data-loss")
def test_large_objects_are_what_they_were(outside_tables: OutsideTablesAssessments) -> None:
    """Every large object is what it was, and every reference finds one.

    Pictures and letters may be stored as large objects. The rows of all tables are whole without
    them.
    """
    assert_passed(outside_tables.assess_large_objects())


@pytest.mark.plan("constraints-hold")
def test_no_free_sequence_has_gone_back(outside_tables: OutsideTablesAssessments) -> None:
    """No sequence that fills no column has gone back.

    Its numbers stand on wristbands and letters, so no column shows that one is given out twice.
    """
    assert_passed(outside_tables.assess_sequences())


@pytest.mark.cost("joins")
@pytest.mark.plan("content-unchanged")
def test_materialised_views_hold_what_their_queries_give(
    outside_tables: OutsideTablesAssessments,
) -> None:
    """Every materialised view holds what its query gives, if it did so before.

    After a migration it may show the rows of yesterday, or none.
    """
    assert_passed(outside_tables.assess_materialized_views())


@pytest.mark.cost("rows")
@pytest.mark.plan("database-rolled-back")
def test_large_objects_came_back(database_rollback: DatabaseRollback) -> None:
    """After a rollback every large object is what it was before the cutover.

    A dump without large objects restores without an error.
    """
    assert_passed(database_rollback.assess_large_objects())


@pytest.mark.plan("database-rolled-back")
def test_free_sequences_came_back(database_rollback: DatabaseRollback) -> None:
    """After a rollback no sequence that fills no column is behind its place in the snapshot."""
    assert_passed(database_rollback.assess_sequences())
