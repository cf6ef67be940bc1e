"""The hospital's own cutover: after its migrations only the declared changes are found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cutover_gates.hospital.matchers.expectations import assert_passed
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.rows import rules
from cutover_gates.probes.database.rows.assessments import RowAssessments
from cutover_gates.probes.database.snapshot.capture import take_snapshot
from reference import announcement, cutover, postgres
from tests.faults import serve
from tests.findings import list_breaches
from tests.integration.database.conftest import BEFORE
from tests.integration.database.contexts import make_database_context
from tests.integration.database.rows.conftest import CutoverDatabase, hospital_tables

NAME = "cut_over"


@pytest.fixture
def cutover_database(server: postgres.Server, tmp_path: Path) -> Iterator[CutoverDatabase]:
    """A database with a snapshot from before, after the reference's own cutover."""
    server.copy(BEFORE, NAME)
    cutover_database = CutoverDatabase(
        server.dsn(NAME),
        make_database_context(server.dsn(NAME), tmp_path, tables=hospital_tables()),
    )
    take_snapshot(cutover_database.context)
    cutover.perform(server, NAME, announcement.accounts(), serve.HASHING)
    yield cutover_database
    server.drop(NAME)


def test_a_clean_cutover_gives_no_finding(cutover_database: CutoverDatabase) -> None:
    context: DatabaseContext = cutover_database.context
    for question in (
        RowAssessments(context).assess_counts,
        RowAssessments(context).assess_contents,
        RowAssessments(context).assess_retained_rows,
    ):
        assert_passed(question())


@pytest.mark.parametrize(
    ("happened", "names"),
    [
        (
            (
                "UPDATE visits SET status = 'cancelled', admitted_at = NULL WHERE id = (SELECT id"
                " FROM visits WHERE status = 'admitted' LIMIT 1)"
            ),
            "visits",
        ),
        (
            (
                "UPDATE patients SET family_name = CASE id WHEN a.one THEN a.b ELSE a.a END FROM"
                " (SELECT p.id AS one, q.id AS two, p.family_name AS a, q.family_name AS b FROM"
                " patients p, patients q WHERE p.family_name < q.family_name LIMIT 1) a WHERE id IN"
                " (a.one, a.two)"
            ),
            "patients",
        ),
        (
            (
                "UPDATE documents SET sha256 = repeat('0', 64) WHERE id = (SELECT id FROM documents"
                " LIMIT 1)"
            ),
            "documents",
        ),
        (
            (
                "UPDATE audit_entries SET outcome = 'allowed' WHERE id = (SELECT min(id) FROM"
                " audit_entries WHERE outcome = 'refused')"
            ),
            "audit_entries",
        ),
    ],
)
def test_a_migration_that_did_something_else_is_found(
    cutover_database: CutoverDatabase, happened: str, names: str
) -> None:
    cutover_database.run_statements(happened)
    assert list_breaches(cutover_database.rows.assess_contents()) == [(rules.CONTENT, names)]


def test_the_cutover_of_a_hospital_at_work_is_told_from_loss(
    cutover_database: CutoverDatabase,
) -> None:
    cutover_database.run_statements(
        "INSERT INTO patients (facility, mrn, family_name, birth_date, sex_in_words) "
        "VALUES ('north', 'NEW-1', 'New', '1990-01-01', 'female')"
    )
    assert_passed(cutover_database.rows.assess_contents())
    assert (
        cutover_database.rows.assess_writes_since_snapshot().figures["came since"]["patients"][
            "rows"
        ]
        == 1
    )
    cutover_database.run_statements(
        "DELETE FROM visits WHERE id = (SELECT min(id::text)::uuid FROM visits)"
    )
    assert list_breaches(cutover_database.rows.assess_counts()) == [(rules.ROW_COUNT, "visits")]
    assert list_breaches(cutover_database.rows.assess_retained_rows()) == [
        (rules.ROWS_RETAINED, "visits")
    ]
