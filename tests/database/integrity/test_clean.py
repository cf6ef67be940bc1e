"""A sound database gives no finding and no hole, before the cutover and after; and what proves
nothing is not called sound.
"""

from __future__ import annotations

import json
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from cutover.database.integrity import Integrity
from cutover.evidence.examination import NotProven
from cutover.matchers import sound
from tests.database.conftest import Spare
from tests.database.integrity.questions import QUESTIONS, asked
from tests.database.sites import site_of


@pytest.mark.parametrize("template", ["before", "migrated"])
def test_a_sound_database_gives_no_finding(spare: Spare, tmp_path: Path, template: str) -> None:
    integrity = Integrity(site_of(spare(template), tmp_path))
    for question in QUESTIONS:
        examination = asked(integrity, question)
        sound(examination)
        assert json.dumps(examination.facts)


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("declared_valid", "visits.visits_patient_id_fkey"),
        ("orphans", "visits.visits_patient_id_fkey"),
        ("duplicates", "patients.patients_mrn_key"),
        ("nulls", "patients.mrn"),
        ("checks", "patients.patients_sex_check"),
        ("generated", "patients.search_key"),
        ("sequences", "audit_entries.id (audit_entries_id_seq)"),
        ("indexes_agree", "patients.patients_by_tag"),
    ],
)
def test_what_was_looked_at_is_named(
    spare: Spare, tmp_path: Path, question: str, name: str
) -> None:
    assert name in asked(Integrity(site_of(spare("migrated"), tmp_path)), question).examined


@pytest.mark.parametrize(
    "question", [question for question in QUESTIONS if question != "implied_keys"]
)
def test_a_schema_without_tables_proves_nothing(
    spare: Spare, tmp_path: Path, question: str
) -> None:
    site = site_of(spare("migrated", "CREATE SCHEMA empty"), tmp_path, schemas=["empty"])
    with pytest.raises(NotProven, match="no table at all"):
        sound(asked(Integrity(site), question))


@pytest.mark.parametrize(
    "question", [question for question in QUESTIONS if question != "implied_keys"]
)
def test_tables_without_any_constraint_prove_nothing(
    spare: Spare, tmp_path: Path, question: str
) -> None:
    site = site_of(
        spare("migrated", "CREATE SCHEMA bare", "CREATE TABLE bare.list AS SELECT 1 AS number"),
        tmp_path,
        schemas=["bare"],
    )
    with pytest.raises(NotProven, match="No constraint is declared on any of the 1 tables"):
        sound(asked(Integrity(site), question))


@pytest.mark.parametrize("question", ["orphans", "generated", "partitions", "sequences", "checks"])
def test_a_kind_that_nobody_uses_is_no_hole(spare: Spare, tmp_path: Path, question: str) -> None:
    site = site_of(
        spare(
            "migrated", "CREATE SCHEMA small", "CREATE TABLE small.list (number int PRIMARY KEY)"
        ),
        tmp_path,
        schemas=["small"],
    )
    sound(asked(Integrity(site), question))


def test_what_does_not_fit_into_the_budget_is_named_and_not_proven(
    spare: Spare, tmp_path: Path
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
    examination = Integrity(site_of(dsn, tmp_path, seconds=1)).checks()
    assert "staff.staff_role_check" in examination.examined
    assert [
        line
        for line in examination.unproven
        if line.startswith("patients.slow: not seen to the end within")
    ]


def test_a_table_that_may_not_be_read_is_not_proven(spare: Spare, tmp_path: Path) -> None:
    dsn = spare(
        "migrated",
        "DROP ROLE IF EXISTS stranger",
        "CREATE ROLE stranger LOGIN PASSWORD 'x'",
        "GRANT SELECT ON patients TO stranger",
    )
    integrity = Integrity(site_of(_as_stranger(dsn), tmp_path))
    assert "patients.mrn" in integrity.nulls().examined
    assert [
        line
        for line in integrity.nulls().unproven
        if line.startswith("visits.id: cannot be read: permission denied for table visits")
    ]
    assert [
        line
        for line in integrity.orphans().unproven
        if line.startswith("visits.visits_patient_id_fkey: cannot be read")
    ]
    assert [
        line
        for line in integrity.sequences().unproven
        if line.startswith("audit_entries.id (audit_entries_id_seq): cannot be read")
    ]
    assert [
        line
        for line in integrity.duplicates().unproven
        if line.startswith("visits.visits_pkey: cannot be read")
    ]
    assert [
        line
        for line in integrity.indexes_agree().unproven
        if line.startswith("visits.visits_pkey: cannot be read")
    ]


def test_rows_that_a_policy_hides_are_not_proven(spare: Spare, tmp_path: Path) -> None:
    """A reader who sees half of the rows would find nothing wrong with them."""
    dsn = spare(
        "migrated",
        "DROP ROLE IF EXISTS stranger",
        "CREATE ROLE stranger LOGIN PASSWORD 'x'",
        "GRANT pg_read_all_data TO stranger",
        "ALTER TABLE visits ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY none ON visits USING (false)",
    )
    integrity = Integrity(site_of(_as_stranger(dsn), tmp_path))
    for question in ("orphans", "duplicates", "nulls", "checks", "indexes_agree"):
        assert [
            line for line in asked(integrity, question).unproven if "row-level security" in line
        ], question


def test_a_table_that_somebody_has_locked_is_not_waited_for(spare: Spare, tmp_path: Path) -> None:
    dsn = spare("migrated")
    with psycopg.connect(dsn) as holder:
        holder.execute("LOCK TABLE visits IN ACCESS EXCLUSIVE MODE")
        examination = Integrity(site_of(dsn, tmp_path)).orphans()
    assert examination.unproven == (
        "visits.visits_patient_id_fkey: cannot be read now: somebody holds a lock on it.",
    )
    assert "documents.documents_patient_id_fkey" in examination.examined


def _as_stranger(dsn: str) -> str:
    return make_conninfo(dsn, user="stranger", password="x")
