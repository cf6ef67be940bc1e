"""Defects that a database has already, so that no copy of it is blamed for them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from cutover_gates.core.evidence.assessment import NotProven
from cutover_gates.core.findings import Finding
from cutover_gates.probes.database.context import DatabaseContext, DatabaseUnreachable
from cutover_gates.probes.database.integrity.assessments import IntegrityAssessments

# The id of the rule, and the subject.
Defect = tuple[str, str]


def find_sequence_defects(context: DatabaseContext) -> list[Defect]:
    """Return the sequences that are behind or nearly used up. It costs one look at each.

    Empty where they cannot be read: then nothing is known to be excused.
    """
    silent = replace(context, record=lambda _assessment: None)
    try:
        return list_defects(IntegrityAssessments(silent).assess_sequences().findings)
    except (NotProven, DatabaseUnreachable):
        return []


def find_reference_defects(context: DatabaseContext) -> list[Defect]:
    """Return the foreign keys that rows violate. Each reference is followed; see above."""
    silent = replace(context, record=lambda _assessment: None)
    try:
        return list_defects(IntegrityAssessments(silent).assess_foreign_keys().findings)
    except (NotProven, DatabaseUnreachable):
        return []


def list_defects(findings: Iterable[Finding]) -> list[Defect]:
    """Return the rule and the subject of each finding."""
    return [(finding.rule.id, finding.subject) for finding in findings]
