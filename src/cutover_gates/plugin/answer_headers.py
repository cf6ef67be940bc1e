"""Judges at the end the headers of all answers that the checks of a run got, for the verdict.

Each process judges its answers as they come, and leaves what it found in the run's folder. The
controller makes one result of all. A process that created something and left nothing is not proven.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.core.evidence.ledger_lines import read_lines
from cutover_gates.core.findings import Finding, explain_findings
from cutover_gates.core.verdict import CheckResult, Outcome
from cutover_gates.drivers.answer_log import AnswerLog
from cutover_gates.plugin.run import PytestRun
from cutover_gates.probes.api.headers.header_judgement import HeaderJudge
from cutover_gates.probes.api.headers.rules import ANSWERS_OBSERVED
from cutover_gates.targets.running_target import RunningTarget
from cutover_gates.util.files import write_atomically

TITLE = "headers of all answers"
ROLE = "answers"
"""The role of the checks that look at answers as such (`core/check_groups.toml`)."""
_FILES = "headers-{}.json"


@contextmanager
def observe_answers(run: PytestRun, target: RunningTarget) -> Iterator[AnswerLog]:
    """Judge every answer inside the block, and leave what was found for the controller."""
    judge = HeaderJudge(target.url, run.settings.chosen_target.headers)
    log = AnswerLog(target.url, judge.judge)
    run.recorder.answer_observers.append(log.observe)
    try:
        yield log
    finally:
        run.recorder.answer_observers.remove(log.observe)
        if run.folders:
            _save(run, log)


def _save(run: PytestRun, log: AnswerLog) -> None:
    assessment = Assessment(TITLE, (), log.findings(), figures={"answers": log.count})
    plain = run.redactor.redact_value(assessment.to_plain())
    path = run.first_folder / _FILES.format(run.worker or "main")
    write_atomically(path, json.dumps(plain, default=str))


def judge_answers(run: PytestRun) -> list[CheckResult]:
    """Return the result of the headers of all answers; none where no item asks for it."""
    asked = run.requested_items
    items = frozenset(item.id for item in run.plan.with_role(ROLE) if item.id in asked)
    paths = sorted(run.first_folder.glob(_FILES.format("*")))
    answers = [Assessment.from_plain(json.loads(path.read_text("utf-8"))) for path in paths]
    missing = list(_find_silent_processes(run))
    for path in paths:
        path.unlink()
    if not items or not (answers or missing):
        return []
    return [_to_result(_fold(answers), missing, sum(_count(one) for one in answers), items)]


def _count(assessment: Assessment) -> int:
    return int(assessment.figures.get("answers", 0))


def _fold(answers: Sequence[Assessment]) -> list[Finding]:
    """Return each rule and subject once, with the count of all processes."""
    folded: dict[tuple[str, str], Finding] = {}
    for finding in (finding for one in answers for finding in one.findings):
        key = finding.rule.id, finding.subject
        known = folded.get(key)
        folded[key] = replace(known, count=known.count + finding.count) if known else finding
    return list(folded.values())


def _find_silent_processes(run: PytestRun) -> Iterator[Finding]:
    """Yield a gap for each process that created something and left no judgement."""
    for path in sorted(run.ledgers.glob(f"{run.tag}-*.jsonl")):
        process = path.stem.removeprefix(f"{run.tag}-")
        is_checking = process == "main" or process.startswith("gw")
        left = run.first_folder / _FILES.format(process)
        if is_checking and not left.is_file() and any(map(_is_creation, read_lines(path))):
            yield Finding(ANSWERS_OBSERVED, process, actual="it ended before its end")


def _is_creation(line: object) -> bool:
    return isinstance(line, dict) and line.get("do") == "done"


def _to_result(
    findings: Sequence[Finding], gaps: Sequence[Finding], count: int, items: frozenset[str]
) -> CheckResult:
    nothing = Finding(ANSWERS_OBSERVED, "the run", actual="no check got an answer")
    gaps = [*gaps] if count else [*gaps, nothing]
    problems = findings or gaps
    outcome = Outcome.FAILED if findings else Outcome.NOT_PROVEN if gaps else Outcome.PASSED
    return CheckResult(
        TITLE,
        items,
        outcome,
        explain_findings(problems) if problems else "",
        evidence=[{"kind": "observation", "title": TITLE, "facts": {"answers": count}}],
        findings=tuple(problems),
        title=f"No header tells what it must not: {count} answers",
    )
