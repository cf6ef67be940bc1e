"""A script of the night that takes something away from the release before is found, by its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.probes.database.rehearsal import rules
from cutover_gates.probes.database.rehearsal.contraction import ContractionAssessments
from tests.findings import list_values
from tests.integration.database.conftest import BEFORE, CopyDatabase
from tests.integration.database.contexts import SCRIPTS, make_database_context
from tests.integration.database.rehearsal.script_folders import write_scripts

TAKING = {
    "DO $$ BEGIN EXECUTE 'ALTER TABLE visits DROP COLUMN state'; END $$;": (
        "column public.visits.state",
        "kept",
        "dropped or renamed",
    ),
    "ALTER TABLE sign_in_failures RENAME TO failures;": (
        "table public.sign_in_failures",
        "kept",
        "dropped or renamed",
    ),
    "ALTER TABLE patients RENAME COLUMN phone TO telephone;": (
        "column public.patients.phone",
        "kept",
        "dropped or renamed",
    ),
    "ALTER TABLE documents ALTER file_name TYPE varchar(255);": (
        "column public.documents.file_name",
        "type character varying(1000)",
        "type character varying(255)",
    ),
    "ALTER TABLE visits ALTER reason SET NOT NULL;": (
        "column public.visits.reason",
        "NULL allowed",
        "NOT NULL",
    ),
    "ALTER TABLE patients ALTER version DROP DEFAULT;": (
        "column public.patients.version",
        "default 1",
        "no default",
    ),
    "ALTER TABLE documents ADD COLUMN pages integer NOT NULL;": (
        "column public.documents.pages",
        "NULL or a default, for rows that do not name it",
        "NOT NULL without a default",
    ),
}
HARMLESS = """
ALTER TABLE facilities ADD COLUMN floor integer NOT NULL DEFAULT 0, ADD COLUMN street text;
ALTER TABLE sessions ALTER expires_at DROP NOT NULL;
CREATE TABLE wards (code text NOT NULL);
DROP INDEX visits_by_patient;
"""


def _assess(dsn: str, folder: Path, **migrations: Any) -> Assessment:
    return ContractionAssessments(make_database_context(dsn, folder, **migrations)).assess_night()


def test_each_thing_that_is_taken_away_is_named(unchanged: CopyDatabase, tmp_path: Path) -> None:
    """Also what a block of code does, in which a linter sees no statement."""
    scripts = write_scripts(tmp_path, V7__takes="\n".join([*TAKING, HARMLESS]))
    assessment = _assess(unchanged(BEFORE), tmp_path, locations=[scripts])
    assert {finding.rule for finding in assessment.findings} == {rules.NIGHT_ONLY_EXPANDS}
    assert sorted(list_values(assessment)) == sorted(
        (f"V7__takes.sql: {subject}", expected, actual)
        for subject, expected, actual in TAKING.values()
    )


def test_what_a_hospital_excepts_is_told_and_no_finding(
    unchanged: CopyDatabase, tmp_path: Path
) -> None:
    """Where the release before is stopped for good, it says so under squawk's names."""
    scripts = write_scripts(tmp_path, V7__drops="ALTER TABLE visits DROP COLUMN state;")
    excepted = {"lint_except": {"ban-drop-column": "the release before is stopped"}}
    assessment = _assess(unchanged(BEFORE), tmp_path, locations=[scripts], rehearsal=excepted)
    assert not assessment.findings + assessment.not_proven
    assert assessment.figures["left out by exception"] == [
        "V7__drops.sql: column public.visits.state"
    ]


@pytest.mark.parametrize("point", ["10", None])
def test_the_contraction_belongs_to_another_night(
    unchanged: CopyDatabase, tmp_path: Path, point: str | None
) -> None:
    """The reference's night only expands; with its last script in it, each column is named."""
    assessment = _assess(unchanged(BEFORE), tmp_path, locations=[SCRIPTS], point_of_no_return=point)
    gone = {
        "patients.sex",
        "visits.state",
        "sessions.refresh_token_hash",
        "sessions.expires_at",
        "audit_entries.allowed",
    }
    taken = {
        subject.rpartition("public.")[2]
        for subject, _, actual in list_values(assessment)
        if actual == "dropped or renamed" and ": column" in subject
    }
    assert taken == (set() if point else gone)
    assert bool(assessment.findings) == (point is None)
