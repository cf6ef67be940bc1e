"""The same questions on PostgreSQL 16, whose catalog lacks some flags of 18."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from cutover_gates.hospital.matchers.expectations import assert_passed
from cutover_gates.probes.database.integrity import rules
from cutover_gates.probes.database.integrity.assessments import IntegrityAssessments
from tests.integration.database.contexts import make_database_context
from tests.integration.database.integrity.assessment_names import ASSESSMENTS, run_assessment
from tests.integration.database.integrity.postgresql_16 import running_postgresql_16

SCHEMA = """
CREATE DOMAIN score AS int CHECK (VALUE > 0);
CREATE TABLE {0}.p (id serial PRIMARY KEY, name text NOT NULL UNIQUE, s score, up text GENERATED ALWAYS AS (upper(name)) STORED, CHECK (name <> ''));
CREATE TABLE {0}.c (id int PRIMARY KEY, p int REFERENCES {0}.p) PARTITION BY RANGE (id);
CREATE TABLE {0}.c1 PARTITION OF {0}.c FOR VALUES FROM (0) TO (10);
CREATE TABLE {0}.c2 PARTITION OF {0}.c DEFAULT;
INSERT INTO {0}.p (name, s) VALUES ('a', 1), ('b', 2);
INSERT INTO {0}.c VALUES (1, 1), (11, 2);
"""
HARM = """
SET session_replication_role = replica;
DELETE FROM broken.p WHERE id = 1;
SELECT setval('broken.p_id_seq', 1);
UPDATE pg_index SET indisready = false WHERE indexrelid = 'broken.p_name_key'::regclass;
"""
TWICE = "INSERT INTO broken.p VALUES (9, 'b', 1)"
FOUND = {
    "assess_declarations": (rules.DECLARATIONS, "p.p_name_key", "an index that is not ready"),
    "assess_foreign_keys": (rules.FOREIGN_KEYS, "c.c_p_fkey", "otherwise in 1 row: "),
    "assess_duplicates": (rules.UNIQUE_VALUES, "p.p_name_key", "repeated in 1 row: "),
    "assess_sequences": (rules.SEQUENCE_POSITION, "p.id (p_id_seq)", "2"),
}


@pytest.fixture(scope="module")
def sixteen() -> Iterator[str]:
    """The same tables twice: whole, and broken."""
    with running_postgresql_16() as dsn:
        for schema in ("whole", "broken"):
            with psycopg.connect(dsn, autocommit=True, options=f"-c search_path={schema}") as owner:
                owner.execute(f"CREATE SCHEMA {schema}".encode())
                owner.execute(SCHEMA.format(schema).encode())
        for harm in (HARM, TWICE):
            with psycopg.connect(dsn, autocommit=True) as owner:
                owner.execute(harm.encode())
        yield dsn


@pytest.mark.parametrize("question", ASSESSMENTS)
def test_a_sound_database_gives_no_finding(sixteen: str, tmp_path: Path, question: str) -> None:
    assert_passed(
        run_assessment(
            IntegrityAssessments(make_database_context(sixteen, tmp_path, schemas=["whole"])),
            question,
        )
    )


@pytest.mark.parametrize("question", FOUND)
def test_what_is_broken_is_found_by_name(sixteen: str, tmp_path: Path, question: str) -> None:
    rule, subject, actual = FOUND[question]
    context = make_database_context(sixteen, tmp_path, schemas=["broken"])
    assessment = run_assessment(IntegrityAssessments(context), question)
    values = {
        finding.subject: finding.actual for finding in assessment.findings if finding.rule == rule
    }
    assert values[subject].startswith(actual)
