"""A fault that strikes while a real watcher watches a real hospital, and the check that catches it."""

from __future__ import annotations

import importlib.util
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from cutover_gates.config.performance import Performance
from cutover_gates.config.triggers import TriggerSettings
from cutover_gates.watch.assessments import WatchAssessments
from cutover_gates.watch.night_criteria import NightCriteria
from cutover_gates.watch.release_withdrawal import WithdrawalAssessment
from cutover_gates.watch.trigger_assessments import TriggerAssessments
from tests.calibration import scale_seconds
from tests.faults import proxy
from tests.faults.fault import Fault
from tests.faults.hospitals import ROOT
from tests.watched_hospital import WatchedHospital

Check = Callable[[Any], None]
FILES = (
    "performance/test_continuity.py",
    "performance/test_triggers.py",
    "performance/test_success_criteria.py",
    "migrations/test_watched_writes.py",
    "smoke/test_withdrawn_release.py",
)
NO_GAP = "test_the_service_had_no_gap"
WATCHED = "test_the_whole_cutover_was_watched"
FEW_FAILED = "test_few_requests_failed_during_the_cutover"
ACROSS = "test_each_release_understands_what_the_other_wrote"
STREAMS = "test_open_streams_came_back_in_time"
WITHDRAWN = "test_the_release_that_was_taken_back_answers_nothing_any_more"
NO_LOSS = "test_no_acknowledged_write_of_the_cutover_is_lost"


class WatchFault(Fault):
    """A subclass's name says the harm, its docstring who would suffer what.

    `wire` is the way on which the watcher reaches the hospital, None for its proxy. `lasts` is for
    how many seconds the wire does harm. `settings` are of `[targets.X.watch]`, `triggers` of
    `[targets.X.triggers]`; `judged` are those of the gate where they are others, and `asked` are
    the gate's own of the first.
    """

    item = "zero-downtime"
    check = NO_GAP
    gate = "post-hour"
    wire: ClassVar[type[HarmfulWire] | None] = None
    lasts: ClassVar[float] = 2.0
    settings: ClassVar[str] = ""
    triggers: ClassVar[Mapping[str, float]] = {}
    judged: ClassVar[Mapping[str, float]] = {}
    asked: ClassVar[Mapping[str, Any]] = {}

    def harm(self, hospital: WatchedHospital, watcher: subprocess.Popen[str]) -> None:
        """Do harm. By default the wire does it for a while."""
        del hospital, watcher
        assert self.wire is not None
        self.wire.harms = True
        time.sleep(self.lasts)
        self.wire.harms = False

    def watch(self, hospital: WatchedHospital) -> WatchAssessments:
        """Watch the hospital with this fault in it, and return the questions to the record."""
        triggers = "\n".join(f"{name} = {value}" for name, value in self.triggers.items())
        tables = f"[targets.site.watch]\n{self.settings}\n[targets.site.triggers]\n{triggers}"
        hospital.write_settings(tables, self._open_way(hospital))
        with hospital.watch() as watcher:
            begins = time.time()
            time.sleep(1)
            self.harm(hospital, watcher)
            time.sleep(1)
            ends = time.time()
            watcher.send_signal(signal.SIGTERM)
            watcher.wait(scale_seconds(30))
        self.after(hospital)
        return hospital.ask(begins, ends, **self.asked)

    def ask(self, hospital: WatchedHospital) -> Mapping[str, Any]:
        """Watch, and return the fixtures of the checks that read the record."""
        asked = self.watch(hospital)
        table = TriggerSettings.model_validate({**self.triggers, **self.judged})
        return {
            "watch": asked,
            "triggers": TriggerAssessments(asked, table),
            "withdrawal": WithdrawalAssessment(asked),
            "night": NightCriteria(asked, Performance()),
        }

    def after(self, hospital: WatchedHospital) -> None:
        """Do harm after the watch."""

    def _open_way(self, hospital: WatchedHospital) -> str:
        if self.wire is None:
            return ""
        listener = socket.create_server(("127.0.0.1", 0))
        port = int(hospital.announced["url"].rpartition(":")[2])
        proxy.start(listener, port, self.wire().hand_on)
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


class HarmfulWire(proxy.OnTheWire):
    """A way that gives `change(request, answer)` for what it `is_about`, while it `harms`."""

    harms: ClassVar[bool] = False

    async def hand_on(self, caller: proxy.Caller, request: proxy.Request) -> None:
        """Pass on a request, and the answer as it is or as the fault has it."""
        answer = await caller.forward(request)
        if type(self).harms and self.is_about(request):
            answer = self.change(request, answer)
        await caller.give(answer)

    def is_about(self, request: proxy.Request) -> bool:
        """Return whether the fault concerns this request."""
        raise NotImplementedError

    def change(self, request: proxy.Request, answer: bytes) -> bytes:
        """Return the answer that the fault gives."""
        raise NotImplementedError


def make_problem(status: str) -> bytes:
    """Return an answer of the hospital's dialect that says no more than its status."""
    body = b'{"type": "about:blank", "title": "no"}'
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/problem+json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def load_checks(file: str) -> dict[str, Check]:
    """Return the checks of a file of a suite, by their names."""
    path = ROOT / file
    spec = importlib.util.spec_from_file_location(f"watch_checks_{path.stem}", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {name: check for name, check in vars(module).items() if name.startswith("test_")}


WATCH_CHECKS: Mapping[str, Check] = {
    name: check for file in FILES for name, check in load_checks(file).items()
}
"""The checks that read the record, by their names."""
STEP_CHECKS: Mapping[str, Check] = load_checks("performance/test_rollout.py")
"""The checks of one step of a rollout."""
