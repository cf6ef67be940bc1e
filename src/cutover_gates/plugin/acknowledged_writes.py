"""Compares at the end what a run got acknowledged with what is stored, for the verdict.

Each process compares its own writes before they are removed, and leaves the answer in the run's
folder. The controller makes one result of all answers. A process that created something and left
no answer is not proven.
"""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain

from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.core.evidence.ledger_lines import read_lines
from cutover_gates.core.findings import Finding, explain_findings
from cutover_gates.core.verdict import CheckResult, Outcome
from cutover_gates.drivers import rules
from cutover_gates.drivers.journal_driver import JournalDriver
from cutover_gates.drivers.session_reader import SessionReader, choose_reading_role
from cutover_gates.drivers.sessions import SessionPool
from cutover_gates.drivers.write_comparison import TITLE, WriteComparison, describe_counts
from cutover_gates.hospital import Role, Session
from cutover_gates.hospital.matchers.read_back import RecordSource
from cutover_gates.plugin.run import PytestRun
from cutover_gates.targets.driver_factory import load_unsupported_operations
from cutover_gates.targets.running_target import RunningTarget
from cutover_gates.util.files import write_atomically
from cutover_gates.util.text import first_error_line

ROLE = "durability"
"""The role of the checks that hold what the target acknowledged (`core/check_groups.toml`)."""
COMPARING_SECONDS = 30.0
"""Seconds for which a process reads its writes again. What is not read by then is not proven."""
UNIQUE_NUMBERS = "unique-record-numbers"
"""What a target declares as unsupported that gives one record number to several patients."""
_FILES = "read-back-{}.json"
_CHECKING_PROCESS = re.compile(r"main|gw\d+")


def save_comparison(
    run: PytestRun, target: RunningTarget, driver: JournalDriver, database: RecordSource | None
) -> None:
    """Compare this process's writes with what is stored, and leave the answer for the controller.

    `database` reads the target's database, where it gives one. Without a gate nothing is judged,
    and nothing is read.
    """
    if not run.folders:
        return
    try:
        assessment = _compare(run, target, driver, database)
    # Whatever breaks here must become "not proven", and must not keep the run from cleaning up.
    except Exception as error:
        reason = first_error_line(error)
        gap = Finding(rules.WRITES_COMPARED, run.worker or "main", actual=reason)
        assessment = Assessment(TITLE, (), not_proven=(gap,))
    save_answer(run, run.worker or "main", assessment)


def save_answer(run: PytestRun, process: str, assessment: Assessment) -> None:
    """Leave the answer of a process (or of the load run) for the controller, redacted."""
    plain = run.redactor.redact_value(assessment.to_plain())
    write_atomically(run.first_folder / _FILES.format(process), json.dumps(plain, default=str))


def _compare(
    run: PytestRun, target: RunningTarget, driver: JournalDriver, database: RecordSource | None
) -> Assessment:
    unsupported = frozenset(load_unsupported_operations(run.settings))
    records = driver.journal.expected_records(driver.features.stored_form)
    with _new_session(run, target, driver) as session:
        readers: list[RecordSource] = [SessionReader(driver, session)]
        if database is not None:
            readers.insert(0, database)
        comparison = WriteComparison(readers, unsupported, time.monotonic() + COMPARING_SECONDS)
        return comparison.assess(records, unique_numbers=UNIQUE_NUMBERS not in unsupported)


@contextmanager
def _new_session(
    run: PytestRun, target: RunningTarget, driver: JournalDriver
) -> Iterator[Callable[[], Session]]:
    """Yield a function that returns a session that is opened now, at its first use."""
    pool = SessionPool(driver, target.users, redactor=run.redactor)
    role = reading_role(target)
    try:
        yield lambda: pool.session(role)
    finally:
        pool.close()


def reading_role(target: RunningTarget) -> Role:
    """Return the role with which the target reads what others wrote."""
    return choose_reading_role(target.users)


def collect_comparisons(run: PytestRun) -> Assessment | None:
    """Return the answers of all processes as one; None where no check wrote anything."""
    answers = [*_saved_answers(run), *_missing_answers(run)]
    for path in run.first_folder.glob(_FILES.format("*")):
        path.unlink()
    if not answers:
        return None
    findings = chain.from_iterable(answer.findings for answer in answers)
    gaps = chain.from_iterable(answer.not_proven for answer in answers)
    return Assessment(
        TITLE,
        tuple(chain.from_iterable(answer.checked for answer in answers)),
        tuple(dict.fromkeys(findings)),
        tuple(dict.fromkeys(gaps)),
        _sum_figures(answers),
    )


def _sum_figures(answers: Sequence[Assessment]) -> dict[str, int]:
    figures: Counter[str] = Counter(dict.fromkeys(rules.STORED_RULES, 0))
    for answer in answers:
        figures.update(answer.figures)
    return dict(figures)


def _saved_answers(run: PytestRun) -> list[Assessment]:
    answers = []
    for path in sorted(run.first_folder.glob(_FILES.format("*"))):
        try:
            answers.append(Assessment.from_plain(json.loads(path.read_text(encoding="utf-8"))))
        except (ValueError, KeyError) as error:
            answers.append(_gap(path.stem, f"its answer cannot be read: {error}"))
    return answers


def _missing_answers(run: PytestRun) -> list[Assessment]:
    """Return a gap for each process that created something and compared nothing."""
    missing = []
    for path in sorted(run.ledgers.glob(f"{run.tag}-*.jsonl")):
        process = path.stem.removeprefix(f"{run.tag}-")
        answered = (run.first_folder / _FILES.format(process)).is_file()
        if answered or not _CHECKING_PROCESS.fullmatch(process):
            continue
        created = sum(line.get("do") == "done" for line in read_lines(path))
        if created:
            missing.append(_gap(process, f"it ended before it read its {created} records again"))
    return missing


def _gap(process: str, reason: str) -> Assessment:
    return Assessment(
        TITLE, (), not_proven=(Finding(rules.WRITES_COMPARED, process, actual=reason),)
    )


def judge_comparisons(run: PytestRun) -> tuple[list[CheckResult], list[str]]:
    """Return the result of the run's acknowledged writes, and what no item can say.

    Where the gate asks for no item that holds them, a lost write is an error of the run itself: no
    waiver of a function may hide it.
    """
    assessment = collect_comparisons(run)
    if assessment is None:
        return [], []
    asked = run.requested_items
    items = frozenset(item.id for item in run.plan.with_role(ROLE) if item.id in asked)
    if items:
        return [_to_result(assessment, items)], []
    return [], [
        f"an acknowledged write is lost: {found}. {found.rule.fix}" for found in assessment.findings
    ]


def _to_result(assessment: Assessment, items: frozenset[str]) -> CheckResult:
    outcome, problems = _decide(assessment)
    return CheckResult(
        TITLE,
        items,
        outcome,
        explain_findings(problems) if problems else "",
        evidence=[{"kind": "observation", "title": TITLE, "facts": dict(assessment.figures)}],
        findings=tuple(problems),
        title=f"What the checks of the run wrote is stored: {describe_counts(assessment.figures)}",
    )


def _decide(assessment: Assessment) -> tuple[Outcome, Sequence[Finding]]:
    if assessment.findings:
        return Outcome.FAILED, assessment.findings
    if assessment.not_proven:
        return Outcome.NOT_PROVEN, assessment.not_proven
    return Outcome.PASSED, ()
