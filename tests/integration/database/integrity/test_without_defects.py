"""A sound database gives no finding and no gap, and what proves nothing does not pass."""

from __future__ import annotations

import json
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from cutover_gates.hospital.matchers.expectations import assert_passed
from cutover_gates.probes.database.integrity import rules
from cutover_gates.probes.database.integrity.assessments import IntegrityAssessments
from tests.findings import list_gaps, raises_gap
from tests.integration.database.conftest import CopyDatabase
from tests.integration.database.contexts import make_database_context
from tests.integration.database.integrity.assessment_names import ASSESSMENTS, run_assessment


@pytest.mark.parametrize("template", ["before", "migrated"])
def test_a_sound_database_gives_no_finding(
    unchanged: CopyDatabase, tmp_path: Path, template: str
) -> None:
    integrity = IntegrityAssessments(make_database_context(unchanged(template), tmp_path))
    for question in ASSESSMENTS:
        assessment = run_assessment(integrity, question)
        assert_passed(assessment)
        assert json.dumps(assessment.figures)


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("assess_declarations", "visits.visits_patient_id_fkey"),
        ("assess_foreign_keys", "visits.visits_patient_id_fkey"),
        ("assess_duplicates", "patients.patients_mrn_key"),
        ("assess_nulls", "patients.mrn"),
        ("assess_check_constraints", "patients.patients_sex_in_words_check"),
        ("assess_generated_columns", "patients.search_key"),
        ("assess_sequences", "audit_entries.id (audit_entries_id_seq)"),
        ("assess_indexes", "patients.patients_by_tag"),
    ],
)
def test_what_was_looked_at_is_named(
    unchanged: CopyDatabase, tmp_path: Path, question: str, name: str
) -> None:
    assert (
        name
        in run_assessment(
            IntegrityAssessments(make_database_context(unchanged("migrated"), tmp_path)), question
        ).checked
    )


@pytest.mark.parametrize(
    "question", [question for question in ASSESSMENTS if question != "assess_implied_keys"]
)
def test_a_schema_without_tables_proves_nothing(
    unchanged: CopyDatabase, tmp_path: Path, question: str
) -> None:
    context = make_database_context(
        unchanged("migrated", "CREATE SCHEMA empty"), tmp_path, schemas=["empty"]
    )
    with raises_gap(rules.SOMETHING_DECLARED):
        assert_passed(run_assessment(IntegrityAssessments(context), question))


@pytest.mark.parametrize(
    "question", [question for question in ASSESSMENTS if question != "assess_implied_keys"]
)
def test_tables_without_any_constraint_prove_nothing(
    unchanged: CopyDatabase, tmp_path: Path, question: str
) -> None:
    context = make_database_context(
        unchanged("migrated", "CREATE SCHEMA bare", "CREATE TABLE bare.list AS SELECT 1 AS number"),
        tmp_path,
        schemas=["bare"],
    )
    with raises_gap(rules.SOMETHING_DECLARED) as raised:
        assert_passed(run_assessment(IntegrityAssessments(context), question))
    assert "1 table" in raised.value.gaps[0].actual


@pytest.mark.parametrize(
    "question",
    [
        "assess_foreign_keys",
        "assess_generated_columns",
        "assess_partitions",
        "assess_sequences",
        "assess_check_constraints",
    ],
)
def test_a_kind_that_nobody_uses_is_no_hole(
    unchanged: CopyDatabase, tmp_path: Path, question: str
) -> None:
    context = make_database_context(
        unchanged(
            "migrated", "CREATE SCHEMA small", "CREATE TABLE small.list (number int PRIMARY KEY)"
        ),
        tmp_path,
        schemas=["small"],
    )
    assert_passed(run_assessment(IntegrityAssessments(context), question))


def test_what_does_not_fit_into_the_budget_is_named_and_not_proven(
    spare: CopyDatabase, tmp_path: Path
) -> None:
    slow = (
        "CREATE FUNCTION slow(text) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS 'BEGIN PERFORM"
        " pg_sleep(0.01); RETURN true; END'"
    )
    dsn = spare(
        "migrated",
        slow,
        "ALTER TABLE patients ADD CONSTRAINT slow CHECK (public.slow(mrn)) NOT VALID",
    )
    assessment = IntegrityAssessments(
        make_database_context(dsn, tmp_path, seconds=1)
    ).assess_check_constraints()
    assert "staff.staff_role_check" in assessment.checked
    reasons = {gap.subject: gap.actual for gap in assessment.not_proven}
    assert reasons["patients.slow"].startswith("not seen to the end within")


def test_a_table_that_may_not_be_read_is_not_proven(spare: CopyDatabase, tmp_path: Path) -> None:
    dsn = spare(
        "migrated",
        "DROP ROLE IF EXISTS stranger",
        "CREATE ROLE stranger LOGIN PASSWORD 'x'",
        "GRANT SELECT ON patients TO stranger",
    )
    integrity = IntegrityAssessments(make_database_context(_as_stranger(dsn), tmp_path))
    nulls = integrity.assess_nulls()
    assert "patients.mrn" in nulls.checked
    reasons = {gap.subject: gap.actual for gap in nulls.not_proven}
    assert "permission denied for table visits" in reasons["visits.id"]
    for assessment, rule, subject in (
        (
            integrity.assess_foreign_keys(),
            rules.FOREIGN_KEYS,
            "visits.visits_patient_id_fkey",
        ),
        (
            integrity.assess_sequences(),
            rules.SEQUENCE_POSITION,
            "audit_entries.id (audit_entries_id_seq)",
        ),
        (integrity.assess_duplicates(), rules.UNIQUE_VALUES, "visits.visits_pkey"),
        (integrity.assess_indexes(), rules.INDEX_CONTENT, "visits.visits_pkey"),
    ):
        assert (rule, subject) in list_gaps(assessment)


def test_rows_that_a_policy_hides_are_not_proven(spare: CopyDatabase, tmp_path: Path) -> None:
    """A reader who sees half of the rows would find nothing wrong with them."""
    dsn = spare(
        "migrated",
        "DROP ROLE IF EXISTS stranger",
        "CREATE ROLE stranger LOGIN PASSWORD 'x'",
        "GRANT pg_read_all_data TO stranger",
        "ALTER TABLE visits ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY none ON visits USING (false)",
    )
    integrity = IntegrityAssessments(make_database_context(_as_stranger(dsn), tmp_path))
    for question in (
        "assess_foreign_keys",
        "assess_duplicates",
        "assess_nulls",
        "assess_check_constraints",
        "assess_indexes",
    ):
        gaps = run_assessment(integrity, question).not_proven
        assert any("row-level security" in gap.actual for gap in gaps), question


def test_a_table_that_somebody_has_locked_is_not_waited_for(
    spare: CopyDatabase, tmp_path: Path
) -> None:
    dsn = spare("migrated")
    with psycopg.connect(dsn) as holder:
        holder.execute("LOCK TABLE visits IN ACCESS EXCLUSIVE MODE")
        assessment = IntegrityAssessments(
            make_database_context(dsn, tmp_path)
        ).assess_foreign_keys()
    assert list_gaps(assessment) == [(rules.FOREIGN_KEYS, "visits.visits_patient_id_fkey")]
    assert "lock" in assessment.not_proven[0].actual
    assert "documents.documents_patient_id_fkey" in assessment.checked


def _as_stranger(dsn: str) -> str:
    return make_conninfo(dsn, user="stranger", password="x")
