"""What the deployment says of a step: the weights that it has, and the step that it reached.

The observed share has an interval: a wrong weight that is near enough stands in it. What the route
or the proxy says is exact.
"""

from __future__ import annotations

from cutover_gates.config.rollout_proof import RolloutProof
from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.core.rollout.step_proof import format_percent
from cutover_gates.probes.rollout import rules
from cutover_gates.probes.rollout.rollout_record import ReadyPods, RolloutRecord, ToldWeight
from cutover_gates.probes.rollout.traffic_share import find_wanted_share

ROUNDING = 0.001
"""How far a weight may be from the step's: whole numbers over several backends are rounded."""


def check_weights(
    record: RolloutRecord, _settings: RolloutProof, builder: AssessmentBuilder
) -> None:
    """Compare each declared weight with that of the step; one that is not told is a gap."""
    wanted, _ = find_wanted_share(record)
    known = [one for one in record.weights if not one.problem and one.total > 0]
    for one in record.weights:
        if one not in known:
            builder.add_gap(rules.WEIGHT_OF_STEP, one.source, one.problem or "it tells no weight")
    # No request met the new release: then nothing is known of it.
    is_idle = wanted > 0 and not any(one.new for one in known)
    for one in known:
        builder.checked.append(f"weight of {one.source}")
        if is_idle:
            reason = f"{_describe(one)}: {record.new} has no traffic, expected"
            builder.add_gap(rules.WEIGHT_OF_STEP, one.source, f"{reason} {format_percent(wanted)}")
        elif abs(one.new / one.total - wanted) > ROUNDING:
            expected = f"{format_percent(wanted)} for {record.new}"
            builder.add_finding(
                rules.WEIGHT_OF_STEP, one.source, expected=expected, actual=_describe(one)
            )
    if known:
        builder.figures["weights"] = {one.source: _describe(one) for one in known}


def check_reached_step(
    record: RolloutRecord, _settings: RolloutProof, builder: AssessmentBuilder
) -> None:
    """Name the step that a rolling rollout really reached, and compare it with the one asked.

    Whole pods cannot give each share: a pod more or less than the step's is the step's. All of the
    traffic is on the new release once no pod of the old one is ready.
    """
    begins, ends = record.interval
    within = [one for one in record.ready_pods if begins <= one.at <= ends and one.new + one.old]
    if record.kind != "rolling" or not within:
        return
    pods = within[-1]
    total = pods.new + pods.old
    builder.figures["step that was reached"] = _describe_pods(pods)
    if not pods.new or abs(100 * pods.new - record.step.percent * total) >= 100:
        reason = f"{_describe_pods(pods)}, and the step is {record.step.percent} %"
        builder.add_gap(rules.STEP_REACHED, record.new, reason)
    else:
        builder.checked.append("step that was reached")


def _describe(weight: ToldWeight) -> str:
    return f"{weight.new:g} of {weight.total:g} ({format_percent(weight.new / weight.total)})"


def _describe_pods(pods: ReadyPods) -> str:
    total = pods.new + pods.old
    return f"{pods.new} of {total} ready pods ({format_percent(pods.new / total)})"
