"""The verdict as results of Allure: a test for each item of the plan, with its checks as steps.

The form is that of the folder `allure-results`, which `allure generate` reads. The names of the
files follow from the run, so that the results of the end replace those of the start.
"""

from __future__ import annotations

import json
import uuid
from datetime import datetime
from hashlib import md5

from allure_commons.model2 import (
    Attachment,
    Label,
    Parameter,
    Status,
    StatusDetails,
    TestResult,
    TestStepResult,
)
from allure_commons.types import LabelType
from attr import asdict

from cutover_gates.core.verdict import CheckResult, ItemResult, Outcome, Verdict
from cutover_gates.reporting.causes import title_of
from cutover_gates.reporting.evidence_text import describe_evidence, format_evidence
from cutover_gates.reporting.reasons import list_reasons
from cutover_gates.reporting.verdict_summary import headline

FOLDER = "allure-results"
STATUSES = {
    Outcome.ERROR: Status.BROKEN,
    Outcome.FAILED: Status.FAILED,
    Outcome.NOT_PROVEN: Status.FAILED,
    Outcome.WAIVED: Status.SKIPPED,
    Outcome.ATTESTED: Status.PASSED,
    Outcome.PASSED: Status.PASSED,
    Outcome.NOT_APPLICABLE: Status.SKIPPED,
}
NAMESPACE = uuid.UUID("8e4a1f6e-6d0b-4f5e-9d5c-0c6a1d6f4b7e")
"""Of the ids below; any fixed one would do."""


def to_allure(verdict: Verdict) -> dict[str, bytes]:
    """Return the files of the results, by name: one for each item, and their attachments."""
    files: dict[str, bytes] = {}
    _add_result(files, _build_verdict_result(verdict))
    for item in verdict.items:
        _add_result(files, _build_result(verdict, item, files))
    return files


def _add_result(files: dict[str, bytes], result: TestResult) -> None:
    content = asdict(result, filter=lambda _field, value: value or value is False)
    text = json.dumps(content, ensure_ascii=False)
    files[f"{result.uuid}-result.json"] = text.encode(errors="backslashreplace")


def _build_verdict_result(verdict: Verdict) -> TestResult:
    reasons = [line for each in list_reasons(verdict) for line in (each.text, *each.details)]
    details = StatusDetails(message=headline(verdict), trace="\n".join(reasons))
    status = Status.PASSED if verdict.is_go else Status.FAILED
    return _new_result(verdict, "verdict", headline(verdict), status, details)


def _build_result(verdict: Verdict, item: ItemResult, files: dict[str, bytes]) -> TestResult:
    details = StatusDetails(message=f"{item.outcome.value}: {item.why}" if item.why else None)
    result = _new_result(
        verdict, item.item.id, item.item.title, STATUSES[item.outcome], details, item.item.section
    )
    result.steps = [_build_check_step(verdict, check, files) for check in item.checks]
    return result


def _new_result(
    verdict: Verdict,
    name: str,
    title: str,
    status: str,
    details: StatusDetails,
    section: str = "",
) -> TestResult:
    subject = verdict.subject
    full_name = f"{subject.target}.{verdict.gate}.{name}"
    labels = {
        LabelType.PARENT_SUITE: "cutover plan",
        LabelType.SUITE: f"gate {verdict.gate}",
        LabelType.SUB_SUITE: section,
        LabelType.HOST: subject.host,
        LabelType.FRAMEWORK: "cutover-gates",
    }
    return TestResult(
        uuid=_id_of(verdict, name),
        # Allure recognizes a test of an earlier run by these two.
        historyId=_digest(full_name),
        testCaseId=_digest(full_name),
        fullName=full_name,
        name=title,
        status=status,
        statusDetails=details,
        labels=[Label(name=key, value=value) for key, value in labels.items() if value],
        parameters=[Parameter(name="release", value=subject.release)],
        start=_milliseconds(verdict.started),
        stop=_milliseconds(verdict.finished),
    )


def _build_check_step(
    verdict: Verdict, check: CheckResult, files: dict[str, bytes]
) -> TestStepResult:
    """Return a check as a step; its exchanges are steps below it, its evidence is attached."""
    step = TestStepResult(name=title_of(check), status=STATUSES[check.outcome])
    step.parameters = [Parameter(name="check", value=check.check)]
    if check.why:
        step.statusDetails = StatusDetails(message=check.why)
    step.steps = [TestStepResult(name=title) for title in describe_evidence(check.evidence)]
    for inner in step.steps:
        inner.status = Status.PASSED
    if check.evidence:
        source = f"{_id_of(verdict, f'evidence of {check.check}')}-attachment.json"
        files[source] = format_evidence(check.evidence)
        step.attachments = [Attachment(name="evidence", source=source, type="application/json")]
    return step


def _id_of(verdict: Verdict, name: str) -> str:
    words = (verdict.subject.target, verdict.gate, verdict.started.isoformat(), name)
    return str(uuid.uuid5(NAMESPACE, "\n".join(words)))


def _digest(text: str) -> str:
    return md5(text.encode(errors="replace"), usedforsecurity=False).hexdigest()


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
