"""Constraints are in force and true of every row, whatever their flags in the catalog say."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.database.integrity.assessments import IntegrityAssessments

pytestmark = pytest.mark.plan("constraints-hold")


def test_what_is_declared_is_in_force(integrity: IntegrityAssessments) -> None:
    """Constraints, indexes and triggers are in force.

    They guard only while they are on. None is left NOT VALID, invalid, or switched off.
    """
    assert_passed(integrity.assess_declarations())


@pytest.mark.cost("joins")
def test_no_row_refers_to_nothing(integrity: IntegrityAssessments) -> None:
    """Every foreign key refers to an existing row.

    A key that PostgreSQL calls valid may be broken by rows that were loaded with triggers off.
    Every reference is followed.
    """
    assert_passed(integrity.assess_foreign_keys())


@pytest.mark.cost("joins")
def test_no_row_refers_to_nothing_where_only_the_model_says_so(
    integrity: IntegrityAssessments,
) -> None:
    """Every reference that only the settings declare finds its row.

    The database does not guard these references. Each one is followed.
    """
    assert_passed(integrity.assess_implied_keys())


@pytest.mark.cost("unique")
def test_what_may_stand_once_stands_once(integrity: IntegrityAssessments) -> None:
    """Every unique value exists once.

    A damaged index lets a value in twice. The rows themselves are compared, without the index.
    """
    assert_passed(integrity.assess_duplicates())


@pytest.mark.cost("rows")
def test_no_value_is_missing(integrity: IntegrityAssessments) -> None:
    """Every column that must have a value has one, in every row."""
    assert_passed(integrity.assess_nulls())


@pytest.mark.cost("rows")
def test_every_row_keeps_the_checks(integrity: IntegrityAssessments) -> None:
    """Every row satisfies the checks of its table and of its domains."""
    assert_passed(integrity.assess_check_constraints())


@pytest.mark.cost("rows")
def test_generated_columns_are_what_their_expressions_give(integrity: IntegrityAssessments) -> None:
    """Every generated column holds the value of its expression.

    This server may compute another value than the one before. Every generated column is computed
    again and compared.
    """
    assert_passed(integrity.assess_generated_columns())


@pytest.mark.cost("rows")
def test_every_row_is_in_its_partition(integrity: IntegrityAssessments) -> None:
    """Every row is inside the bounds of its partition.

    A row in the wrong partition is not found, and may exist twice.
    """
    assert_passed(integrity.assess_partitions())


def test_sequences_are_ahead(integrity: IntegrityAssessments) -> None:
    """Every sequence is ahead of its column and has numbers left.

    Restored rows leave a sequence behind, and then the first insert fails.
    """
    assert_passed(integrity.assess_sequences())
