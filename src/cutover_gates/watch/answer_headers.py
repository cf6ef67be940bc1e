"""What the answers to a probe said of who gave them, kept by the thread that asked."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from cutover_gates.drivers.request_context import RequestContext
from cutover_gates.watch.probe_results import Crossing


@dataclass
class LastAnswer:
    """The last answer of a probe, and the crossings between releases that the probe tried."""

    status: int = 0
    release: str = ""
    instance: str = ""
    asked_again: bool = False
    crossings: list[Crossing] = field(default_factory=list)


class AnswerHeaders(threading.local):
    """What the answers to this thread's probe said of who gave them."""

    def __init__(self, release_header: str | None, instance_header: str | None) -> None:
        self._release, self._instance = release_header or "", instance_header or ""
        self.last = LastAnswer()

    def clear(self) -> None:
        """Forget the answers of the probe before."""
        self.last = LastAnswer()

    @contextmanager
    def note_crossing(self, kind: str, made_by: str) -> Iterator[None]:
        """Keep which release answers in this block for what `made_by` made, whatever it answers."""
        self.last.release = ""
        try:
            yield
        finally:
            self.last.crossings.append(Crossing(kind, made_by, self.last.release))

    def observe(self, request: httpx.Request, response: httpx.Response | None) -> None:
        """Keep what an answer says. The transport calls it in the thread that asked."""
        self.last.asked_again |= RequestContext.of(request).asked_again
        if response is None:
            return
        self.last.status = response.status_code
        self.last.release = response.headers.get(self._release, "") if self._release else ""
        self.last.instance = response.headers.get(self._instance, "") if self._instance else ""
