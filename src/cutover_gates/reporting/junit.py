"""The verdict as JUnit XML: one case for each item of the plan, so that a pipeline shows them.

pytest's own cases, one for each check, follow in a suite of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from xml.etree import ElementTree as ET

from cutover_gates.core.printable import strip_control_characters
from cutover_gates.core.verdict import OPEN_OUTCOMES, ItemResult, Outcome, Verdict
from cutover_gates.reporting.reasons import list_reasons
from cutover_gates.reporting.verdict_summary import describe_counts_and_time, headline
from cutover_gates.util.text import first_sentence, format_rfc3339

NOT_IN_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, also escaped: a reader would refuse the whole file."""
VERDICT_CASE = "verdict"


def to_junit(verdicts: Iterable[Verdict], pytest_xml: bytes = b"") -> bytes:
    """Return the document with a suite for each verdict, and those of `pytest_xml`.

    A `pytest_xml` that cannot be read is left out: the verdicts say what it would have said.
    """
    root = ET.Element("testsuites", name="cutover gates")
    root.extend(_build_suite(verdict) for verdict in verdicts)
    root.extend(_read_suites(pytest_xml))
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _read_suites(pytest_xml: bytes) -> list[ET.Element]:
    try:
        return list(ET.fromstring(pytest_xml)) if pytest_xml else []
    except ET.ParseError:
        return []


def _build_suite(verdict: Verdict) -> ET.Element:
    cases = [_build_verdict_case(verdict), *(_build_case(verdict, each) for each in verdict.items)]
    suite = ET.Element(
        "testsuite",
        name=_clean(f"gate {verdict.gate}"),
        tests=str(len(cases)),
        failures=str(_count(cases, "failure")),
        errors=str(_count(cases, "error")),
        skipped=str(_count(cases, "skipped")),
        time=f"{(verdict.finished - verdict.started).total_seconds():.3f}",
        timestamp=format_rfc3339(verdict.started),
        hostname=_clean(verdict.subject.host),
    )
    properties = ET.SubElement(suite, "properties")
    for name, value in _list_properties(verdict):
        ET.SubElement(properties, "property", name=name, value=_clean(value))
    suite.extend(cases)
    return suite


def _count(cases: Iterable[ET.Element], kind: str) -> int:
    return sum(case.find(kind) is not None for case in cases)


def _list_properties(verdict: Verdict) -> Iterator[tuple[str, str]]:
    subject = verdict.subject
    yield "verdict", verdict.word.value
    yield "target", subject.target
    yield "release", subject.release
    yield "suite", f"{subject.suite_version}, commit {subject.suite_commit}"


def _build_verdict_case(verdict: Verdict) -> ET.Element:
    """Return the case of the word itself: faults of the run belong to no item."""
    seconds = (verdict.finished - verdict.started).total_seconds()
    case = _new_case(verdict, VERDICT_CASE, seconds)
    if not verdict.is_go:
        lines = [describe_counts_and_time(verdict)]
        for reason in list_reasons(verdict):
            lines += [reason.text, *reason.details]
        text = "\n".join(lines)
        _add_outcome(case, "failure", verdict.word.value, headline(verdict), text)
    return case


def _build_case(verdict: Verdict, result: ItemResult) -> ET.Element:
    name = f"{result.item.id}: {result.item.title}"
    case = _new_case(verdict, name, sum(check.seconds for check in result.checks))
    message = first_sentence(result.why) or result.outcome.value
    if result.outcome in OPEN_OUTCOMES:
        kind = "error" if result.outcome is Outcome.ERROR else "failure"
        _add_outcome(case, kind, result.outcome.value, message, _describe_checks(result))
    if result.outcome in (Outcome.WAIVED, Outcome.NOT_APPLICABLE):
        # Neither proven nor a reason to stop the pipeline: readers of JUnit call that skipped.
        text = f"{result.outcome.value}: {message}"
        _add_outcome(case, "skipped", result.outcome.value, text, _describe_checks(result))
    return case


def _describe_checks(result: ItemResult) -> str:
    open_checks = [check for check in result.checks if check.outcome in OPEN_OUTCOMES]
    lines = [f"{check.outcome.value}: {check.check}\n{check.why}" for check in open_checks]
    return "\n\n".join([result.why, *lines])


def _new_case(verdict: Verdict, name: str, seconds: float) -> ET.Element:
    return ET.Element(
        "testcase",
        classname=_clean(f"gate.{verdict.gate}"),
        name=_clean(name),
        time=f"{seconds:.3f}",
    )


def _add_outcome(case: ET.Element, kind: str, outcome: str, message: str, text: str) -> None:
    element = ET.SubElement(case, kind, type=outcome, message=_clean(message))
    element.text = _clean(text)


def _clean(text: str) -> str:
    return NOT_IN_XML.sub("\ufffd", strip_control_characters(text))
