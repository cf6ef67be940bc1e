"""Faults of the watcher itself and of its record: not proven, and never the target's failure."""

from __future__ import annotations

import os
import signal
import subprocess
import time

from cutover_gates.watch import rules
from tests.faults.watch.watch_fault import WATCHED, WatchFault
from tests.watched_hospital import WatchedHospital, stop_for


class _OfTheWatcher(WatchFault):
    check = WATCHED
    outcome = "not proven"


class TheWatcherStandsStill(_OfTheWatcher):
    """Its machine was frozen for three seconds: nobody knows what a ward saw."""

    breaks = (rules.WATCHED,)
    shows = "no watcher ran for"

    def harm(self, hospital: WatchedHospital, watcher: subprocess.Popen[str]) -> None:
        stop_for(watcher.pid, 3)


class TheWatcherIsKilled(_OfTheWatcher):
    """It died before the switch, and nobody started it again."""

    breaks = (rules.WATCHED,)
    shows = "no watcher ran for"

    def harm(self, hospital: WatchedHospital, watcher: subprocess.Popen[str]) -> None:
        os.kill(watcher.pid, signal.SIGKILL)
        time.sleep(2)


class TheRecordIsEdited(_OfTheWatcher):
    """Somebody made good answers of the failures, so that the night ends in GO."""

    breaks = (rules.RECORD_WHOLE,)
    shows = "not as it was written"

    def harm(self, hospital: WatchedHospital, watcher: subprocess.Popen[str]) -> None:
        time.sleep(0.5)

    def after(self, hospital: WatchedHospital) -> None:
        path = max(hospital.record_folder.glob("*.jsonl"), key=lambda one: one.stat().st_size)
        path.write_text(path.read_text().replace('"role": "clinician"', '"role": "registrar"', 1))


class APathIsHardlyAsked(_OfTheWatcher):
    """Writes are asked once in two seconds: an outage of one second falls between two probes."""

    breaks = (rules.PATHS_ASKED,)
    shows = "cannot show a gap of writes"
    settings = "paths.write = 2"

    def harm(self, hospital: WatchedHospital, watcher: subprocess.Popen[str]) -> None:
        time.sleep(0.5)
