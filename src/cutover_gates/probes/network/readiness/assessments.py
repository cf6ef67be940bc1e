"""The question about readiness while the database is away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cutover_gates.core.evidence.assessment import Assessment


@dataclass(frozen=True)
class ReadinessAssessments:
    """Answers the check about readiness.

    `load_trial` returns the assessment of the trial that was made before the first check. `record`
    leaves it in the evidence of the running check.
    """

    load_trial: Callable[[], Assessment]
    record: Callable[[Assessment], None]

    def assess_outage(self) -> Assessment:
        """Check that readiness falls when the database is gone, and comes back with it.

        Raises `NotProven` where no trial can be made, and `Unsupported` where settings declare so.
        """
        assessment = self.load_trial()
        self.record(assessment)
        return assessment
