"""A reader from whom row security hides rows proves nothing, and blames nobody."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cutover_gates.config.base import SettingsError
from cutover_gates.config.target_access import DatabaseSettings
from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.integrity.assessments import IntegrityAssessments
from cutover_gates.probes.database.rows.assessments import RowAssessments
from cutover_gates.probes.database.schema.assessments import SchemaAssessments
from cutover_gates.probes.database.stored_records import StoredRecords
from reference import postgres
from tests.integration.database.conftest import MIGRATED, CopyDatabase
from tests.integration.database.contexts import make_database_context

HIDES_ROWS = (
    "ALTER TABLE visits ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY own_visits ON visits TO hospital_app USING (true)",
)
ADVICE = "ALTER ROLE NAME BYPASSRLS"
QUESTIONS: dict[str, Callable[[DatabaseContext], Assessment]] = {
    "key tables": lambda context: SchemaAssessments(context).assess_key_tables(),
    "a snapshot": lambda context: RowAssessments(context).assess_snapshot_capture(),
    "foreign keys": lambda context: IntegrityAssessments(context).assess_foreign_keys(),
    "checks": lambda context: IntegrityAssessments(context).assess_check_constraints(),
}


@pytest.fixture
def reader_context(spare: CopyDatabase, server: postgres.Server, tmp_path: Path) -> DatabaseContext:
    """A database with hidden rows, asked by a role that may read all tables."""
    name = spare(MIGRATED, *HIDES_ROWS).rpartition("/")[2]
    dsn = server.dsn(name, postgres.READER)
    return make_database_context(dsn, tmp_path, key_tables=["visits", "patients"])


@pytest.mark.parametrize("question", QUESTIONS)
def test_hidden_rows_are_not_proven(question: str, reader_context: DatabaseContext) -> None:
    """The table is not proven, the gap says what to do, and nothing is found wrong."""
    answer = QUESTIONS[question](reader_context)
    reasons = [gap.actual for gap in answer.not_proven if "visits" in gap.subject]
    assert not answer.findings
    assert reasons
    assert all(ADVICE in reason for reason in reasons)


def test_a_hidden_record_is_no_lost_write(reader_context: DatabaseContext) -> None:
    """The row of an acknowledged write that a policy hides is an error, and not an absent row."""
    records = StoredRecords(reader_context.dsn.get_secret_value(), DatabaseSettings())
    with pytest.raises(SettingsError, match=ADVICE):
        records.visit("00000000-0000-0000-0000-000000000000")
    records.close()
