"""One backend dies while requests flow through the balancer: what becomes of the requests, and when
it is back.
"""

from __future__ import annotations

import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from cutover.telemetry.looks import TelemetrySilent
from cutover.telemetry.network.seen import Seen, look_at_all
from cutover.telemetry.network.stream import BETWEEN_LOOKS, Sent, Stream, come_true
from cutover.telemetry.network.web import SLACK, Reply

DIE_SECONDS = 8.0
"""Within which a backend must have died after the command."""
BEFORE, AFTER = 20, 20
"""Requests that flow before a backend dies, and after it is back."""
SHOWN = 5


class Failover:
    """One try.

    `directly` asks one backend; `names_of` says how a backend is called in the answers that come
    through the balancer.
    """

    def __init__(
        self,
        stream: Stream,
        backends: Sequence[str],
        directly: Callable[[str], Reply],
        names_of: Callable[[str, Reply], set[str]],
        seconds: float,
    ) -> None:
        self.stream, self.backends, self.directly, self.names_of, self.seconds = (
            stream,
            backends,
            directly,
            names_of,
            seconds,
        )
        self.died = self.up = 0.0
        self.back: float | None = None

    def tried(self, kill: Sequence[str], back_seconds: float, seen: Seen) -> None:
        """Does it, and judges."""
        with self.stream.flowing():
            come_true(lambda: len(self.stream.sent) >= BEFORE, self.seconds)
            try:
                process = subprocess.Popen(
                    list(kill),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            except OSError as error:
                seen.unproven.append(
                    "no backend was made to die: the command balancer.kill cannot be started"
                    f" ({type(error).__name__})"
                )
                return
            dead = self._dead(process)
            if self._one(dead, process, seen):
                come_true(
                    lambda: self._in_rotation(dead[0]),
                    back_seconds - (time.monotonic() - self.died),
                )
                settled = len(self.stream.sent) + AFTER
                come_true(lambda: len(self.stream.sent) >= settled, self.seconds)
        _end(process)
        if not seen.unproven:
            self._judge(dead[0], back_seconds, seen)

    def _dead(self, process: subprocess.Popen[bytes]) -> list[str]:
        """The backends that die while the command runs or soon after it; none where the command
        fails.
        """
        ends = time.monotonic() + DIE_SECONDS
        while not (dead := self._silent()) and not process.poll() and time.monotonic() < ends:
            time.sleep(BETWEEN_LOOKS)
        self.died = time.monotonic()
        return dead

    def _one(self, dead: list[str], process: subprocess.Popen[bytes], seen: Seen) -> bool:
        if not dead:
            ended = (
                "still runs" if process.poll() is None else f"ended with status {process.poll()}"
            )
            seen.unproven.append(
                "no backend was made to die: all still answer after the command balancer.kill,"
                f" which {ended}"
            )
        elif len(dead) == len(self.backends):
            seen.unproven.append(
                "the command balancer.kill leaves no backend alive: one of several must die"
            )
        return not seen.unproven

    def _silent(self) -> list[str]:
        return [
            backend
            for backend, reply in look_at_all(
                self.backends, self.directly, self.seconds + SLACK
            ).items()
            if isinstance(reply, TelemetrySilent) or not reply.good
        ]

    def _in_rotation(self, dead: str) -> bool:
        """Whether it answers again, and somebody who came through the balancer met it since."""
        try:
            reply = self.directly(dead)
        except TelemetrySilent:
            return False
        if not reply.good:
            return False
        self.up = self.up or time.monotonic()
        names = self.names_of(dead, reply)
        self.back = next(
            (sent.at for sent in self.stream.since(self.up) if sent.instance in names), None
        )
        return self.back is not None

    def _judge(self, dead: str, back_seconds: float, seen: Seen) -> None:
        everything, meanwhile = (
            list(self.stream.sent),
            [sent for sent in self.stream.since(self.died) if not self.up or sent.at < self.up],
        )
        lost = [sent for sent in everything if sent.wrong]
        seen.facts |= {
            "died": dead,
            "requests": len(everything),
            "lost": len(lost),
            "requests while it was dead": len(meanwhile),
            "seconds until it answered": round(self.up - self.died, 2) if self.up else None,
            "seconds until it was back in rotation": (
                round(self.back - self.died, 2) if self.back else None
            ),
            "answers": dict(Counter(str(sent.instance) for sent in everything)),
        }
        if not meanwhile:
            seen.unproven.append(f"{dead} was dead for so short a time that no request met it")
        seen.judge(
            f"{len(everything)} requests while {dead} died",
            [*self._losses(dead, lost, len(everything)), *self._absence(dead, back_seconds)],
        )

    def _losses(self, dead: str, lost: list[Sent], of: int) -> Iterator[str]:
        if lost:
            shown = ", ".join(
                f"{sent.at - self.died:+.2f} s: {sent.wrong}" for sent in lost[:SHOWN]
            )
            yield (
                f"{len(lost)} of {of} requests through the balancer were lost when {dead} died"
                f" (seconds from its death: {shown})"
            )

    def _absence(self, dead: str, back_seconds: float) -> Iterator[str]:
        if self.back is None:
            itself = (
                "answers when it is asked directly"
                if self.up
                else "does not answer when it is asked directly either"
            )
            yield f"{dead} is not back in rotation {back_seconds:g} s after its death; it {itself}"


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(DIE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
