"""The questions that `Integrity` answers, by name."""

from __future__ import annotations

from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.probes.database.integrity.assessments import IntegrityAssessments

ASSESSMENTS = (
    "declared_valid",
    "orphans",
    "implied_keys",
    "duplicates",
    "nulls",
    "checks",
    "generated",
    "partitions",
    "sequences",
    "indexes_agree",
)


def run_assessment(integrity: IntegrityAssessments, question: str) -> Assessment:
    """What the method of that name gives."""
    examination: Assessment = getattr(integrity, question)()
    return examination
