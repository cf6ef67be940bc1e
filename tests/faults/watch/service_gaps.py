"""Faults of the service in the middle of a cutover."""

from __future__ import annotations

import os
import signal
import subprocess
import time

from cutover_gates.watch import rules
from tests.faults import proxy
from tests.faults.watch.watch_fault import (
    FEW_FAILED,
    HarmfulWire,
    WatchFault,
    make_problem,
)
from tests.watched_hospital import WatchedHospital, stop_for


class TheProxyStandsStill(WatchFault):
    """For two seconds every screen waits, and in the end all is answered: no monitor saw an error."""

    breaks = (rules.NO_LONG_GAP,)
    shows = "read | at most 1 s |"

    def harm(self, hospital: WatchedHospital, watcher: subprocess.Popen[str]) -> None:
        stop_for(hospital.process_of("proxy"), 2)


class TheOnlyInstanceIsKilled(WatchFault):
    """A deployment without a second instance: nobody is served until the new process is up."""

    breaks = (rules.NO_LONG_GAP,)
    shows = "no answer"

    def watch_url(self, hospital: WatchedHospital) -> str:
        return str(hospital.balancer["backends"][1])

    def _open_way(self, hospital: WatchedHospital) -> str:
        return self.watch_url(hospital)

    def harm(self, hospital: WatchedHospital, watcher: subprocess.Popen[str]) -> None:
        os.kill(hospital.process_of("instance"), signal.SIGKILL)
        time.sleep(2)


class _ReadsFail(HarmfulWire):
    def is_about(self, request: proxy.Request) -> bool:
        return request.line.startswith("GET /api/v1/patients/") and "documents" not in request.line

    def change(self, request: proxy.Request, answer: bytes) -> bytes:
        return make_problem("500 Internal Server Error")


class OneOperationFailsForAMoment(WatchFault):
    """The chart cannot be opened for two seconds, while all else works."""

    breaks = (rules.NO_LONG_GAP,)
    shows = "wrong status"
    wire = _ReadsFail


class _EveryTenthReadFails(_ReadsFail):
    count = 0

    def is_about(self, request: proxy.Request) -> bool:
        if not super().is_about(request):
            return False
        type(self).count += 1
        return type(self).count % 10 == 0


class EveryTenthReadFails(WatchFault):
    """One instance of ten fails: a ward tries again and again, and no gap is long."""

    check = FEW_FAILED
    breaks = (rules.FEW_FAILURES,)
    shows = "at most 1.00% of"
    wire = _EveryTenthReadFails


class _WritesAreInvalid(HarmfulWire):
    def is_about(self, request: proxy.Request) -> bool:
        return request.line.startswith(("PUT /api/v1/patients/", "PATCH /api/v1/patients/"))

    def change(self, request: proxy.Request, answer: bytes) -> bytes:
        return make_problem("422 Unprocessable Content")


class ValidChangesAreCalledInvalid(WatchFault):
    """The new release refuses what the old one took. No counter of errors counts a 422."""

    breaks = (rules.NO_LONG_GAP,)
    shows = "write | at most 1 s |"
    wire = _WritesAreInvalid


class _AnotherName(_ReadsFail):
    def change(self, request: proxy.Request, answer: bytes) -> bytes:
        return answer.replace(b"Okafor-", b"Okafar-")


class TheChartShowsAnotherName(WatchFault):
    """A 200 with the wrong content: a nurse gives the medicine to somebody else."""

    breaks = (rules.NO_LONG_GAP,)
    shows = "wrong content"
    wire = _AnotherName


class _OldTokensAreUnknown(HarmfulWire):
    """Knows only the tokens that were given out after the harm began."""

    known: set[bytes] = set()  # noqa: RUF012  # one run of one fault uses it

    async def hand_on(self, caller: proxy.Caller, request: proxy.Request) -> None:
        if not type(self).harms:
            self.known.add(_token_of(request))
        await super().hand_on(caller, request)

    def is_about(self, request: proxy.Request) -> bool:
        is_refresh = request.line == "POST /api/v1/auth/refresh"
        return is_refresh or (bool(_token_of(request)) and _token_of(request) in self.known)

    def change(self, request: proxy.Request, answer: bytes) -> bytes:
        return make_problem("401 Unauthorized")


def _token_of(request: proxy.Request) -> bytes:
    _, found, rest = request.head.lower().partition(b"authorization: ")
    return rest.partition(b"\r\n")[0] if found else b""


class EverySessionEndsWithTheSwitch(WatchFault):
    """The signing key is drawn anew at the start: everybody is thrown out in mid-work."""

    breaks = (rules.NO_LONG_GAP,)
    shows = "old-session | at most 1 s |"
    wire = _OldTokensAreUnknown
    lasts = 4.0


class _SlowUploadsAreCut(HarmfulWire):
    """Ends the connection of an upload that is still under way after a second."""

    async def hand_on(self, caller: proxy.Caller, request: proxy.Request) -> None:
        slow = request.head.startswith(b"POST") and b"multipart/form-data" in request.head
        if type(self).harms and slow:
            caller.reset()
            return
        await caller.give(await caller.forward(request))


class AnUploadUnderWayIsCut(WatchFault):
    """The old instance is not drained: the scan that was on its way is gone."""

    breaks = (rules.NO_LONG_GAP,)
    shows = "upload-slow | at most 1 s |"
    wire = _SlowUploadsAreCut
    lasts = 4.0
    settings = "slow_seconds = 1.5\npaths.upload_slow = 0.5"


class _SecondPatientForOneKey(HarmfulWire):
    last: dict[bytes, bytes] = {}  # noqa: RUF012  # one run of one fault uses it

    def is_about(self, request: proxy.Request) -> bool:
        return request.line == "POST /api/v1/patients"

    def change(self, request: proxy.Request, answer: bytes) -> bytes:
        """Answer the repeated request with an error, as a release that forgot the key does."""
        key = request.head.lower().partition(b"idempotency-key: ")[2].partition(b"\r\n")[0]
        if key not in self.last:
            self.last[key] = answer
            return answer
        return make_problem("409 Conflict")


class ARepeatedRegistrationIsRefused(WatchFault):
    """The key of the old release is unknown to the new one: a retry is told that it was wrong."""

    breaks = (rules.NO_LONG_GAP,)
    shows = "registration | at most 1 s |"
    wire = _SecondPatientForOneKey
    lasts = 3.0
    settings = "paths.registration = 0.5"


class AnInstanceHasOneSecondToDrain(WatchFault):
    """The pod is asked to go and killed a second later: the scan on its way over the slow line is gone."""

    breaks = (rules.NO_LONG_GAP,)
    shows = "upload-slow | at most 1 s |"
    settings = "slow_seconds = 4\npaths.upload_slow = 0.5"

    def harm(self, hospital: WatchedHospital, watcher: subprocess.Popen[str]) -> None:
        time.sleep(4)  # by now slow uploads are under way on either instance
        instance = hospital.process_of("instance")
        os.kill(instance, signal.SIGTERM)
        time.sleep(1)
        os.kill(instance, signal.SIGKILL)
        time.sleep(4)


class _EverySecondConnectionGoesToAGoneInstance(HarmfulWire):
    """As where endpoints are taken out a moment after their pod is gone: half of them fail."""

    count = 0

    def is_about(self, request: proxy.Request) -> bool:
        type(self).count += 1
        return bool(self.count % 2)

    def change(self, request: proxy.Request, answer: bytes) -> bytes:
        return make_problem("502 Bad Gateway")


class TheBalancerStillSendsToAnInstanceThatIsGone(WatchFault):
    """The pod is gone, and for a second and a half every other request is sent to it."""

    check = FEW_FAILED
    breaks = (rules.FEW_FAILURES,)
    shows = "failed"
    wire = _EverySecondConnectionGoesToAGoneInstance
    lasts = 1.5


class _WritesMeetAClosingConnection(HarmfulWire):
    """The connection is closed once the whole request was written, and before any answer."""

    async def hand_on(self, caller: proxy.Caller, request: proxy.Request) -> None:
        if type(self).harms and request.line.startswith("PUT"):
            caller.reset()
            return
        await caller.give(await caller.forward(request))


class AKeptConnectionIsClosedUnderAWrite(WatchFault):
    """A reload closes what is open: nobody knows whether the address was changed, and none may repeat it."""

    breaks = (rules.NO_LONG_GAP,)
    shows = "write | at most 1 s |"
    wire = _WritesMeetAClosingConnection
