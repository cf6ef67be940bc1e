"""The checks of a step wait for its end, and its end waits for the checks that do not judge it.

A gate may have several processes. The one that comes first to a check that judges the step waits
until the step has been live for its time, and writes its end (`live_step.end_step_once`). Another
one may still run the functional checks of the step then: they are asked while it is live, or they
say nothing of it. So each process holds a shared lock from its first such check to its last, and
the step ends once no process holds it. The kernel gives back the lock of a process that crashed.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import IO, Any

import pytest

from cutover_gates.core.check_groups import step_groups
from cutover_gates.core.file_lock import lock_file
from cutover_gates.plugin.collection import groups_of
from cutover_gates.plugin.live_step import CHECKS_LOCK, end_step_once
from cutover_gates.plugin.run import PytestRun


class StepDwell:
    """Hooks that let the checks of a step wait for its end, in every process of the gate."""

    def __init__(self, run: PytestRun, percent: int) -> None:
        self._run, self._percent = run, percent
        self._has_ended = False
        self._lock: IO[str] | None = None

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Wait before the first check that judges the step; outside of its own time-out."""
        if groups_of(item) & step_groups():
            self._give_lock_back()
            if not self._has_ended:
                self._has_ended = end_step_once(self._run, self._percent) is not None
        elif self._lock is None and not self._has_ended:
            self._take_lock()
        return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """Let the step end where this process had no check that judges it."""
        self._give_lock_back()

    def _take_lock(self) -> None:
        self._lock = (self._run.first_folder / CHECKS_LOCK).open("w", encoding="utf-8")
        lock_file(self._lock, shared=True)

    def _give_lock_back(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None
