"""What happened to each check, seen where it runs (also in an xdist worker), and carried to the
judge on pytest's own reports.

A plugin can turn a failure into a pass (reruns, xfail, a hook of someone's own). So the call itself
is watched: how often it was set up, and what it raised.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from cutover_gates.core.evidence.assessment import NotProven
from cutover_gates.core.evidence.record import Recorder
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.hospital import Rejected, Unreachable, Unsupported
from cutover_gates.plugin.collection import items_of

ATTEMPTS_KEY = pytest.StashKey[int]()
RAISED_KEY = pytest.StashKey[bool]()
TARGET_GONE = "the target stopped answering during the run"


class OutcomeCapture:
    """Hooks around each check: evidence begins and ends with it, and its reports say what was seen."""

    def __init__(self, recorder: Recorder, redactor: Redactor) -> None:
        self.recorder, self.redactor = recorder, redactor
        self._told = 0

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        item.stash[ATTEMPTS_KEY] = item.stash.get(ATTEMPTS_KEY, 0) + 1
        item.stash[RAISED_KEY] = False
        self.recorder.begin(item.nodeid)

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, None, None]:
        """Innermost: nothing stands between this and the check's own function."""
        try:
            yield
        except BaseException:
            item.stash[RAISED_KEY] = True
            raise

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[Any]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Innermost again: secrets are masked, and what was seen is attached, before Allure, JUnit
        or reruns get hold of the report.
        """
        items = items_of(item)
        if not items:
            return (yield)
        raised = call.excinfo.value if call.excinfo else None
        self._mask(raised)
        report = yield
        if isinstance(raised, Unsupported):
            report.outcome = "skipped"
            report.longrepr = (str(item.path), 0, f"Skipped: not applicable: {raised.why}")
        elif isinstance(raised, NotProven):
            report.outcome = "skipped"
            report.longrepr = (
                str(item.path),
                0,
                f"Skipped: not proven: {self.redactor.redact_text(str(raised))}",
            )
        elif report.longrepr is not None and not isinstance(report.longrepr, tuple):
            text = report.longreprtext
            masked = self.redactor.redact_text(text)
            if masked != text:
                report.longrepr = masked
        report.sections = [
            (title, self.redactor.redact_text(text)) for title, text in report.sections
        ]
        if _target_is_gone(raised):
            item.session.shouldstop = (
                TARGET_GONE  # every further check would say the same, and cost its time
            )
        vars(report)["cutover"] = self._capture_outcome(
            item, report, raised, items
        )  # goes with the report, also from an xdist worker
        return report

    def _capture_outcome(
        self,
        item: pytest.Item,
        report: pytest.TestReport,
        raised: BaseException | None,
        items: frozenset[str],
    ) -> dict[str, Any]:
        return {
            "items": sorted(items),
            "attempt": item.stash.get(ATTEMPTS_KEY, 0),
            "raised": item.stash.get(RAISED_KEY, False),
            "not_offered": raised.operation if isinstance(raised, Unsupported) else None,
            "unproven": isinstance(raised, NotProven),
            "finding": isinstance(raised, AssertionError | Rejected | pytest.fail.Exception),
            "why": self.redactor.redact_text(_describe_exception(raised)),
            "evidence": self.recorder.end() if report.when == "teardown" else [],
            "secrets": self._new_secrets(),
            "gone": _target_is_gone(raised),
        }

    def _new_secrets(self) -> list[tuple[str, str]]:
        """Secrets (value, name) learnt since the last report: the controller looks for them in its
        outputs, and takes them off the report.
        """
        news = list(self.redactor.learned_secrets().items())[self._told :]
        self._told += len(news)
        return news

    def _mask(self, error: BaseException | None) -> None:
        """Mask secrets in the texts of an exception and of those behind it."""
        seen: set[int] = set()
        while error is not None and id(error) not in seen:
            seen.add(id(error))
            error.args = tuple(
                self.redactor.redact_text(arg) if isinstance(arg, str) else arg
                for arg in error.args
            )
            error = error.__cause__ or error.__context__


def _target_is_gone(error: BaseException | None) -> bool:
    """Whether the driver has given the target up; also where an arrangement broke over it."""
    while error is not None and not (isinstance(error, Unreachable) and error.final):
        error = error.__cause__ or error.__context__
    return error is not None


def _describe_exception(error: BaseException | None) -> str:
    """What an exception says; its class too where it is no plain assertion."""
    if error is None:
        return ""
    text = str(error).strip()
    plain = isinstance(
        error, AssertionError | Rejected | pytest.fail.Exception | Unsupported | NotProven
    )
    return text if plain and text else f"{type(error).__name__}: {text}"
