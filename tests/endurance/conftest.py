"""Marks all repetitions as `endurance`, and skips those that an earlier start has done."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.endurance.journal import WORD, Journal, open_journal
from tests.faults import hospitals
from tests.faults.serve import NONE

HERE = Path(__file__).parent
JOURNAL = pytest.StashKey[Journal]()
LIMIT = 900.0
"""Seconds of one repetition, before they are scaled to the machine."""


@pytest.hookimpl(tryfirst=True)  # before the limits are scaled
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    ours = [item for item in items if item.path.is_relative_to(HERE)]
    for item in ours:
        item.add_marker(pytest.mark.endurance)
        item.add_marker(pytest.mark.timeout(LIMIT))
    if not ours:
        return
    config.stash[JOURNAL] = open_journal()
    done = config.stash[JOURNAL].read()
    for item in ours:
        if item.nodeid in done:
            reason = f"done before, in {done[item.nodeid]:.0f} s"
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if item.path.is_relative_to(HERE) and call.when == "call" and report.passed:
        word = str(dict(report.user_properties).get(WORD, ""))
        item.config.stash[JOURNAL].append(item.nodeid, call.duration, word)
    return report


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Tell how many repetitions are done, and how long they took in all."""
    if "endurance" not in str(config.getoption("markexpr")):
        return
    seconds = open_journal().read().values()
    terminalreporter.write_line(
        f"endurance: {len(seconds)} repetitions have passed on this commit, in {sum(seconds):.0f} s"
    )


@pytest.fixture
def hospital(cluster: hospitals.Cluster, tmp_path: Path) -> Iterator[hospitals.Hospital]:
    """An open hospital on a database of its own."""
    with hospitals.hospital(cluster, NONE, tmp_path) as running:
        yield running
