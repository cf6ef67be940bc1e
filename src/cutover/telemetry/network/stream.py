"""A steady stream of requests that change nothing, and what became of each of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from cutover.telemetry.looks import TelemetrySilent
from cutover.telemetry.network.web import Reply

LANES = 4
"""Requests that are under way at a time."""
PAUSE = 0.03
"""Seconds between an answer and the next request of its lane."""
BETWEEN_LOOKS = 0.02
"""Seconds."""


@dataclass(frozen=True)
class Sent:
    """One request: when its answer came (`time.monotonic()`), who gave it, and what was wrong with
    it ("" where nothing was).
    """

    at: float
    instance: str | None
    wrong: str


@dataclass
class Stream:
    """Begins with `flowing`, and ends with it.

    `sent` is only added to, in the order of the answers.
    """

    ask: Callable[[], Reply]
    instance_header: str
    sent: list[Sent] = field(default_factory=list)
    _ended: threading.Event = field(default_factory=threading.Event)

    def since(self, moment: float) -> list[Sent]:
        """What was answered from that moment on."""
        return [sent for sent in list(self.sent) if sent.at >= moment]

    @contextmanager
    def flowing(self) -> Iterator[None]:
        """Requests are sent until the block ends; those that are under way then are waited for."""
        lanes = [
            threading.Thread(target=self._flow, daemon=True, name="stream") for _ in range(LANES)
        ]
        for lane in lanes:
            lane.start()
        try:
            yield
        finally:
            self._ended.set()
            for lane in lanes:
                lane.join()

    def _flow(self) -> None:
        while not self._ended.wait(PAUSE):
            self.sent.append(one(self.ask, self.instance_header))


def one(ask: Callable[[], Reply], instance_header: str) -> Sent:
    """Sends one request; it never raises."""
    try:
        reply = ask()
    except TelemetrySilent as silent:
        return Sent(time.monotonic(), None, str(silent))
    return Sent(
        time.monotonic(),
        reply.headers.get(instance_header.lower()),
        "" if reply.good else f"answer {reply.status}",
    )


def come_true(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether it came true within so many seconds."""
    ends = time.monotonic() + seconds
    while not (true := condition()) and time.monotonic() < ends:
        time.sleep(BETWEEN_LOOKS)
    return true
