"""What the network assessments share."""

from __future__ import annotations

from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.probes.network.network_context import NetworkContext


def test_an_assessment_is_left_in_the_evidence() -> None:
    recorded: list[Assessment] = []
    builder = AssessmentBuilder(checked=["b"])
    assessment = NetworkContext("staging", record=recorded.append).finish(builder, "names")
    assert recorded == [assessment]
    assert (assessment.title, assessment.checked) == ("names", ("b",))
