"""What a question gathers while it is put, and the examination that comes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder, NotProven
from cutover_gates.util.http import SourceUnavailable

AssessmentSink = Callable[[Assessment], None]


@dataclass
class SignalAssessmentBuilder(AssessmentBuilder):
    """Filled in the course of a question.

    `target` (under `[targets]`) is for the sentence on what is not declared.
    """

    title: str
    target: str = ""

    def add_undeclared_setting(self, table: str, keys: str, what: str) -> None:
        """Nothing says where `what` is: how to say it, or that there is none."""
        self.not_proven.append(
            f"nobody says {what}: set {keys} in [targets.{self.target}.{table}], or give the reason"
            f" why there is none in [targets.{self.target}.not_applicable]"
        )


def run_assessment(
    seen: SignalAssessmentBuilder,
    record: AssessmentSink,
    look: Callable[[SignalAssessmentBuilder], None],
) -> Assessment:
    """What `look` fills in.

    A service that is silent leaves the question open, whatever was found before stands.
    """
    try:
        look(seen)
    except (SourceUnavailable, NotProven) as silent:
        seen.not_proven.append(str(silent))
    examination = seen.build(seen.title)
    record(examination)
    return examination
