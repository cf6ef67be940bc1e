"""Errors of the new release against those of the old one, at the same time."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log

import numpy as np

from cutover_gates.config.rollout_proof import RolloutProof
from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.core.findings import Rule
from cutover_gates.core.rollout.step_proof import format_percent
from cutover_gates.core.statistics.release_comparison import (
    AnsweredBlocks,
    find_worst_stratum,
    log_evidence_against,
    log_evidence_for,
    log_evidence_of_any,
)
from cutover_gates.probes.rollout import rules
from cutover_gates.probes.rollout.comparable_answers import (
    count_blocks,
    covers_both,
    list_operations,
    select_comparable,
)
from cutover_gates.probes.rollout.rollout_record import (
    CountedSeries,
    ReleaseAnswer,
    RolloutRecord,
)

WRONG = 0.0005
"""False alarms of each of five questions, over a whole rollout: 0.25 % together.

They are errors and slowness by the probes, the same by another source, and the limits of errors.
"""
WRONG_PROVEN = 0.05
ALL = "all operations"


def compare_errors(
    record: RolloutRecord, settings: RolloutProof, builder: AssessmentBuilder
) -> None:
    """Compare the errors that the probes saw, operation by operation and together."""
    chosen = select_comparable(record, settings.warm_up_seconds)
    add_left_out(record, chosen.warming, chosen.of_new, builder)
    if chosen.is_always_warming:
        reason = f"the warm-up left out {chosen.warming:,} of {chosen.of_new:,} answers"
        builder.add_gap(rules.WARM_UP_ENDS, record.new, reason)
    operations = list_operations(record, chosen.answers)
    builder.figures["compared over new connections only"] = chosen.is_sticky
    if not operations:
        add_nothing_to_compare(rules.NO_MORE_ERRORS, record, builder)
        return
    blocks = count_blocks(record, chosen.answers, operations, lambda one: one.is_error)
    builder.figures["probes"] = describe_blocks(blocks)
    builder.figures["as good as the old one (less than twice its errors)"] = is_proven(blocks)
    if is_worse(blocks, WRONG):
        _add_worse(record, chosen.answers, operations, blocks, builder)
    builder.checked += operations


def compare_counted_errors(record: RolloutRecord, builder: AssessmentBuilder) -> None:
    """Compare the errors that another source counted, never added to those of the probes."""
    own = [one for one in record.series if one.kind == "errors"]
    for source in sorted({one.source for one in own}):
        _compare_source(record, [one for one in own if one.source == source], builder)


def _compare_source(
    record: RolloutRecord, series: Sequence[CountedSeries], builder: AssessmentBuilder
) -> None:
    source, blocks = series[0].source, join_series(record, series)
    builder.figures[source] = describe_blocks(blocks)
    if not blocks.new.sum() or not blocks.old.sum():
        if covers_both(record):
            add_nothing_to_compare(rules.NO_MORE_ERRORS, record, builder, source)
        return
    if is_worse(blocks, WRONG):
        number, evidence = find_worst_stratum(blocks)
        add_worse(record, name_of(number, series), blocks, number, evidence, source, builder)
    builder.checked.append(source)


def join_series(record: RolloutRecord, series: Sequence[CountedSeries]) -> AnsweredBlocks:
    """Return the counts of a source since the image is the same; rows of one moment are one."""
    begins = record.evidence_begins
    moments = sorted({row[0] for one in series for row in one.rows if row[0] > begins})
    column = {at: number for number, at in enumerate(moments)}
    counts = np.zeros((4, len(series), len(moments)), dtype=np.int64)
    for number, one in enumerate(series):
        for at, *values in one.rows:
            if at in column:
                counts[:, number, column[at]] += values
    return AnsweredBlocks(*counts)


def name_of(number: int | None, series: Sequence[CountedSeries]) -> str:
    """Return the operation of a stratum."""
    return ALL if number is None else series[number].operation or ALL


def is_worse(blocks: AnsweredBlocks, wrong: float) -> bool:
    """Return whether the evidence was ever enough to say that the new release is worse."""
    return float(np.max(log_evidence_of_any(blocks), initial=0.0)) >= -log(wrong)


def is_proven(blocks: AnsweredBlocks) -> bool:
    """Return whether the new release is proven to fail less than twice as often."""
    path = log_evidence_for(blocks)
    return bool(path.size) and float(path[-1]) >= -log(WRONG_PROVEN)


def describe_blocks(blocks: AnsweredBlocks) -> dict[str, object]:
    """Return both counts, and the evidence."""
    most = float(np.max(log_evidence_against(blocks), initial=0.0))
    return {
        "new": describe_share(int(blocks.new_bad.sum()), int(blocks.new.sum())),
        "old": describe_share(int(blocks.old_bad.sum()), int(blocks.old.sum())),
        "evidence against the new one": round(exp(min(most, 50.0)), 2),
    }


def describe_share(bad: int, total: int) -> str:
    """Return how many of how many, with the share."""
    return f"{bad:,} of {total:,}" + (f" ({format_percent(bad / total)})" if total else "")


def _add_worse(
    record: RolloutRecord,
    answers: Sequence[ReleaseAnswer],
    operations: Sequence[str],
    blocks: AnsweredBlocks,
    builder: AssessmentBuilder,
) -> None:
    number, evidence = find_worst_stratum(blocks)
    name = ALL if number is None else operations[number]
    bad = [
        one
        for one in answers
        if one.is_error and one.release == record.new and name in (ALL, one.operation)
    ]
    first = f"; first: {describe_failure(bad[0])}" if bad else ""
    add_worse(record, name, blocks, number, evidence, f"the probes{first}", builder)


def add_worse(
    record: RolloutRecord,
    name: str,
    blocks: AnsweredBlocks,
    number: int | None,
    evidence: float,
    source: str,
    builder: AssessmentBuilder,
) -> None:
    """Add the finding that the new release fails more often."""
    own = blocks if number is None else blocks.select_stratum(number)
    old = describe_share(int(own.old_bad.sum()), int(own.old.sum()))
    new = describe_share(int(own.new_bad.sum()), int(own.new.sum()))
    builder.add_finding(
        rules.NO_MORE_ERRORS,
        name,
        expected=f"no more than {record.old_release} at the same time: {old} failed",
        actual=f"{new} failed, {describe_chance(evidence)}, by {source}",
        count=int(own.new_bad.sum()),
    )


def describe_chance(evidence: float) -> str:
    """Return how improbable so much evidence is where the releases are alike."""
    return f"by chance at most once in {exp(min(max(evidence, 0.0), 20.0)):,.0f} rollouts"


def describe_failure(one: ReleaseAnswer) -> str:
    """Return a failure for a person: operation, instance, reason."""
    where = f" at {one.instance}" if one.instance else ""
    return f"{one.operation}{where}: {one.why or 'no reason'}"


def add_left_out(
    record: RolloutRecord, warming: int, of_new: int, builder: AssessmentBuilder
) -> None:
    """Tell what the warm-up left out."""
    builder.figures["left out as warm-up"] = f"{warming:,} of {of_new:,} answers of {record.new}"


def add_nothing_to_compare(
    rule: Rule, record: RolloutRecord, builder: AssessmentBuilder, source: str = "the probes"
) -> None:
    """Add a gap where both releases should have answered and did not."""
    if covers_both(record):
        reason = f"no operation has answers of both releases past the warm-up ({source})"
        builder.add_gap(rule, record.new, reason)
    elif not builder.checked:
        builder.figures["not compared"] = "only one release has traffic in this step"
        builder.checked.append("a step with one release")
