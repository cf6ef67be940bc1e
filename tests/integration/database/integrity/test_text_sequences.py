"""Sequences that fill a text are judged by the form that the column's default gives their number."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover_gates.probes.database.integrity import rules
from cutover_gates.probes.database.integrity.assessments import IntegrityAssessments
from tests.findings import as_values, list_gaps
from tests.integration.database.conftest import CopyDatabase
from tests.integration.database.contexts import make_database_context
from tests.selection import further

PADDED = "'R' || lpad(nextval('own')::text, 6, '0')"
SUBJECT = "s.id (own)"


def _statements(default: str, *rows: str, next_number: int) -> list[str]:
    return [
        f"CREATE SEQUENCE own START {next_number}",
        f"CREATE TABLE s (id text PRIMARY KEY DEFAULT {default})",
        *(f"INSERT INTO s VALUES ('{row}')" for row in rows),
    ]


@pytest.mark.parametrize(
    "statements",
    [
        _statements(PADDED, "R000099", "R000100", next_number=101),
        # Another system's numbers have another form.
        further(_statements(PADDED, "R000009", "OLD-77-9999", "", next_number=10)),
        further(_statements("'2025' || nextval('own')", "20257", "2025-8", next_number=8)),
        further(_statements("nextval('own') || '/26'", "7/26", "6/25", next_number=8)),
        further(_statements("nextval('own')", "9", "10", next_number=11)),
        further(_statements("to_hex(nextval('own'))", "ff", "fe", next_number=256)),
        further(_statements("'R' || nextval('own') || '7'", "R97", next_number=10)),
    ],
)
def test_a_sequence_that_is_ahead_of_its_texts_is_sound(
    spare: CopyDatabase, tmp_path: Path, statements: list[str]
) -> None:
    context = make_database_context(spare("migrated", *statements), tmp_path)
    assessment = IntegrityAssessments(context).assess_sequences()
    assert SUBJECT in assessment.checked
    assert not assessment.findings
    assert not assessment.not_proven


@pytest.mark.parametrize(
    ("statements", "actual"),
    [
        (_statements(PADDED, "R000099", "R000100", next_number=100), "100"),
        further(_statements(PADDED, "R000099", "R000100", next_number=7), "7"),
        further(_statements("'2025' || nextval('own')", "20257", next_number=2), "2"),
        further(_statements("nextval('own') || '/26'", "7/26", "6/25", next_number=7), "7"),
        further(_statements("nextval('own')", "9", "10", next_number=10), "10"),
        further(_statements("to_hex(nextval('own'))", "ff", next_number=255), "255"),
    ],
)
def test_a_sequence_behind_its_texts_is_found(
    spare: CopyDatabase, tmp_path: Path, statements: list[str], actual: str
) -> None:
    context = make_database_context(spare("migrated", *statements), tmp_path)
    findings = IntegrityAssessments(context).assess_sequences().findings
    assert [(found[0], found[2]) for found in as_values(findings)] == [(SUBJECT, actual)]


def test_a_text_whose_form_nothing_tells_is_not_proven(spare: CopyDatabase, tmp_path: Path) -> None:
    dsn = spare(
        "migrated",
        "CREATE TABLE s (id text PRIMARY KEY)",
        "CREATE SEQUENCE own OWNED BY s.id",
        "INSERT INTO s VALUES ('R7')",
    )
    assessment = IntegrityAssessments(make_database_context(dsn, tmp_path)).assess_sequences()
    assert list_gaps(assessment) == [(rules.SEQUENCE_POSITION, SUBJECT)]
