"""Faults of connections: those that are opened, and those that are closed instead of answered."""

# Each manner is given the connection's number and the request, whether it looks at them or not.

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import ClassVar

from cutover_gates.probes.load import rules
from tests.faults.fault import Defect
from tests.faults.load.application_under_load import OF_THE_LOAD, EveryNth
from tests.faults.load.load_fault import LoadFault
from tests.faults.proxy import Caller, OnTheWire, Request, straight_on

IDLE_SECONDS = 2.0
"""Seconds after which gunicorn closes a connection that nobody uses, unless it is told otherwise."""


class _UnderLoad(OnTheWire):
    """What becomes of the requests of the API while there is load.

    `handle` is given the number of the connection, and whether this is its first request.
    """

    def __init__(self) -> None:
        self._sign_ins = 0
        self._connections: dict[asyncio.StreamWriter, int] = {}

    async def hand_on(self, caller: Caller, request: Request) -> None:
        self._sign_ins += request.line.endswith("/auth/sign-in")
        if self._sign_ins not in OF_THE_LOAD or "/auth/" in request.line:
            await straight_on(caller, request)
            return
        is_first = caller.writer not in self._connections
        number = self._connections.setdefault(caller.writer, len(self._connections) + 1)
        await self.handle(caller, request, number, is_first)

    async def handle(self, caller: Caller, request: Request, number: int, is_first: bool) -> None:
        """Let the request through, or not."""
        raise NotImplementedError


class EveryEleventhConnectionHangs(_UnderLoad, LoadFault):
    """One of eleven processes that accept connections is stuck.

    Whoever meets it sees an empty screen; all others are served, and the average knows nothing.
    """

    item = "error-rate"
    breaks, shows = (rules.ERROR_RATE,), "new connections error rate"
    perhaps: ClassVar[Mapping[str, str]] = {
        "response-times": "what never comes is late, too, and there may be enough of it to show"
    }

    async def handle(self, caller: Caller, request: Request, number: int, is_first: bool) -> None:
        if number % 11 == 0:
            await caller.reader.read()  # until the caller has had enough
        await straight_on(caller, request)


class OneNewConnectionInFourIsSlow(_UnderLoad, LoadFault):
    """To open a connection takes a second at one of four addresses: a name is looked up in vain.

    Whoever is connected notices nothing.
    """

    item = "response-times"
    breaks, shows = (rules.NEW_CONNECTIONS,), "new connections p95"

    async def handle(self, caller: Caller, request: Request, number: int, is_first: bool) -> None:
        if is_first and number % 4 == 0:
            await asyncio.sleep(0.9)
        await straight_on(caller, request)


class OneReadInTenIsCutOff(_UnderLoad, LoadFault):
    """A worker ends after some requests, and takes with it those that it had accepted.

    A browser hides it from readers; who writes at that moment loses what they wrote.
    """

    item = "error-rate"
    breaks, shows = (rules.ASKED_AGAIN,), "asked again"

    def __init__(self) -> None:
        super().__init__()
        self._unlucky = EveryNth(10)

    async def handle(self, caller: Caller, request: Request, number: int, is_first: bool) -> None:
        if request.line.startswith("GET") and not is_first and self._unlucky():
            caller.close()
            return
        await straight_on(caller, request)


class OneUploadInTenIsCutOff(_UnderLoad, LoadFault):
    """A scan is sent on a connection that the server closes, and nobody sends it again."""

    item = "error-rate"
    breaks, shows = (rules.ERROR_RATE,), "upload"
    perhaps: ClassVar[Mapping[str, str]] = {
        "response-times": "what never comes is late, too, and there may be enough of it to show"
    }

    def __init__(self) -> None:
        super().__init__()
        self._unlucky = EveryNth(10)

    async def handle(self, caller: Caller, request: Request, number: int, is_first: bool) -> None:
        if request.line.startswith("POST") and not is_first and self._unlucky():
            caller.close()
            return
        await straight_on(caller, request)


class IdleConnectionsAreClosed(_UnderLoad, Defect):
    """No fault: a server that closes a connection which nobody uses, as gunicorn does."""

    def __init__(self) -> None:
        super().__init__()
        self._latest: dict[asyncio.StreamWriter, Request] = {}

    async def handle(self, caller: Caller, request: Request, number: int, is_first: bool) -> None:
        await straight_on(caller, request)
        asyncio.get_running_loop().call_later(IDLE_SECONDS, self._close_idle, caller, request)
        self._latest[caller.writer] = request

    def _close_idle(self, caller: Caller, request: Request) -> None:
        if self._latest.get(caller.writer) is request:
            caller.close()
