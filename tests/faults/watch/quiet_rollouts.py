"""Rollouts in which something happens that must order no rollback."""

from __future__ import annotations

import subprocess
import time

from tests.calibration import scale_seconds
from tests.faults.watch.deployment_changes import DeploymentTriggerFault
from tests.faults.watch.failed_connections import REFUSED, LogFault
from tests.faults.watch.fired_triggers import HEALTH
from tests.faults.watch.slow_answers import ResponseTimeFault, SlowSearches
from tests.standins.deployment_objects import ago
from tests.watched_hospital import WatchedHospital


class APodIsTakenAwayAndStillAskedFault(DeploymentTriggerFault):
    """The deployment deletes the pod; whoever asks its address is late (hazard 35)."""

    item = "trigger-health"
    check = HEALTH
    lasts = 5.0

    def harm(self, hospital: WatchedHospital, watcher: subprocess.Popen[str]) -> None:
        self.pods[0]["metadata"]["deletionTimestamp"] = ago(seconds=1)
        time.sleep(1.5)
        self.stop_instance()
        time.sleep(scale_seconds(2))
        del self.pods[0]
        time.sleep(scale_seconds(self.lasts))


class TheNewReleaseStartsColdFault(ResponseTimeFault):
    """Its first seconds are slow, and then it is as fast as the one before (hazard 22)."""

    releases = SlowSearches
    lasts = 2.0

    def harm(self, hospital: WatchedHospital, watcher: subprocess.Popen[str]) -> None:
        super().harm(hospital, watcher)
        time.sleep(scale_seconds(4))


class TheDatabaseIsRestartedInOrderFault(LogFault):
    """Its stop closes every connection, once: 57P01, and what the drivers say of it."""

    def harm(self, hospital: WatchedHospital, watcher: subprocess.Popen[str]) -> None:
        self.keep_logging(hospital, 1)
        stop = "terminating connection due to administrator command"
        for _ in range(5):
            self.log(hospital, f"FATAL: {stop} (SQLSTATE 57P01)")
            self.log(hospital, f"{stop}; server closed the connection unexpectedly")
        for _ in range(2):
            self.log(hospital, REFUSED)
        self.keep_logging(hospital, 2)


QUIET = (
    APodIsTakenAwayAndStillAskedFault,
    TheNewReleaseStartsColdFault,
    TheDatabaseIsRestartedInOrderFault,
)
