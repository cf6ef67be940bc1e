"""Response times of the new release against those of the old one, at the same time.

Compared are the shares of answers that are slower than each of five thresholds: percentiles that
are fixed before. A release that is slower answers more often above some of them. What slows both
down cancels out, so it is never blamed on the new one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log

import numpy as np

from cutover_gates.config.rollout_proof import RolloutProof
from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.core.statistics.confidence_intervals import quantile
from cutover_gates.core.statistics.release_comparison import (
    AnsweredBlocks,
    find_worst_stratum,
    log_evidence_of_any,
    mix_log_evidence,
)
from cutover_gates.probes.rollout import rules
from cutover_gates.probes.rollout.comparable_answers import count_blocks, select_comparable
from cutover_gates.probes.rollout.error_comparison import (
    ALL,
    WRONG,
    add_nothing_to_compare,
    describe_blocks,
    describe_chance,
    describe_share,
    is_worse,
    join_series,
    name_of,
)
from cutover_gates.probes.rollout.rollout_record import ReleaseAnswer, RolloutRecord

LEVELS: Mapping[str, float] = {"p50": 0.5, "p75": 0.75, "p90": 0.9, "p95": 0.95, "p99": 0.99}
CALIBRATION = 100
"""Answers of the old release that fix the thresholds where none are known from before."""


@dataclass(frozen=True)
class _Level:
    """One threshold of each operation, and the counts above it."""

    name: str
    blocks: AnsweredBlocks


def compare_latency(
    record: RolloutRecord, settings: RolloutProof, builder: AssessmentBuilder
) -> None:
    """Compare the response times that the probes saw, operation by operation and together."""
    chosen = select_comparable(record, settings.warm_up_seconds)
    timed = [one for one in chosen.answers if one.is_timed]
    thresholds, compared = fix_thresholds(record, timed)
    builder.figures["thresholds, seconds"] = {
        name: np.round(values, 4).tolist() for name, values in thresholds.items()
    }
    if not thresholds:
        add_nothing_to_compare(rules.NOT_SLOWER, record, builder)
        return
    operations = sorted(thresholds)
    levels = [
        _Level(name, _count_slow(record, compared, operations, thresholds, number))
        for number, name in enumerate(LEVELS)
    ]
    builder.figures["slower than the threshold"] = {
        level.name: describe_blocks(level.blocks) for level in levels
    }
    if _is_slower(levels):
        _add_slower(record, operations, thresholds, levels, builder)
    builder.checked += operations


def fix_thresholds(
    record: RolloutRecord, timed: Sequence[ReleaseAnswer]
) -> tuple[dict[str, tuple[float, ...]], list[ReleaseAnswer]]:
    """Return the thresholds of each operation, and the answers that are compared with them.

    They are those of before the rollout. Without them the first answers of the old release within
    it fix them, and are not compared, nor what came before them.
    """
    found: dict[str, tuple[float, ...]] = {}
    compared: list[ReleaseAnswer] = []
    for operation in sorted({one.operation for one in timed}):
        own = [one for one in timed if one.operation == operation]
        known = record.thresholds.get(operation)
        if known is None:
            known, own = _calibrate(record, own)
        if known and {record.new, record.old_release} <= {one.release for one in own}:
            found[operation] = known
            compared += own
    return found, sorted(compared, key=lambda one: one.at)


def _calibrate(
    record: RolloutRecord, own: list[ReleaseAnswer]
) -> tuple[tuple[float, ...] | None, list[ReleaseAnswer]]:
    of_old = [one for one in own if one.release == record.old_release]
    first = of_old[: min(CALIBRATION, len(of_old) // 4)]
    if not first:
        return None, []
    ended = max(one.at for one in first)
    return find_levels([one.took for one in first]), [one for one in own if one.at > ended]


def find_levels(seconds: Sequence[float]) -> tuple[float, ...]:
    """Return the percentiles of response times that serve as thresholds."""
    ordered = np.sort(np.asarray(seconds, dtype=float))
    return tuple(quantile(ordered, share) for share in LEVELS.values())


def _count_slow(
    record: RolloutRecord,
    answers: Sequence[ReleaseAnswer],
    operations: Sequence[str],
    thresholds: Mapping[str, tuple[float, ...]],
    number: int,
) -> AnsweredBlocks:
    limits = {name: values[number] for name, values in thresholds.items()}
    return count_blocks(record, answers, operations, lambda one: one.took > limits[one.operation])


def _is_slower(levels: Sequence[_Level]) -> bool:
    each = [(1 / len(levels), log_evidence_of_any(level.blocks)) for level in levels]
    return float(np.max(mix_log_evidence(each), initial=0.0)) >= -log(WRONG)


def _add_slower(
    record: RolloutRecord,
    operations: Sequence[str],
    thresholds: Mapping[str, tuple[float, ...]],
    levels: Sequence[_Level],
    builder: AssessmentBuilder,
) -> None:
    worst = max(levels, key=lambda level: find_worst_stratum(level.blocks)[1])
    number, evidence = find_worst_stratum(worst.blocks)
    subject = ALL if number is None else operations[number]
    own = worst.blocks if number is None else worst.blocks.select_stratum(number)
    above = f"the {worst.name} of before"
    if number is not None:
        above += f", {thresholds[subject][list(LEVELS).index(worst.name)]:.3f} s"
    old = describe_share(int(own.old_bad.sum()), int(own.old.sum()))
    new = describe_share(int(own.new_bad.sum()), int(own.new.sum()))
    builder.add_finding(
        rules.NOT_SLOWER,
        subject,
        expected=f"no slower than {record.old_release} at the same time: {old} above {above}",
        actual=f"{new} above it, {describe_chance(evidence)}",
    )


def compare_counted_latency(record: RolloutRecord, builder: AssessmentBuilder) -> None:
    """Compare the slow answers that another source counted."""
    own = [one for one in record.series if one.kind == "slow"]
    for source in sorted({one.source for one in own}):
        series = [one for one in own if one.source == source]
        blocks = join_series(record, series)
        builder.figures[source] = describe_blocks(blocks)
        if blocks.new.sum() and blocks.old.sum() and is_worse(blocks, WRONG):
            number, evidence = find_worst_stratum(blocks)
            worst = blocks if number is None else blocks.select_stratum(number)
            old = describe_share(int(worst.old_bad.sum()), int(worst.old.sum()))
            new = describe_share(int(worst.new_bad.sum()), int(worst.new.sum()))
            builder.add_finding(
                rules.NOT_SLOWER,
                name_of(number, series),
                expected=f"no slower than {record.old_release} at the same time: {old} slow",
                actual=f"{new} slow, {describe_chance(evidence)}, by {source}",
            )
