"""Matchers of actions: rejections, concurrent actions, effects, and assessments that must pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Barrier
from typing import TypeVar

from cutover_gates.core.evidence.assessment import Assessment, NotProven
from cutover_gates.core.findings import THIS_CHECK, Finding, FindingsError
from cutover_gates.core.rules import NOTHING_CHECKED
from cutover_gates.core.value_text import format_value
from cutover_gates.hospital.answers import Answer, Rejected
from cutover_gates.hospital.values import Reason
from cutover_gates.util.concurrency import wait_until

T = TypeVar("T")


@dataclass
class ExpectedRejection:
    """The rejection of an action. Empty until the `with` block of `expect_rejection` ends."""

    rejection: Rejected | None = None

    @property
    def message(self) -> str:
        """The target's own words. Only after the `with` block."""
        return self._require().message

    @property
    def reason(self) -> Reason:
        """The reason of the rejection. Only after the `with` block."""
        return self._require().reason

    @property
    def answer(self) -> Answer:
        """The rejection as it came. Only after the `with` block."""
        return self._require().answer

    def _require(self) -> Rejected:
        if self.rejection is None:
            raise RuntimeError("nothing is rejected yet: read the rejection after the with block")
        return self.rejection


@contextmanager
def expect_rejection(*reasons: Reason, doing: str = "") -> Iterator[ExpectedRejection]:
    """Assert that the block's action is rejected for one of `reasons`.

    The value of the `with` holds the rejection afterwards. `doing` names what is tried where the
    action itself does not show it: the size of a file, the number of an attempt.
    """
    expected = f"a rejection as {' or '.join(reason.value for reason in reasons)}"
    result = ExpectedRejection()
    try:
        yield result
    except Rejected as rejection:
        if rejection.reason not in reasons:
            raise _unexpected(doing, expected, f"a rejection as {rejection}") from None
        result.rejection = rejection
    else:
        raise _unexpected(doing, expected, "the target did it")


def _unexpected(doing: str, expected: str, actual: str) -> FindingsError:
    return FindingsError(Finding(THIS_CHECK, doing, expected, actual))


def act_concurrently(*actions: Callable[[], T]) -> list[T | Rejected]:
    """Do all actions at the same moment, each in its own thread.

    Returns the result or the rejection of each, in their order. Any other error is raised.
    """
    # Without the barrier the first thread could be done before the last one starts.
    start = Barrier(len(actions))

    def act(action: Callable[[], T]) -> T | Rejected:
        start.wait()
        try:
            return action()
        except Rejected as rejection:
            return rejection

    with ThreadPoolExecutor(len(actions)) as threads:
        return list(threads.map(act, actions))


def assert_becomes(
    expected: object, ask: Callable[[], object], subject: str, seconds: float = 0.0
) -> None:
    """Assert that the answer is `expected`, at once or within so many seconds.

    It asks again until then. `subject` names what is asked for.
    """
    answers: list[object] = []

    def poll() -> bool | None:
        answers[:] = [ask()]
        return True if answers == [expected] else None

    if wait_until(poll, seconds) is None:
        when = f" within {seconds:g} s" if seconds else " at once"
        wanted, found = format_value(expected), format_value(answers[0])
        raise FindingsError(Finding(THIS_CHECK, subject, f"{wanted}{when}", found))


def assert_no_findings(findings: Iterable[Finding | None]) -> None:
    """Assert that no finding is in the list. Raises `FindingsError` with each of them once."""
    found = list(dict.fromkeys(finding for finding in findings if finding))
    if found:
        raise FindingsError(*found)


def assert_passed(assessment: Assessment) -> None:
    """Assert that something was checked, all of it to the end, and that nothing is wrong.

    Raises `FindingsError` for findings and `NotProven` for gaps. Findings go first: that something
    is broken matters more than that something else could not be seen.
    """
    if assessment.findings:
        raise FindingsError(*assessment.findings)
    if assessment.not_proven:
        raise NotProven(gaps=assessment.not_proven)
    if not assessment.checked:
        gap = Finding(NOTHING_CHECKED, assessment.title, "", "there was nothing to check")
        raise NotProven(gaps=(gap,))
