"""Faults of streams that screens hold open: they stay away, or all of them call back at once."""

from __future__ import annotations

import subprocess
import time
from typing import ClassVar

from cutover_gates.watch import rules
from cutover_gates.watch.assessments import WatchAssessments
from tests.faults.watch.watch_fault import STREAMS, WatchFault
from tests.stream_server import StreamSwitch, serve_events
from tests.watched_hospital import WatchedHospital


class _OfStreams(WatchFault):
    """The stream is that of a stand-in beside the hospital. `declared` are further keys of it."""

    check = STREAMS
    breaks = (rules.STREAM_CAME_BACK,)
    declared: ClassVar[str] = "interruption_seconds = 1"
    retry: ClassVar[int | None] = None
    asked: ClassVar = {"stream": {"path": "/events", "interruption_seconds": 1}}

    def watch(self, hospital: WatchedHospital) -> WatchAssessments:
        with serve_events(StreamSwitch(retry=self.retry)) as self.switch:
            path = f"stream.path = 'http://127.0.0.1:{self.switch.port}/events'"
            keys = (f"stream.{line}" for line in self.declared.splitlines())
            type(self).settings = "\n".join([path, *keys])
            return super().watch(hospital)


class ScreensStayDarkAfterTheSwitch(_OfStreams):
    """The board of the ward is cut off, and for four seconds the new release takes no stream."""

    shows = "stream | open again within 1 s |"

    def harm(self, hospital: WatchedHospital, watcher: subprocess.Popen[str]) -> None:
        self.switch.cut(refuse=True)
        time.sleep(4)
        self.switch.take_again()
        time.sleep(3)


class NoStreamIsTakenAnyMore(_OfStreams):
    """The new balancer does not know streams: no board shows an alarm again that night."""

    shows = "503"

    def harm(self, hospital: WatchedHospital, watcher: subprocess.Popen[str]) -> None:
        self.switch.cut(refuse=True)
        time.sleep(4)


class EveryScreenCallsBackInTheSameSecond(_OfStreams):
    """Thirty screens were told to come back at once: they take the new release down together."""

    breaks = (rules.NO_RECONNECT_STORM,)
    shows = "at most 5 new connections within a second"
    declared = "interruption_seconds = 5\nconnections = 30\nmost_new_connections = 5"
    asked: ClassVar = {"stream": {"path": "/events", "most_new_connections": 5}}
    retry = 0

    def harm(self, hospital: WatchedHospital, watcher: subprocess.Popen[str]) -> None:
        time.sleep(2)
        self.switch.cut()
        time.sleep(3)
