"""A fault that strikes while a real watcher watches two releases, and the trigger that it fires.

The hospital is one process; the wire before it makes two releases of its answers by their header,
so that a fault can be of the new one only. The limits are scaled down: seconds instead of minutes.
"""

from __future__ import annotations

import random
import re
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from cutover_gates.config.loader import load_settings
from cutover_gates.watch.assessments import WatchAssessments
from cutover_gates.watch.trigger_assessments import TriggerAssessments
from tests.calibration import scale_seconds
from tests.faults import proxy
from tests.faults.watch.watch_fault import WatchFault, make_problem
from tests.watched_hospital import RELEASE, TARGET, WatchedHospital

RELEASE_BEFORE = "1.9.0"
LIMITS = """
evaluate_seconds = 0.5
rate_seconds = 2
error_seconds = 4
error_requests = 10
response_seconds = 4
response_requests = 10
health_seconds = 0.5
start_seconds = 1
"""
_RELEASE_LINE = re.compile(rb"(?im)^x-release:[^\r\n]*\r\n")


class TwoReleases(proxy.OnTheWire):
    """A way to the hospital on which a share of the answers is the new release's.

    `change` gives the answer of a request while the fault `harms`; it may take its time.
    """

    share: ClassVar[float] = 0.0
    harms: ClassVar[bool] = False

    async def hand_on(self, caller: proxy.Caller, request: proxy.Request) -> None:
        """Pass on a request, and the answer under the name of one release."""
        is_new = random.random() < type(self).share
        answer = await caller.forward(request)
        if type(self).harms:
            answer = await self.change(request, answer, is_new=is_new)
        await caller.give(self.name_release(answer, RELEASE if is_new else RELEASE_BEFORE))

    async def change(self, request: proxy.Request, answer: bytes, *, is_new: bool) -> bytes:
        """Return the answer that the fault gives; by default none is harmed."""
        del request, is_new
        return answer

    @staticmethod
    def name_release(answer: bytes, release: str) -> bytes:
        """Return the answer with the header of a release."""
        first, _, rest = _RELEASE_LINE.sub(b"", answer, count=1).partition(b"\r\n")
        return first + f"\r\nX-Release: {release}\r\n".encode() + rest


def refuse(status: str) -> bytes:
    """Return an answer of the hospital's dialect that says no more than its status."""
    return make_problem(status)


class TriggerFault(WatchFault):
    """A subclass's name says the harm, its docstring who would suffer what.

    `releases` is the way to the hospital. `lasts`: seconds of the harm; `baseline`: seconds that are
    watched before T-0, None: T-0 was before; `share`: how much of the traffic is the new release's.
    `limits`, `paths` and `tables` are lines of the settings.
    """

    gate = "phase2"
    releases: ClassVar[type[TwoReleases]] = TwoReleases
    lasts: ClassVar[float] = 8.0
    baseline: ClassVar[float | None] = 6.0
    share: ClassVar[float] = 0.4
    limits: ClassVar[str] = ""
    paths: ClassVar[str] = "paths.search = 0.05\npaths.read = 0.1"

    def tables(self, hospital: WatchedHospital) -> str:
        """Return further tables of the settings."""
        del hospital
        return ""

    def prepare(self, hospital: WatchedHospital) -> None:
        """Do what comes before the watch."""

    def harm(self, hospital: WatchedHospital, watcher: subprocess.Popen[str]) -> None:
        """Do harm for a while. By default the wire does it."""
        del hospital, watcher
        self.releases.harms = True
        time.sleep(scale_seconds(self.lasts))
        self.releases.harms = False

    def ask(self, hospital: WatchedHospital) -> Mapping[str, Any]:
        """Watch the hospital with this fault in it, and return the questions to the triggers."""
        watch = self.watch(hospital)
        settings = load_settings(hospital.folder / "cutover.toml", hospital.folder, target=TARGET)
        return {"triggers": TriggerAssessments(watch, settings.chosen_target.triggers)}

    def watch(self, hospital: WatchedHospital) -> WatchAssessments:
        """Watch the hospital before and after T-0, and return the questions to the record."""
        self.releases.share, self.releases.harms = 0.0, False
        self.prepare(hospital)
        start = 0.0 if self.baseline is None else scale_seconds(4) + self.baseline
        begins = time.time() + start
        self.write_settings(hospital, begins, self.paths)
        with hospital.watch() as watcher:
            time.sleep(max(0.0, begins + 0.5 - time.time()))
            self.releases.share = self.share
            time.sleep(2)
            self.harm(hospital, watcher)
            ends = time.time()
            watcher.send_signal(signal.SIGTERM)
            watcher.communicate(timeout=scale_seconds(30))
        return hospital.ask(begins, ends)

    def write_settings(self, hospital: WatchedHospital, begins: float, paths: str) -> None:
        """Write the settings of a watch that begins the cutover at a moment."""
        moment = datetime.fromtimestamp(begins, UTC).isoformat()
        triggers = LIMITS.splitlines()
        changed = {line.partition(" = ")[0] for line in self.limits.splitlines()}
        kept = [line for line in triggers if line.partition(" = ")[0] not in changed]
        lines = [f"[targets.{TARGET}.watch]", f"begins = {moment}", paths]
        lines += [f"[targets.{TARGET}.triggers]", *kept, self.limits, self.tables(hospital)]
        hospital.write_settings("\n".join(lines), self._open_way(hospital))

    def _open_way(self, hospital: WatchedHospital) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        port = int(hospital.announced["url"].rpartition(":")[2])
        proxy.start(listener, port, self.releases().hand_on)
        return f"http://127.0.0.1:{listener.getsockname()[1]}"
