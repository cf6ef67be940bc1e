"""The questions that `Integrity` answers, by name."""

from __future__ import annotations

from cutover.database.integrity import Integrity
from cutover.evidence.examination import Examination

QUESTIONS = (
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


def asked(integrity: Integrity, question: str) -> Examination:
    """What the method of that name gives."""
    examination: Examination = getattr(integrity, question)()
    return examination
