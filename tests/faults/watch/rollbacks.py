"""Faults after a rollback: the release that was taken back answers, or nobody looked."""

from __future__ import annotations

import re
import subprocess
import time

from cutover_gates.watch import rules
from tests.calibration import scale_seconds
from tests.faults import proxy
from tests.faults.watch.watch_fault import WITHDRAWN, HarmfulWire, WatchFault
from tests.watched_hospital import WatchedHospital

_RELEASE = re.compile(rb"(?i)(x-release: )[0-9.]+")


class _RolledBack(HarmfulWire):
    """Answers name 1.9.0 from the harm on, but those of every `left`-th request; 0: all of them."""

    left = 10
    count = 0

    def is_about(self, request: proxy.Request) -> bool:
        type(self).count += 1
        return not self.left or bool(self.count % self.left)

    def change(self, request: proxy.Request, answer: bytes) -> bytes:
        return _RELEASE.sub(rb"\g<1>1.9.0", answer)


class AnInstanceOfTheReleaseThatWasTakenBackStillAnswers(WatchFault):
    """One pod of the new release was left: it writes charts that the old one cannot read."""

    item, gate, check = "previous-version", "rollback", WITHDRAWN
    breaks = (rules.TAKEN_BACK_IS_SILENT,)
    shows = "no answer of 2.0.0"
    wire = _RolledBack

    def harm(self, hospital: WatchedHospital, watcher: subprocess.Popen[str]) -> None:
        assert self.wire is not None
        self.wire.harms = True
        time.sleep(1)
        marking = hospital.start("watch", "--mark", "rollback")
        marking.communicate(timeout=scale_seconds(20))
        time.sleep(4)
        self.wire.harms = False


class _WhollyRolledBack(_RolledBack):
    left = 0


class NobodyWatchedForLongAfterTheRollback(AnInstanceOfTheReleaseThatWasTakenBackStillAnswers):
    """The watcher was ended with the rollback: a pod that comes back a minute later is not seen."""

    outcome = "not proven"
    shows = "and 60 s must be"
    wire = _WhollyRolledBack

    def harm(self, hospital: WatchedHospital, watcher: subprocess.Popen[str]) -> None:
        assert self.wire is not None
        self.wire.harms = True
        time.sleep(1)
        hospital.start("watch", "--mark", "rollback").communicate(timeout=scale_seconds(20))


class NobodySaidWhenTheRollbackEnded(AnInstanceOfTheReleaseThatWasTakenBackStillAnswers):
    """Without the moment nobody can tell an answer of before from one of after."""

    outcome = "not proven"
    shows = "--mark rollback"

    def harm(self, hospital: WatchedHospital, watcher: subprocess.Popen[str]) -> None:
        time.sleep(1)
