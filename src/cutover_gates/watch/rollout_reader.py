"""Reads a rollout out of the watcher's record: answers by release, images, counts of Prometheus."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cutover_gates.config.watch import WatchPaths
from cutover_gates.core.findings import gap_error
from cutover_gates.core.rollout.rollout_step import RolloutStep
from cutover_gates.core.triggers.evaluation import Evaluation, ShareReading
from cutover_gates.core.triggers.recorded_evaluations import parse_evaluation
from cutover_gates.core.triggers.trigger_names import NEW, OLD, SignalSource, TriggerName
from cutover_gates.probes.rollout import rules
from cutover_gates.probes.rollout.latency_comparison import find_levels
from cutover_gates.probes.rollout.rollout_record import (
    CountedSeries,
    ReadyPods,
    ReleaseAnswer,
    RolloutRecord,
    ToldWeight,
)
from cutover_gates.watch.probe_baseline import BASELINE_SECONDS, TIMED
from cutover_gates.watch.probe_paths import STREAM
from cutover_gates.watch.probe_results import UNDECIDED, PathProbe, ProbeOutcome
from cutover_gates.watch.record_lines import EVALUATION
from cutover_gates.watch.record_reader import WatchRecord
from cutover_gates.watch.time_spans import Span, subtract_spans

FRESH_PATH = "new-connection"
FEWEST_TIMES = 100
"""Response times of before the rollout that fix the thresholds of an operation."""
KINDS = {TriggerName.ERRORS: "errors", TriggerName.RESPONSE: "slow"}


@dataclass(frozen=True)
class RolloutScope:
    """What is known of a rollout beside the record.

    `new` and `old` are the releases, `percent` the step under judgement, `kind` that of the
    settings, `ready_pods` and `weights` what the deployment told.
    """

    new: str
    old: str | None
    percent: int
    kind: str = "canary"
    ready_pods: tuple[ReadyPods, ...] = ()
    weights: tuple[ToldWeight, ...] = ()


def read_rollout(
    record: WatchRecord, steps: Sequence[RolloutStep], scope: RolloutScope
) -> RolloutRecord:
    """Return the rollout up to the last step of `scope.percent`.

    Raises `NotProven` where no such step was watched to its end.
    """
    steps = select_steps(steps, scope.percent)
    evaluations = _list_evaluations(record)
    judged = steps[-1]
    return RolloutRecord(
        answers=[make_answer(one) for one in record.results if _is_answer(one)],
        steps=steps,
        new=scope.new,
        old=scope.old,
        unwatched=subtract_spans(
            [Span(judged.begins, judged.ends or judged.begins)], record.watched
        ),
        digests=_list_digests(evaluations),
        # A look at the streams that are held open is no request that a release answers.
        operations=sorted({path for head in record.heads for path in head["intervals"]} - {STREAM}),
        series=_list_series(evaluations),
        ready_pods=scope.ready_pods,
        kind=scope.kind,
        thresholds=_find_thresholds(record.results, scope.new, steps[0].begins),
        weights=scope.weights,
    )


def select_steps(steps: Sequence[RolloutStep], percent: int) -> list[RolloutStep]:
    """Return the last step of so many percent, after all that ended before it began.

    Raises `NotProven` where it has not ended, or is not the newest step of the record.
    """
    ended = [step for step in steps if step.ends is not None and step.ends > step.begins]
    judged = [step for step in ended if step.percent == percent]
    if not judged:
        reason = f"no step of {percent} % has ended in the record of this release"
        raise gap_error(rules.STEP_WATCHED, f"{percent} %", reason)
    if newer := [step for step in steps if step.begins > judged[-1].begins]:
        reason = f"a step of {newer[-1].percent} % began after it: judge that one"
        raise gap_error(rules.STEP_WATCHED, f"{percent} %", reason)
    before = [step for step in ended if (step.ends or 0.0) <= judged[-1].begins]
    return [*sorted(before, key=lambda step: step.begins), judged[-1]]


def make_answer(result: PathProbe) -> ReleaseAnswer:
    """Return a result of the watcher as an answer of a release.

    A late answer is no error here: it is slow, and compared as that. Its time is the target's, but
    on a slow line.
    """
    operation = result.operation
    return ReleaseAnswer(
        at=result.started,
        took=result.took,
        operation=operation,
        release=result.release,
        is_error=result.failed and result.outcome is not ProbeOutcome.LATE,
        is_timed=result.outcome in TIMED and operation not in WatchPaths.SLOW,
        instance=result.instance,
        session=result.role,
        why=f"{result.outcome.value}: {result.why}" if result.failed else "",
        is_fresh=operation == FRESH_PATH,
        is_pinned=result.is_pinned,
        is_extra=result.is_extra,
    )


def _is_answer(result: PathProbe) -> bool:
    """Return whether a result is one of a request. A look at held streams asks nobody."""
    return result.outcome not in UNDECIDED and result.path != STREAM


def _list_evaluations(record: WatchRecord) -> list[Evaluation]:
    lines = [line for process in record.trigger_lines for line in process]
    found = [parse_evaluation(line["evaluation"]) for line in lines if line.get("do") == EVALUATION]
    return sorted(found, key=lambda one: one.at)


def _list_digests(evaluations: Iterable[Evaluation]) -> list[tuple[float, str]]:
    """Return each image of the new release once, with the moment at which it was first seen."""
    found: list[tuple[float, str]] = []
    for one in evaluations:
        if one.digest and (not found or found[-1][1] != one.digest):
            found.append((one.at, one.digest))
    return found


def _list_series(evaluations: Iterable[Evaluation]) -> list[CountedSeries]:
    """Return the counts of sources other than the probes, where they know both releases."""
    rows: dict[tuple[str, str, str], list[tuple[float, int, int, int, int]]] = defaultdict(list)
    for evaluation in evaluations:
        known = {one.key: one for one in evaluation.readings if isinstance(one, ShareReading)}
        for key, new in known.items():
            if key.subject != NEW or key.source is SignalSource.PROBES:
                continue
            old = known.get(type(key)(key.trigger, OLD, key.source, key.operation))
            if old is not None and (row := _make_row(evaluation.at, new, old)):
                rows[(key.source.value, KINDS[key.trigger], key.operation)].append(row)
    return [CountedSeries(*name, counted) for name, counted in sorted(rows.items())]


def _make_row(
    at: float, new: ShareReading, old: ShareReading
) -> tuple[float, int, int, int, int] | None:
    counts = (new.total, new.bad, old.total, old.bad)
    if any(value is None for value in counts):
        return None
    new_total, new_bad, old_total, old_bad = (int(value or 0) for value in counts)
    return (at, new_total, new_bad, old_total, old_bad)


def _find_thresholds(
    results: Iterable[PathProbe], new: str, begins: float
) -> dict[str, tuple[float, ...]]:
    """Return percentiles of what the release before took just before the rollout, by path."""
    times: dict[str, list[float]] = defaultdict(list)
    for one in results:
        is_before = begins - BASELINE_SECONDS <= one.started and one.ended < begins
        if is_before and one.outcome in TIMED and one.release != new:
            times[one.path].append(one.took)
    return {path: find_levels(taken) for path, taken in times.items() if len(taken) >= FEWEST_TIMES}
