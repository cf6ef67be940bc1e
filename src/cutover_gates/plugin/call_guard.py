"""Guards the call of each check of a gate: a slip in it, or beside it, is a failure of that check.

The exception is raised in the call itself, so that JUnit, Allure and the verdict say the same.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Mapping, Sequence

import pytest
from _pytest import outcomes

from cutover_gates.core.evidence.record import Recorder
from cutover_gates.plugin.background_failures import BackgroundFailures, find_running_threads
from cutover_gates.plugin.call_watch import CallWatch
from cutover_gates.plugin.collection import groups_of
from cutover_gates.plugin.forked_children import ForkedChildren
from cutover_gates.plugin.results import strip_parameters
from cutover_gates.plugin.source_functions import SuiteFiles
from cutover_gates.plugin.swallowed_assertions import FailedAssertions

WATCH_KEY: pytest.StashKey[CallWatch] = pytest.StashKey()


class SlipError(AssertionError):
    """A check cannot have seen what it means to see: something in it asserts nothing."""


class CallGuard:
    """Hooks around the call of each check.

    `slips` are those that are written in the files, by check. `holds` gets what failed beside all
    checks.
    """

    def __init__(
        self, recorder: Recorder, slips: Mapping[str, tuple[str, ...]], holds: list[str]
    ) -> None:
        self.recorder, self.slips, self.holds = recorder, slips, holds
        self.background, self.forked = BackgroundFailures(), ForkedChildren()
        self.failed = FailedAssertions(self.forked.share)

    def pytest_sessionstart(self) -> None:
        """Install the hooks of Python."""
        self.background.install()
        self.forked.install()
        self.failed.install()
        # With --runxfail pytest.xfail() does nothing, and a check would pass over a known defect.
        pytest.xfail = outcomes.xfail

    def pytest_assertion_pass(self, lineno: int) -> None:
        """Take an assertion that holds back from those that failed."""
        self.failed.note_pass(lineno)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, None, None]:
        """Begin with nothing that an earlier check left."""
        self.holds += [f"between two checks: {told}" for told in self.background.take()]
        self.background.take_errors()
        self.background.renew()
        self.background.is_in_check = bool(groups_of(item))
        yield
        self.background.renew()

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, None, None]:
        """Watch the call, and fail it where it asserted nothing, or something failed beside it."""
        if not groups_of(item):
            yield
            return
        _raise_slips(self.slips.get(strip_parameters(item.nodeid), ()))
        watch = item.stash[WATCH_KEY] = CallWatch(item)
        self.recorder.on_evidence = watch.note_evidence
        files = SuiteFiles(item.path.parent, item.config.rootpath)
        self.failed.begin(watch.code, files)
        self.forked.files = files
        before = set(threading.enumerate())
        try:
            with watch.watching():
                yield
        except BaseException as error:
            self.forked.leave(error)
            raise
        finally:
            self.recorder.on_evidence = None
            replaced, swallowed = self.background.renew(), self._find_swallowed()
        returned = [f"the check returned {_with_article(value)}" for value in watch.values]
        slips = [f"{each} instead of asserting it: write `assert`" for each in returned[:1]]
        slips += [f"the check replaced {name}, which tells of failures" for name in replaced]
        # What left the function is no slip of it: `call_watch` tells who took it.
        slips += swallowed if watch.returned or not watch.entered else []
        slips += find_running_threads(before, item.path.parent)
        _raise_slips([*slips, *self.background.take()], self.background.take_errors())

    def _find_swallowed(self) -> list[str]:
        self.forked.leave()
        running = self.forked.find_running()
        for place, sentence in self.forked.read():
            self.failed.add(place, sentence)
        return [*self.failed.end(), *running]

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, None, None]:
        """Fail where something failed beside the cleaning up."""
        self.forked.leave()
        yield
        self.background.is_in_check = False
        if groups_of(item):
            _raise_slips(self.background.take(), self.background.take_errors())

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """Take what failed after the last check."""
        self.forked.leave()
        self.holds += [f"after the last check: {told}" for told in self.background.take()]


def _raise_slips(slips: tuple[str, ...] | list[str], errors: Sequence[BaseException] = ()) -> None:
    """Fail the check; what failed beside it stands behind, so that its findings are not lost."""
    if slips:
        behind = BaseExceptionGroup("beside the check", errors) if errors else None
        raise SlipError("; ".join(slips)) from behind


def _with_article(name: str) -> str:
    return f"an {name}" if name[0].lower() in "aeiou" else f"a {name}"
