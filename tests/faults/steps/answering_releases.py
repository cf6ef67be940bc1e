"""Faults of who answers: functional checks that pass on the release before, and prove nothing new."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import httpx

from cutover_gates.config.previous import Rollout
from cutover_gates.core.evidence.record import Recorder
from cutover_gates.core.findings import gap_error
from cutover_gates.core.plan_file import load_plan
from cutover_gates.core.verdict import CheckResult as GateResult
from cutover_gates.plugin.collection import GROUPS_KEY, ITEM_IDS_KEY
from cutover_gates.plugin.step_answers import TITLE, StepAnswers, judge_step_answers
from cutover_gates.probes.rollout import rules
from tests.faults.results import CheckResult, CheckResults
from tests.faults.steps.step_fault import StepSourceFault
from tests.shipped_plan import PLAN_FILE

NEW, OLD, HEADER, URL = "2.0.0", "1.9.0", "X-Release", "http://hospital.example.org"
PIN = "X-Release-Wanted"
ROLLOUT = Rollout(pin_header=f"{PIN}: {{release}}")


def make_step_run(folder: Path, gate: str = "phase2-50", worker: str = "") -> Any:
    """Return what the counting needs of a run that judges a step."""
    return SimpleNamespace(
        plan=load_plan(PLAN_FILE),
        gates=(gate,),
        worker=worker,
        first_folder=folder,
        recorder=Recorder(),
        settings=SimpleNamespace(chosen_target=SimpleNamespace(rollout=ROLLOUT)),
        running_target=SimpleNamespace(url=URL, release=NEW, environment={}),
    )


def make_check(item: str) -> Any:
    """Return a check of an item whose id is that of its group, too."""
    stash: Mapping[Any, frozenset[str]] = {
        ITEM_IDS_KEY: frozenset({item}),
        GROUPS_KEY: frozenset({item}),
    }
    return SimpleNamespace(nodeid=f"test_{item}", stash=stash)


def give_answer(run: Any, release: str, url: str = URL, *, is_pinned: bool = False) -> None:
    """Let the running check get an answer that names a release; empty: none."""
    headers = {HEADER: release} if release else {}
    pin = {PIN: NEW} if is_pinned else {}
    request = httpx.Request("GET", f"{url}/patients", headers=pin)
    run.recorder.record_answer(request, httpx.Response(200, headers=headers, request=request))


def run_step_check(
    run: Any, part: StepAnswers, item: str, releases: Iterable[str], *, is_pinned: bool = False
) -> list[Any]:
    """Run a check that gets answers of these releases, and return its evidence."""
    check = make_check(item)
    hook = part.pytest_runtest_protocol(check)
    next(hook)
    run.recorder.begin(check.nodeid)
    for release in releases:
        give_answer(run, release, is_pinned=is_pinned)
    part.pytest_runtest_teardown()
    evidence = list(run.recorder.end())
    try:
        hook.send(True)
    except StopIteration:
        return evidence
    raise AssertionError("the hook did not end with the check")


def judge_checks(
    run: Any, checks: Mapping[str, Iterable[str]], *, is_pinned: bool = False
) -> list[GateResult]:
    """Run a check of each item, and return what the controller makes of their answers."""
    part = StepAnswers(run, HEADER)
    for item, releases in checks.items():
        run_step_check(run, part, item, releases, is_pinned=is_pinned)
    part.pytest_sessionfinish()
    return judge_step_answers(run)


class AnsweringFault(StepSourceFault):
    """`answers` are the releases that answer the checks of each item, one after the other."""

    item, gate, outcome = "visit-creation", "phase2-50", "not proven"
    check = f"{TITLE} (visit-creation)"
    breaks = (rules.ANSWERED_BY_NEW,)
    answers: ClassVar[Mapping[str, Iterable[str]]] = {}
    is_pinned: ClassVar[bool] = False

    @classmethod
    def try_in(cls, folder: Path) -> CheckResults:
        """Return how the answers are judged, by the names of the results."""
        folder.mkdir(parents=True, exist_ok=True)
        results = judge_checks(
            make_step_run(folder, cls.gate), cls.answers, is_pinned=cls.is_pinned
        )
        found = {
            one.check: CheckResult(one.outcome.value, gap_error(gap.rule, gap.subject, gap.actual))
            for one in results
            for gap in one.findings
        }
        return CheckResults({cls.check: CheckResult("passed"), **found})


class TheBalancerKeepsTheSessionOnTheOldRelease(AnsweringFault):
    """Each visit of the check is opened on the old release; the first nurse tries the new one."""

    answers: ClassVar[Mapping[str, Iterable[str]]] = {
        "visit-creation": [OLD] * 24,
        "patient-creation": [OLD, NEW, OLD],
    }
    shows = "visit-creation |  | 0 of its 24 answers were of 2.0.0 (1.9.0: 24) |"


class TheEndpointsNameNoRelease(AnsweringFault):
    """The proxy takes the header away: who answered the endpoints, nobody knows."""

    item, gate = "api-endpoints", "phase2-100"
    check = f"{TITLE} (api-endpoints)"
    answers: ClassVar[Mapping[str, Iterable[str]]] = {"api-endpoints": [""] * 7}
    shows = "0 of its 7 answers were of 2.0.0 (no release named: 7)"


class TheBalancerIgnoresThePinOfTheChecks(AnsweringFault):
    """Its rule was lost: the checks are dealt by chance, and are called those of the new release."""

    answers: ClassVar[Mapping[str, Iterable[str]]] = {"visit-creation": [NEW, OLD, NEW]}
    is_pinned = True
    shows = "2 of its 3 answers were of 2.0.0 (2.0.0: 2, 1.9.0: 1); 1 pinned requests"


class ThePinIsNotKnownAtTheCanary(TheBalancerIgnoresThePinOfTheChecks):
    """The health of the new release was asked of the old one, all of it."""

    item, gate = "health-checks", "phase2-10"
    check = f"{TITLE} (health-checks)"
    answers: ClassVar[Mapping[str, Iterable[str]]] = {"health-checks": [OLD, OLD]}
    shows = "0 of its 2 answers were of 2.0.0 (1.9.0: 2); 2 pinned requests"


class _PinnedFault(AnsweringFault):
    """The balancer obeys the pin; who asks each instance does without."""

    is_pinned = True
    answers: ClassVar[Mapping[str, Iterable[str]]] = {"visit-creation": [NEW, NEW]}


class _DealtFault(AnsweringFault):
    """The balancer deals each request anew."""

    answers: ClassVar[Mapping[str, Iterable[str]]] = {"visit-creation": [OLD, OLD, NEW]}


class _CanaryFault(AnsweringFault):
    """At a tenth of the traffic chance leaves the new release out of a check."""

    gate = "phase2-10"
    answers: ClassVar[Mapping[str, Iterable[str]]] = {"visit-creation": [OLD] * 8}


QUIET_ANSWERS = (_DealtFault, _CanaryFault, _PinnedFault)
