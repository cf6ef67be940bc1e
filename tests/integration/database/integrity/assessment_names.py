"""The methods of `IntegrityAssessments`, by name."""

from __future__ import annotations

from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.probes.database.integrity.assessments import IntegrityAssessments

ASSESSMENTS = (
    "assess_declarations",
    "assess_foreign_keys",
    "assess_implied_keys",
    "assess_duplicates",
    "assess_nulls",
    "assess_check_constraints",
    "assess_generated_columns",
    "assess_partitions",
    "assess_sequences",
    "assess_indexes",
)


def run_assessment(integrity: IntegrityAssessments, question: str) -> Assessment:
    """Return the assessment of the method with that name."""
    assessment: Assessment = getattr(integrity, question)()
    return assessment
