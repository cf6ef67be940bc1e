"""Captures what happened to each check where it runs, also in an xdist worker.

A plugin can turn a failure into a pass (reruns, xfail, a hook of someone's own). So the call itself
is watched: how often it was set up, and what it raised.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Any

import pytest

from cutover_gates.core.evidence.record import Recorder
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.core.findings import Finding, NotProven
from cutover_gates.core.value_text import make_encodable, text_of
from cutover_gates.hospital import Unreachable, Unsupported
from cutover_gates.plugin.call_guard import WATCH_KEY
from cutover_gates.plugin.check_outcome import CheckOutcome, attach_outcome
from cutover_gates.plugin.collection import groups_of, items_of
from cutover_gates.plugin.raised_findings import (
    FINDING_ERRORS,
    exceptions_behind,
    find_findings,
    find_hidden_finding,
    is_finding,
    is_timeout,
)
from cutover_gates.plugin.time_bounds import find_outlived_bound
from cutover_gates.plugin.withheld_texts import describe_place, replace_exception

ATTEMPTS_KEY = pytest.StashKey[int]()
RAISED_KEY = pytest.StashKey[bool]()
TARGET_GONE = "the target stopped answering during the run"


class OutcomeCapture:
    """Hooks around each check: its evidence begins and ends with it, its reports carry its outcome.

    Without a gate (`judging` is false) nobody takes an outcome off a report, so none is attached.
    """

    def __init__(self, recorder: Recorder, redactor: Redactor, *, judging: bool) -> None:
        self.recorder, self.redactor, self.judging = recorder, redactor, judging
        self._secrets_reported = 0

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Count the attempt, and begin its evidence."""
        item.stash[ATTEMPTS_KEY] = item.stash.get(ATTEMPTS_KEY, 0) + 1
        # A rerun sets the check up again: what the attempt before raised is not this one's.
        item.stash[RAISED_KEY] = False
        self.recorder.begin(item.nodeid)

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, None, None]:
        """Note an exception; innermost, so nothing stands between this and the check's function."""
        try:
            yield
        except BaseException:
            # Also SystemExit and pytest's own exceptions: none of them is a pass.
            item.stash[RAISED_KEY] = True
            raise

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[Any]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Mask secrets and attach the outcome, before Allure, JUnit or reruns see the report."""
        if not groups_of(item):
            return (yield)
        raised = call.excinfo.value if call.excinfo else _error_of_function(item, call.when)
        self._redact_exceptions(raised)
        shown = raised
        if raised is not None and self.redactor.withholds_target_text:
            shown = replace_exception(call, raised)
        report = yield
        self._clean_report(item, report, shown)
        if _target_is_gone(raised):
            # every further check would say the same, and cost its time
            item.session.shouldstop = TARGET_GONE
        # With the teardown, so that what fixtures ask the target at the end is evidence, too.
        evidence = self.recorder.end() if report.when == "teardown" else []
        if self.judging:
            outcome = _add_call(self._describe_phase(item, raised, shown), item, call.when)
            attach_outcome(report, replace(outcome, evidence=tuple(evidence)))
        return report

    def _clean_report(
        self, item: pytest.Item, report: pytest.TestReport, raised: BaseException | None
    ) -> None:
        if isinstance(raised, Unsupported):
            report.outcome = "skipped"
            report.longrepr = (str(item.path), 0, f"Skipped: not applicable: {raised.why}")
        elif isinstance(raised, NotProven):
            report.outcome = "skipped"
            report.longrepr = (
                str(item.path),
                0,
                f"Skipped: not proven: {self._clean(text_of(raised))}",
            )
        elif report.longrepr is not None and not isinstance(report.longrepr, tuple):
            self._clean_failure(item, report, raised)
        report.sections = [(title, self._clean(text)) for title, text in report.sections]

    def _clean_failure(
        self, item: pytest.Item, report: pytest.TestReport, raised: BaseException | None
    ) -> None:
        text = report.longreprtext
        if raised is not None and self.redactor.withholds_target_text:
            # pytest's own text shows arguments, local variables and the exceptions behind.
            report.longrepr = self._clean(describe_place(item, raised))
        elif (masked := self._clean(text)) != text:
            report.longrepr = masked

    def _describe_phase(
        self, item: pytest.Item, raised: BaseException | None, shown: BaseException | None
    ) -> CheckOutcome:
        """Return the outcome by what was raised, with the text of what may be shown of it."""
        return CheckOutcome(
            items=items_of(item),
            attempt=item.stash.get(ATTEMPTS_KEY, 0),
            raised=item.stash.get(RAISED_KEY, False),
            unsupported=raised.operation if isinstance(raised, Unsupported) else None,
            not_proven=isinstance(raised, NotProven),
            is_finding=is_finding(raised),
            why=self._clean(_describe_exception(shown)),
            findings=tuple(self._redact_finding(found) for found in find_findings(raised)),
            new_secrets=self._take_new_secrets(),
            target_gone=_target_is_gone(raised),
            outlived=find_outlived_bound(item),
            timed_out=any(map(is_timeout, exceptions_behind(raised))),
        )

    def _take_new_secrets(self) -> tuple[tuple[str, str], ...]:
        """Return the secrets (value, name) learnt since the last report.

        The controller looks for them in its outputs.
        """
        secrets = list(self.redactor.learned_secrets().items())[self._secrets_reported :]
        self._secrets_reported += len(secrets)
        return tuple(secrets)

    def _redact_finding(self, finding: Finding) -> Finding:
        return replace(
            finding,
            subject=self._clean(finding.subject),
            expected=self._clean(finding.expected),
            actual=self._clean(finding.actual),
            reproduce=self._clean(finding.reproduce),
        )

    def _clean(self, text: str) -> str:
        """Return the text without secrets, and without what no output can hold."""
        return self.redactor.redact_text(make_encodable(text))

    def _redact_exceptions(self, error: BaseException | None) -> None:
        """Mask secrets in the texts of an exception and of those behind it."""
        for cause in exceptions_behind(error):
            cause.args = tuple(
                self._clean(arg) if isinstance(arg, str) else arg for arg in cause.args
            )


def _error_of_function(item: pytest.Item, when: str) -> BaseException | None:
    """Return what the check's function raised where something took it: unittest's runner does."""
    watch = item.stash.get(WATCH_KEY, None) if when == "call" else None
    return watch.error if watch else None


def _add_call(outcome: CheckOutcome, item: pytest.Item, when: str) -> CheckOutcome:
    watch = item.stash.get(WATCH_KEY, None) if when == "call" else None
    if watch is None:
        return outcome
    return replace(
        outcome, entered=watch.entered, returned=watch.returned, asked=watch.asked, line=watch.line
    )


def _target_is_gone(error: BaseException | None) -> bool:
    """Return True where the driver has given the target up, also where a fixture broke over it."""
    return any(isinstance(cause, Unreachable) and cause.final for cause in exceptions_behind(error))


def _describe_exception(error: BaseException | None) -> str:
    """Return what an exception says; with its class where it is no plain assertion."""
    if error is None:
        return ""
    # Of an unexpected exception the class is often all that tells anything: KeyError: 'id'.
    text = text_of(error).strip()
    is_plain = isinstance(error, (*FINDING_ERRORS, Unsupported, NotProven))
    text = text if is_plain and text else f"{type(error).__name__}: {text}"
    hidden = find_hidden_finding(error)
    return f"{text}, and behind it: {hidden}" if hidden and hidden not in text else text
