"""Rows that are lost, doubled or invented: a migration script with a wrong join, or run twice."""

from __future__ import annotations

from cutover_gates.probes.database.rows import rules as rows_rules
from tests.faults.data.data_fault import DataFault

_CONTENT = {"content-unchanged": "the rows that are there hold other values than those that were"}


class AVisitIsLost(DataFault):
    """Yesterday's visit is not in the chart."""

    item = "row-counts"
    also = _CONTENT
    statements = "DELETE FROM visits WHERE id = (SELECT id FROM visits ORDER BY id LIMIT 1)"
    breaks = (rows_rules.ROW_COUNT,)
    shows = "visits"


class DocumentsOfOneDayAreLost(DataFault):
    """The findings of one day are gone, among thousands of others."""

    item = "row-counts"
    also = _CONTENT
    statements = (
        "DELETE FROM documents WHERE uploaded_at::date = (SELECT max(uploaded_at)::date - 30 FROM"
        " documents)"
    )
    breaks = (rows_rules.ROW_COUNT,)
    shows = "documents"


class VisitsAreDoubled(DataFault):
    """Every visit of one patient is there twice, and is billed twice."""

    item = "row-counts"
    also = _CONTENT
    statements = """
        INSERT INTO visits (patient_id, status, reason, opened_at, admitted_at, discharged_at)
        SELECT patient_id, status, reason, opened_at, admitted_at, discharged_at FROM visits
        WHERE patient_id = (SELECT patient_id FROM visits ORDER BY id LIMIT 1)
    """
    breaks = (rows_rules.ROW_COUNT,)
    shows = "visits"


class AStaffAccountIsLost(DataFault):
    """A clinician of the night shift cannot sign in.

    The table grows on this night, so its number of rows alone proves nothing.
    """

    item = "row-counts"
    also = _CONTENT
    statements = (
        "DELETE FROM staff WHERE username = 'north-ward-07' AND NOT EXISTS (SELECT FROM documents"
        " WHERE uploaded_by = username)"
    )
    before = (
        "DELETE FROM documents WHERE uploaded_by = 'north-ward-07'; DELETE FROM sessions WHERE"
        " username = 'north-ward-07'"
    )
    breaks = (rows_rules.ROW_COUNT,)
    shows = "staff"


class AuditEntriesAreLost(DataFault):
    """Nothing shows any more who read which chart in the last days."""

    item = "row-counts"
    also = _CONTENT
    statements = "DELETE FROM audit_entries WHERE id > (SELECT max(id) - 10 FROM audit_entries)"
    breaks = (rows_rules.ROW_COUNT,)
    shows = "audit_entries"
