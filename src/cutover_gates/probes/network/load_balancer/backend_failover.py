"""The failover trial: a backend is stopped while requests flow, and must come back."""

from __future__ import annotations

import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.core.file_lock import lock_file
from cutover_gates.probes.network.load_balancer import rules
from cutover_gates.probes.network.load_balancer.probe_traffic import (
    POLL_SECONDS,
    ProbeResult,
    ProbeTraffic,
)
from cutover_gates.probes.network.network_context import TIMEOUT_SLACK_SECONDS
from cutover_gates.util.concurrency import query_all, wait_for
from cutover_gates.util.http import BoundedResponse, SourceUnavailable
from cutover_gates.util.subprocesses import start_independent, stop_child

DEATH_TIMEOUT_SECONDS = 8.0
"""Seconds after the command within which a backend must have died."""
REQUESTS_BEFORE, REQUESTS_AFTER = 20, 20
"""Requests that flow before a backend dies, and after it is back."""
MAX_EXAMPLES = 5
"""Lost requests that a finding names."""
COMMAND = "the command balancer.kill"


@contextmanager
def failover_lock(path: Path) -> Iterator[Callable[[], None]]:
    """Hold a lock on the file that any number of processes share while they query the backends.

    The function that is yielded waits until no other process holds it, and keeps others out until
    the block ends: nobody queries backends while one is stopped.
    """
    with path.open("w") as file:
        lock_file(file, shared=True)
        yield lambda: lock_file(file)


class FailoverTrial:
    """One trial.

    `ask_backend` asks one backend directly. `backend_names` returns the names of a backend in the
    answers that come through the balancer. Times are `time.monotonic()`.
    """

    def __init__(
        self,
        traffic: ProbeTraffic,
        backends: Sequence[str],
        ask_backend: Callable[[str], BoundedResponse],
        backend_names: Callable[[str, BoundedResponse], set[str]],
        seconds: float,
    ) -> None:
        self.traffic, self.backends, self.seconds = traffic, backends, seconds
        self.ask_backend, self.backend_names = ask_backend, backend_names
        self.died_at = self.up_at = 0.0
        self.back_at: float | None = None

    def run(self, kill: Sequence[str], back_seconds: float, builder: AssessmentBuilder) -> None:
        """Stop a backend with the command `kill`, wait until it is back, and judge the traffic."""
        with self.traffic.send_continuously():
            # The traffic must flow before the backend dies, or no loss could be seen.
            self._wait_for_requests(REQUESTS_BEFORE)
            try:
                process = start_independent(kill)
            except OSError as error:
                _add_gap(builder, f"{COMMAND} cannot be started ({type(error).__name__})")
                return
            dead = self._find_dead_backends(process)
            self._check_single_death(dead, process, builder)
            if not builder.not_proven:
                left = back_seconds - (time.monotonic() - self.died_at)
                wait_for(lambda: self._is_in_rotation(dead[0]), left, POLL_SECONDS)
                self._wait_for_requests(len(self.traffic.results) + REQUESTS_AFTER)
        stop_child(process, DEATH_TIMEOUT_SECONDS)
        if not builder.not_proven:
            self._judge(dead[0], back_seconds, builder)

    def _wait_for_requests(self, count: int) -> None:
        wait_for(lambda: len(self.traffic.results) >= count, self.seconds, POLL_SECONDS)

    def _find_dead_backends(self, process: subprocess.Popen[bytes]) -> list[str]:
        """Return the backends that die while the command runs or soon after it.

        Empty where the command fails.
        """
        dead: list[str] = []

        def has_ended() -> bool:
            dead[:] = self._find_silent_backends()
            return bool(dead or process.poll())

        wait_for(has_ended, DEATH_TIMEOUT_SECONDS, POLL_SECONDS)
        # Up to POLL_SECONDS and one query late; requests before it are judged, too.
        self.died_at = time.monotonic()
        return dead

    def _check_single_death(
        self, dead: list[str], process: subprocess.Popen[bytes], builder: AssessmentBuilder
    ) -> None:
        if not dead:
            status = process.poll()
            state = "it still runs" if status is None else f"it ended with status {status}"
            _add_gap(builder, f"all backends still answer after {COMMAND}; {state}")
        # With all of them gone every request is lost, whatever the load balancer does.
        elif len(dead) == len(self.backends):
            _add_gap(builder, f"{COMMAND} stops all backends, and must stop one of several")

    def _find_silent_backends(self) -> list[str]:
        replies = query_all(self.backends, self.ask_backend, self.seconds + TIMEOUT_SLACK_SECONDS)
        return [
            backend
            for backend, reply in replies.items()
            if isinstance(reply, SourceUnavailable) or not reply.is_success
        ]

    def _is_in_rotation(self, dead: str) -> bool:
        """Return whether it answers directly, and has since answered through the balancer."""
        try:
            reply = self.ask_backend(dead)
        except SourceUnavailable:
            return False
        if not reply.is_success:
            return False
        self.up_at = self.up_at or time.monotonic()
        # Asked anew: after its restart a backend may call itself by another name.
        names = self.backend_names(dead, reply)
        since = self.traffic.results_since(self.up_at)
        self.back_at = next((result.at for result in since if result.instance in names), None)
        return self.back_at is not None

    def _judge(self, dead: str, back_seconds: float, builder: AssessmentBuilder) -> None:
        results = list(self.traffic.results)
        lost = [result for result in results if result.error]
        meanwhile = [
            result
            for result in self.traffic.results_since(self.died_at)
            if not self.up_at or result.at < self.up_at
        ]
        builder.figures |= {
            "died": dead,
            "requests": len(results),
            "lost": len(lost),
            "requests while it was dead": len(meanwhile),
            "seconds until it answered": self._seconds_after_death(self.up_at),
            "seconds until it was back in rotation": self._seconds_after_death(self.back_at),
            "answers": dict(Counter(str(result.instance) for result in results)),
        }
        if not meanwhile:
            _add_gap(builder, f"no request was sent in the short time while {dead} was dead")
        builder.checked.append(f"{len(results)} requests while {dead} died")
        self._judge_losses(builder, dead, lost, len(results))
        self._judge_return(builder, dead, back_seconds)

    def _seconds_after_death(self, moment: float | None) -> float | None:
        return round(moment - self.died_at, 2) if moment else None

    def _judge_losses(
        self, builder: AssessmentBuilder, dead: str, lost: list[ProbeResult], of: int
    ) -> None:
        if not lost:
            return
        examples = ", ".join(
            f"{result.at - self.died_at:+.2f} s: {result.error}" for result in lost[:MAX_EXAMPLES]
        )
        builder.add_finding(
            rules.NO_REQUEST_LOST,
            dead,
            expected="0 lost requests",
            actual=f"{len(lost)} of {of} (seconds from its death: {examples})",
        )

    def _judge_return(self, builder: AssessmentBuilder, dead: str, back_seconds: float) -> None:
        if self.back_at is None:
            state = "it answers" if self.up_at else "it does not answer"
            builder.add_finding(
                rules.BACK_IN_ROTATION,
                dead,
                expected=f"back in rotation within {back_seconds:g} s",
                actual=f"not in rotation; {state} when it is asked directly",
            )


def _add_gap(builder: AssessmentBuilder, reason: str) -> None:
    builder.add_gap(rules.FAILOVER_TESTABLE, "the backends", reason)
