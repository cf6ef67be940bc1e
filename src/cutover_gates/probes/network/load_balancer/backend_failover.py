"""Whoever looks at the backends does so in peace: no other process of the run makes one die
meanwhile.
"""

from __future__ import annotations

import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cutover_gates.core.file_lock import lock_file
from cutover_gates.probes.network.client import (
    POLL_SECONDS,
    TIMEOUT_SLACK_SECONDS,
    ProbeReply,
    ProbeResult,
    ProbeTraffic,
    wait_for_condition,
)
from cutover_gates.probes.network.network_context import NetworkAssessmentBuilder, query_all
from cutover_gates.util.http import SourceUnavailable


@contextmanager
def failover_lock(path: Path) -> Iterator[Callable[[], None]]:
    """All that name the same file keep peace together.

    What is given waits until nobody else looks, and keeps others away until the block ends.
    """
    with path.open("w") as lock:
        lock_file(lock, shared=True)
        yield lambda: lock_file(lock)


DEATH_TIMEOUT_SECONDS = 8.0
"""Within which a backend must have died after the command."""
REQUESTS_BEFORE, REQUESTS_AFTER = 20, 20
"""Requests that flow before a backend dies, and after it is back."""
MAX_EXAMPLES = 5


class FailoverTrial:
    """One try.

    `ask_backend` asks one backend; `backend_names` says how a backend is called in the answers that come
    through the balancer.
    """

    def __init__(
        self,
        stream: ProbeTraffic,
        backends: Sequence[str],
        directly: Callable[[str], ProbeReply],
        names_of: Callable[[str, ProbeReply], set[str]],
        seconds: float,
    ) -> None:
        self.stream, self.backends, self.ask_backend, self.backend_names, self.seconds = (
            stream,
            backends,
            directly,
            names_of,
            seconds,
        )
        self.died_at = self.up_at = 0.0
        self.back_at: float | None = None

    def run(self, kill: Sequence[str], back_seconds: float, seen: NetworkAssessmentBuilder) -> None:
        """Does it, and judges."""
        with self.stream.send_continuously():
            wait_for_condition(lambda: len(self.stream.results) >= REQUESTS_BEFORE, self.seconds)
            try:
                process = subprocess.Popen(
                    list(kill),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            except OSError as error:
                seen.not_proven.append(
                    "no backend was made to die: the command balancer.kill cannot be started"
                    f" ({type(error).__name__})"
                )
                return
            dead = self._find_dead_backends(process)
            if self._check_single_death(dead, process, seen):
                wait_for_condition(
                    lambda: self._is_in_rotation(dead[0]),
                    back_seconds - (time.monotonic() - self.died_at),
                )
                settled = len(self.stream.results) + REQUESTS_AFTER
                wait_for_condition(lambda: len(self.stream.results) >= settled, self.seconds)
        _terminate(process)
        if not seen.not_proven:
            self._judge(dead[0], back_seconds, seen)

    def _find_dead_backends(self, process: subprocess.Popen[bytes]) -> list[str]:
        """The backends that die while the command runs or soon after it; none where the command
        fails.
        """
        ends = time.monotonic() + DEATH_TIMEOUT_SECONDS
        while (
            not (dead := self._find_silent_backends())
            and not process.poll()
            and time.monotonic() < ends
        ):
            time.sleep(POLL_SECONDS)
        self.died_at = time.monotonic()
        return dead

    def _check_single_death(
        self, dead: list[str], process: subprocess.Popen[bytes], seen: NetworkAssessmentBuilder
    ) -> bool:
        if not dead:
            ended = (
                "still runs" if process.poll() is None else f"ended with status {process.poll()}"
            )
            seen.not_proven.append(
                "no backend was made to die: all still answer after the command balancer.kill,"
                f" which {ended}"
            )
        elif len(dead) == len(self.backends):
            seen.not_proven.append(
                "the command balancer.kill leaves no backend alive: one of several must die"
            )
        return not seen.not_proven

    def _find_silent_backends(self) -> list[str]:
        return [
            backend
            for backend, reply in query_all(
                self.backends, self.ask_backend, self.seconds + TIMEOUT_SLACK_SECONDS
            ).items()
            if isinstance(reply, SourceUnavailable) or not reply.is_success
        ]

    def _is_in_rotation(self, dead: str) -> bool:
        """Whether it answers again, and somebody who came through the balancer met it since."""
        try:
            reply = self.ask_backend(dead)
        except SourceUnavailable:
            return False
        if not reply.is_success:
            return False
        self.up_at = self.up_at or time.monotonic()
        names = self.backend_names(dead, reply)
        self.back_at = next(
            (sent.at for sent in self.stream.results_since(self.up_at) if sent.instance in names),
            None,
        )
        return self.back_at is not None

    def _judge(self, dead: str, back_seconds: float, seen: NetworkAssessmentBuilder) -> None:
        everything, meanwhile = (
            list(self.stream.results),
            [
                sent
                for sent in self.stream.results_since(self.died_at)
                if not self.up_at or sent.at < self.up_at
            ],
        )
        lost = [sent for sent in everything if sent.error]
        seen.figures |= {
            "died": dead,
            "requests": len(everything),
            "lost": len(lost),
            "requests while it was dead": len(meanwhile),
            "seconds until it answered": round(self.up_at - self.died_at, 2)
            if self.up_at
            else None,
            "seconds until it was back in rotation": (
                round(self.back_at - self.died_at, 2) if self.back_at else None
            ),
            "answers": dict(Counter(str(sent.instance) for sent in everything)),
        }
        if not meanwhile:
            seen.not_proven.append(f"{dead} was dead for so short a time that no request met it")
        seen.add_result(
            f"{len(everything)} requests while {dead} died",
            [
                *self._describe_losses(dead, lost, len(everything)),
                *self._describe_absence(dead, back_seconds),
            ],
        )

    def _describe_losses(self, dead: str, lost: list[ProbeResult], of: int) -> Iterator[str]:
        if lost:
            shown = ", ".join(
                f"{sent.at - self.died_at:+.2f} s: {sent.error}" for sent in lost[:MAX_EXAMPLES]
            )
            yield (
                f"{len(lost)} of {of} requests through the balancer were lost when {dead} died"
                f" (seconds from its death: {shown})"
            )

    def _describe_absence(self, dead: str, back_seconds: float) -> Iterator[str]:
        if self.back_at is None:
            itself = (
                "answers when it is asked directly"
                if self.up_at
                else "does not answer when it is asked directly either"
            )
            yield f"{dead} is not back in rotation {back_seconds:g} s after its death; it {itself}"


def _terminate(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(DEATH_TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
