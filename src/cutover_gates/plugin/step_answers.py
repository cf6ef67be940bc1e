"""Which release answered the functional checks of a step.

With `rollout.pin_header` they are sent to the new one. Without it, at half of the traffic the old
release may answer every request of a check: the check then says nothing of the new one. Each check
tells in its evidence who answered it, and an item that the new release answered nothing of is not
proven.
"""

from __future__ import annotations

import json
import threading
from collections import Counter, defaultdict
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from cutover_gates.core.check_groups import step_groups
from cutover_gates.core.findings import Finding, explain_findings
from cutover_gates.core.verdict import CheckResult, Outcome
from cutover_gates.drivers.http_client import same_origin
from cutover_gates.plugin.answer_headers import judge_answers
from cutover_gates.plugin.collection import groups_of, items_of
from cutover_gates.plugin.run import PytestRun
from cutover_gates.plugin.step_selection import find_step
from cutover_gates.probes.rollout.rules import ANSWERED_BY_NEW
from cutover_gates.targets.driver_factory import rollout_of
from cutover_gates.targets.running_target import RunningTarget
from cutover_gates.util.files import write_atomically

TITLE = "releases that answered the checks of the step"
JUDGED_PERCENT = 50
"""The percentage from which on the plan wants paths and endpoints verified. At 10 % chance may
leave the new release out of a check, so it is told there, and not judged."""
_FILES = "step-answers-{}.json"
_UNNAMED = "no release named"
"""What stands for an answer that names none."""
STRAY = "pinned to the new release, and answered by another"
"""Under what such an answer is counted, too."""


def make_pin(run: PytestRun, target: RunningTarget) -> dict[str, str]:
    """Return the header that sends a request to the new release; empty at a gate of no step."""
    if find_step(run.plan, run.gates) is None:
        return {}
    return rollout_of(run.settings, target).make_pin_headers(target.release)


class StepAnswers:
    """Hooks that count the answers to the functional checks of a step, by item and by release.

    `header` is the one in which each answer names its release. A pinned request that another
    release answered is counted apart.
    """

    def __init__(self, run: PytestRun, header: str) -> None:
        self._run, self._header = run, header
        self._pin: Mapping[str, str] | None = None
        self._lock = threading.Lock()
        self._items: frozenset[str] = frozenset()
        self._of_check: Counter[str] = Counter()
        self._by_item: dict[str, Counter[str]] = defaultdict(Counter)
        run.recorder.answer_observers.append(self.observe)

    def observe(self, request: object, response: object) -> None:
        """Count an answer of the target for the check that runs."""
        if not isinstance(request, httpx.Request) or not isinstance(response, httpx.Response):
            return
        target = self._run.running_target
        if target is None or not same_origin(str(request.url), target.url):
            return
        release = response.headers.get(self._header, "").strip() or _UNNAMED
        is_stray = release != target.release and self._is_pinned(request, target)
        names = (release, STRAY) if is_stray else (release,)
        with self._lock:
            self._of_check.update(names)
            for item in self._items:
                self._by_item[item].update(names)

    def _is_pinned(self, request: httpx.Request, target: RunningTarget) -> bool:
        if self._pin is None:
            self._pin = make_pin(self._run, target)
        return bool(self._pin) and all(
            request.headers.get(name) == value for name, value in self._pin.items()
        )

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Count for this check. One that judges the step asks the record, and not the target."""
        with self._lock:
            self._of_check.clear()
            self._items = frozenset() if groups_of(item) & step_groups() else items_of(item)
        try:
            return (yield)
        finally:
            with self._lock:
                self._items = frozenset()

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_teardown(self) -> None:
        """Leave in the evidence of the check who answered it."""
        with self._lock:
            counted = dict(sorted(self._of_check.items())) if self._items else {}
        if counted:
            self._run.recorder.observe(TITLE, answers=counted)

    def pytest_sessionfinish(self) -> None:
        """Leave the counts of this process for the controller."""
        path = self._run.first_folder / _FILES.format(self._run.worker or "main")
        with self._lock:
            if self._by_item:
                write_atomically(path, json.dumps(self._by_item))


def judge_all_answers(run: PytestRun) -> list[CheckResult]:
    """Return the results of all answers: of their headers, and at a step of their releases."""
    return [*judge_answers(run), *judge_step_answers(run)]


def judge_step_answers(run: PytestRun) -> list[CheckResult]:
    """Return a result that is not proven for each item that the new release answered nothing of.

    That is asked from half of the traffic on, and at each step where a pinned request went astray.
    An item whose checks asked nothing is not judged here.
    """
    percent, target = find_step(run.plan, run.gates), run.running_target
    paths = sorted(run.first_folder.glob(_FILES.format("*")))
    counts = _add_up(paths)
    for path in paths:
        path.unlink()
    if target is None or percent is None:
        return []
    return [
        _make_result(item, target.release, counted)
        for item, counted in sorted(counts.items())
        if counted[STRAY] or (percent >= JUDGED_PERCENT and not counted[target.release])
    ]


def _add_up(paths: list[Path]) -> Mapping[str, Counter[str]]:
    """Return the answers by item and release, of all processes."""
    total: dict[str, Counter[str]] = defaultdict(Counter)
    for path in paths:
        for item, counted in json.loads(path.read_text(encoding="utf-8")).items():
            total[item].update(counted)
    return total


def _make_result(item: str, release: str, counted: Counter[str]) -> CheckResult:
    others, strays = ", ".join(_describe(counted)), counted[STRAY]
    total = counted.total() - strays
    reason = f"{counted[release]:,} of its {total:,} answers were of {release} ({others})"
    if strays:
        reason += f"; {strays:,} pinned requests were answered by another: rollout.pin_header"
    gap = Finding(ANSWERED_BY_NEW, item, actual=reason)
    return CheckResult(
        f"{TITLE} ({item})",
        frozenset({item}),
        Outcome.NOT_PROVEN,
        explain_findings((gap,)),
        evidence=[{"kind": "observation", "title": TITLE, "facts": {"answers": dict(counted)}}],
        findings=(gap,),
        title=f"The new release answered checks of {item}",
    )


def _describe(counted: Counter[str]) -> Iterator[str]:
    named = Counter({name: count for name, count in counted.items() if name != STRAY})
    for release, count in named.most_common(5):
        yield f"{release}: {count:,}"
