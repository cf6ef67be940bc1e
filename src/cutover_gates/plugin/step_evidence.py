"""Says whether a live step has enough answers of the new release, or which are still missing.

It asks the questions that the checks of the step ask afterwards, so that both decide the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from cutover_gates.config.rollout_proof import RolloutProof
from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.core.findings import Finding, NotProven
from cutover_gates.core.rollout.rollout_step import RolloutStep
from cutover_gates.core.rollout.step_proof import make_limit
from cutover_gates.plugin.run import PytestRun
from cutover_gates.probes.rollout import rules
from cutover_gates.probes.rollout.error_comparison import compare_errors
from cutover_gates.probes.rollout.error_limits import check_error_limit
from cutover_gates.probes.rollout.latency_comparison import compare_latency
from cutover_gates.probes.rollout.rollout_record import RolloutRecord
from cutover_gates.probes.rollout.traffic_share import check_operations, check_share
from cutover_gates.targets.driver_factory import rollout_of, watch_of
from cutover_gates.watch.record_tail import RecordTail
from cutover_gates.watch.rollout_reader import RolloutScope, read_rollout

Look = Callable[[RolloutStep], str]
"""Returns what a live step still needs more time for, as if it had ended at this moment; empty
where it needs none, or where more time cannot help."""
CURED_BY_TIME = (rules.ERRORS_WITHIN_LIMIT, rules.EACH_OPERATION_ASKED)
"""What may be proven by more answers."""


def make_look(run: PytestRun, steps: Sequence[RolloutStep]) -> Look:
    """Return the look at the rollout of this run, whose `steps` have begun so far."""
    target, chosen = run.running_target, run.settings.chosen_target
    assert target is not None
    table, (folder, _) = rollout_of(run.settings, target), watch_of(run.settings, target)
    tail = RecordTail(folder, target.release, min(one.begins for one in steps))

    def look(step: RolloutStep) -> str:
        if chosen.limits.release_header is None:
            return ""
        try:
            record = tail.read()
            ended = [one for one in record.steps if one.ends is not None]
            scope = RolloutScope(target.release, target.previous_release, step.percent, table.kind)
            return find_missing(read_rollout(record, [*ended, step], scope), table.proof)
        except (OSError, ValueError, KeyError, TypeError, NotProven):
            # The checks of the step read the whole record afterwards, and name what is wrong.
            return ""

    return look


def find_missing(record: RolloutRecord, settings: RolloutProof) -> str:
    """Return which answers a live step lacks; empty where it lacks none, or time cannot help.

    What is refuted stays refuted. A step that the new release never answers gets no answers by
    waiting either, and a run of answers without it is not undone.
    """
    builder = AssessmentBuilder()
    check_error_limit(record, settings, builder)
    check_operations(record, settings, builder)
    if record.kind == "canary":
        check_share(record, settings, builder)
    gaps = builder.not_proven
    if not gaps or any(gap.rule not in CURED_BY_TIME for gap in gaps):
        return ""
    has_answered = any(one.release == record.new for one in record.answers_of_step(record.step))
    if builder.findings or not has_answered or _is_refuted(record, settings):
        return ""
    return "; ".join(_describe(gaps, record, settings))


def _is_refuted(record: RolloutRecord, settings: RolloutProof) -> bool:
    """Return whether the comparison with the release before blames the new one already."""
    builder = AssessmentBuilder()
    compare_errors(record, settings, builder)
    compare_latency(record, settings, builder)
    return bool(builder.findings)


def _describe(
    gaps: Sequence[Finding], record: RolloutRecord, settings: RolloutProof
) -> Iterator[str]:
    """Yield what is missing, for the line of progress."""
    asked = [gap.subject for gap in gaps if gap.rule == rules.EACH_OPERATION_ASKED]
    if len(asked) < len(gaps):
        answers = sum(one.release == record.new for one in record.answers_as_evidence())
        limit = settings.error_percents.share_of_step(record.step.percent)
        needed = make_limit(limit).count_clean_requests()
        is_short = answers < needed
        yield f"{answers:,} of {needed:,} answers" if is_short else f"{answers:,} answers, some bad"
    if asked:
        yield f"too few answers to {', '.join(asked)}"
