"""Faults of a way back that a watcher, or a crowd of new connections, must see.

The hospital is a real one behind a wire that writes the release into the answers: before the switch
back the failed one, after it the one before.
"""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Mapping
from http.client import HTTPConnection
from typing import Any, ClassVar

from cutover_gates.config.way_back import WayBack
from cutover_gates.watch.way_back import rules
from cutover_gates.watch.way_back.assessments import NO_ANSWER, NO_RELEASE, RollbackAssessments
from cutover_gates.watch.way_back.live_answers import TrafficAssessments
from tests.calibration import scale_seconds
from tests.faults import proxy
from tests.faults.fault import Fault
from tests.faults.watch.watch_fault import load_checks, make_problem
from tests.watched_hospital import RELEASE, WatchedHospital

PREVIOUS = "1.9.0"
STOPPED = "test_no_answer_comes_from_the_failed_release"
READY = "test_the_release_before_was_ready_when_traffic_came_back"
IN_TIME = "test_the_service_was_good_again_in_time"
BACK_CHECKS = load_checks("smoke/test_way_back.py")
SERVER_ERROR = 500


class Switch(proxy.OnTheWire):
    """A way that lets the hospital be the failed release, and after `back` the one before.

    `asked` counts the requests since then.
    """

    back: ClassVar[float] = 0.0
    asked: ClassVar[int] = 0

    async def hand_on(self, caller: proxy.Caller, request: proxy.Request) -> None:
        """Pass on a request, with the release that answers at this moment."""
        answer, kind = await caller.forward(request), type(self)
        if kind.back:
            kind.asked += 1
            answer = self.change(answer, time.monotonic() - kind.back)
        await caller.give(answer)

    def change(self, answer: bytes, seconds: float) -> bytes:
        """Return the answer so many seconds after the switch back."""
        del seconds
        return name_previous(answer)


def name_previous(answer: bytes) -> bytes:
    """Return the answer as the release before gives it."""
    named = f"X-Release: {RELEASE}".encode().lower()
    head, end, body = answer.partition(b"\r\n\r\n")
    start = head.lower().find(named)
    told = f"X-Release: {PREVIOUS}".encode()
    return head[:start] + told + head[start + len(named) :] + end + body if start >= 0 else answer


class WayBackFault(Fault):
    """A subclass's name says the harm, its docstring who would suffer what.

    `wire` does it. `settings` are of `rollout.rollback`. `watches` is false where new connections
    alone must see it.
    """

    item, gate, check = "traffic-stopped", "rollback", STOPPED
    wire: ClassVar[type[Switch]] = Switch
    settings: ClassVar[Mapping[str, Any]] = {}
    watches: ClassVar[bool] = True
    marks: ClassVar[bool] = True
    lasts: ClassVar[float] = 5.0
    """Seconds from the switch back to the end of the watch."""

    def run(self, hospital: WatchedHospital) -> Mapping[str, object]:
        """Roll back, and return the fixtures of the checks."""
        # Of the class itself: a fault before this one may have used the wire that it inherits from.
        self.wire.back, self.wire.asked = 0.0, 0
        way = self._open_way(hospital)
        hospital.write_settings("", way)
        if self.watches:
            ended = self._watch(hospital)
        else:
            self.wire.back, ended = time.monotonic(), time.time()
        asked = {"quiet_seconds": 1.5, **self.settings}
        record = RollbackAssessments(
            hospital.read(),
            WayBack.model_validate(asked),
            RELEASE,
            gap_seconds=1,
            error_share=0.001,
            is_expected=self.watches,
            # A gate asks while the watcher runs on; here it has ended.
            clock=lambda: ended,
        )
        traffic = TrafficAssessments(record, lambda: _ask(way), PREVIOUS, may_be_silent=True)
        return {"rollback_record": record, "rollback_traffic": traffic}

    def _watch(self, hospital: WatchedHospital) -> float:
        """Return when the watch ended: on a busy machine its process takes long to go."""
        with hospital.watch() as watcher:
            time.sleep(1)
            if self.marks:
                self._mark(hospital)
            self.wire.back = time.monotonic()
            time.sleep(self.lasts)
            ended = time.time()
            watcher.send_signal(signal.SIGTERM)
            watcher.wait(scale_seconds(30))
        return ended

    def _mark(self, hospital: WatchedHospital) -> None:
        marking = hospital.start("watch", "--mark", "rollback-begins")
        _, said = marking.communicate(timeout=scale_seconds(30))
        assert marking.returncode == 0, said

    def _open_way(self, hospital: WatchedHospital) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        port = int(hospital.announced["url"].rpartition(":")[2])
        proxy.start(listener, port, self.wire().hand_on)
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


def _ask(way: str) -> str:
    """Return the release that one answer over a new connection names."""
    # Not httpx: it loads the authorities of the world for each client, in 30 ms.
    connection = HTTPConnection(way.removeprefix("http://"), timeout=5)
    try:
        connection.request("GET", "/health/live")
        answer = connection.getresponse()
        named = answer.getheader("X-Release")
    except OSError:
        return NO_ANSWER
    finally:
        connection.close()
    return named or (NO_ANSWER if answer.status >= SERVER_ERROR else NO_RELEASE)


# ── who answers ──


class _OneInFifty(Switch):
    def change(self, answer: bytes, seconds: float) -> bytes:
        return answer if type(self).asked % 50 == 0 else name_previous(answer)


class ACanaryKeepsAShareOfTheTraffic(WayBackFault):
    """One pod stayed at weight 1: each fiftieth click of a nurse meets the failed release."""

    breaks, shows = (rules.TRAFFIC_STOPPED,), f"release {RELEASE} |"
    wire, watches = _OneInFifty, False


class _ComesBack(Switch):
    def change(self, answer: bytes, seconds: float) -> bytes:
        return answer if 1.5 < seconds < 2 else name_previous(answer)


class TheServiceFlaps(WayBackFault):
    """The first second is clean, and then the aborted canary is scaled up again."""

    breaks, shows = (rules.TRAFFIC_STOPPED,), f"release {RELEASE} |"
    wire, watches = _ComesBack, False
    settings: ClassVar[Mapping[str, Any]] = {"quiet_seconds": 3}


class _AnswersLate(Switch):
    def change(self, answer: bytes, seconds: float) -> bytes:
        return answer if 4 < seconds < 4.5 else name_previous(answer)


class TheFailedReleaseAnsweredAMomentAgo(WayBackFault):
    """It is quiet while the gate asks. The watcher saw that it was not a few seconds before."""

    breaks, shows = (rules.QUIET_LONG_ENOUGH,), "no answer for 5 s | an answer at"
    wire = _AnswersLate
    settings: ClassVar[Mapping[str, Any]] = {"quiet_seconds": 5}


class _DeadBackend(Switch):
    def change(self, answer: bytes, seconds: float) -> bytes:
        if type(self).asked % 20 == 0:
            return make_problem("502 Bad Gateway")
        return name_previous(answer)


class ABackendThatIsDeadIsStillAsked(WayBackFault):
    """It may be one of the failed release, which is back when its process is."""

    outcome, breaks, shows = "not proven", (rules.TRAFFIC_STOPPED,), "got no answer"
    wire, watches = _DeadBackend, False


# ── how the service came back ──


class _NotReady(Switch):
    def change(self, answer: bytes, seconds: float) -> bytes:
        failure = make_problem("503 Service Unavailable")
        return failure if seconds < 1 else name_previous(answer)


class TheReleaseBeforeWasNotReady(WayBackFault):
    """All traffic goes back at once to processes that are just starting."""

    item, check = "rollback-verified", READY
    breaks, shows = (rules.READY_BEFORE_TRAFFIC,), "no failure once the traffic had come back"
    wire = _NotReady


class _SlowToRestore(Switch):
    def change(self, answer: bytes, seconds: float) -> bytes:
        return answer if seconds < 2.5 else name_previous(answer)


class TheWayBackTookTooLong(WayBackFault):
    """The failed release served for seconds after the order that may last one."""

    item, check = "rollback-verified", IN_TIME
    breaks, shows = (rules.RESTORED_IN_TIME,), "at most 1 s |"
    wire = _SlowToRestore
    settings: ClassVar[Mapping[str, Any]] = {"restore_seconds": 1}


class NobodySaidWhenTheRollbackBegan(WayBackFault):
    """A time to restore that counts from an unknown moment is no time."""

    item, check = "rollback-verified", IN_TIME
    outcome, breaks, shows = "not proven", (rules.ROLLBACK_WATCHED,), "is not known"
    marks = False


class NobodyWatchedTheRollback(WayBackFault):
    """A declared time to restore was measured by nobody."""

    item, check = "rollback-verified", READY
    outcome, breaks, shows = "not proven", (rules.ROLLBACK_WATCHED,), "nobody watched it"
    watches = False

    def run(self, hospital: WatchedHospital) -> Mapping[str, object]:
        """Ask a record that nobody wrote, of a watcher that the settings declare."""
        record = RollbackAssessments(
            hospital.read(), WayBack(), RELEASE, gap_seconds=1, error_share=0.001, is_expected=True
        )
        return {"rollback_record": record}
