"""The trial: the database is taken away from the target and comes back, while it is asked."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass, field

from cutover_gates.config.database_outage import DatabaseOutageSettings
from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.probes.network.readiness import rules
from cutover_gates.probes.network.readiness.question_stream import (
    QuestionStream,
    Reply,
    ask_all,
)
from cutover_gates.util.concurrency import wait_for
from cutover_gates.util.subprocesses import start_independent

TITLE = "Readiness falls with the database, and comes back"
SUBJECT, COMMAND = "readiness", "the command database_outage.command"
GONE_SECONDS = 15.0
"""Seconds after the command within which the database must be gone."""
POLL_SECONDS = 0.05
STEADY_REPLIES = 3
"""Good answers in a row without which the target is not back."""
SETTLE_SECONDS = 1.0
"""Seconds in which requests may fail after the database is back: a pool has dead connections."""
BEGAN, ENDED = "outage began", "outage ended"
"""The figures with the moments of the trial, in seconds since 1970."""


@dataclass
class OutageTrial:
    """One trial.

    `ready` asks whether the target is ready, `serving` for something that needs the database, and
    `direct` the database itself; None where no way into it is known. Times are `time.monotonic()`.
    """

    settings: DatabaseOutageSettings
    ready: QuestionStream
    serving: QuestionStream
    direct: QuestionStream | None = None
    builder: AssessmentBuilder = field(default_factory=AssessmentBuilder)

    def run(self) -> Assessment:
        """Take the database away, wait until the target is back, and judge the answers.

        The command is never stopped: half of it would leave the target without a database.
        """
        with ask_all(self._streams):
            if self._is_well_before():
                self._take_database_away()
        return self.builder.build(TITLE)

    @property
    def _streams(self) -> list[QuestionStream]:
        return [self.ready, self.serving, *([self.direct] if self.direct else [])]

    def _is_well_before(self) -> bool:
        if wait_for(lambda: self._is_steady(0.0), self.settings.back_seconds, POLL_SECONDS):
            return True
        self._add_gap(f"before the test the target was not well: {self._latest_problem()}")
        return False

    def _take_database_away(self) -> None:
        self.builder.figures[BEGAN] = time.time()
        try:
            self._judge_outage()
        finally:
            self.builder.figures[ENDED] = time.time()

    def _judge_outage(self) -> None:
        started = time.monotonic()
        try:
            process = start_independent(self.settings.command)
        except OSError as error:
            self._add_gap(f"{COMMAND} cannot be started ({type(error).__name__})")
            return
        wait_for(lambda: self._has_begun(started, process), GONE_SECONDS, POLL_SECONDS)
        # A command that failed may have taken it away: the next answers tell.
        if not wait_for(lambda: bool(self._failures(started)), SETTLE_SECONDS, POLL_SECONDS):
            self._add_gap(f"the target and its database answer after {COMMAND}{_ended(process)}")
            return
        gone = self._failures(started)[0].asked
        left = self.settings.back_seconds - (time.monotonic() - gone)
        returned = wait_for(lambda: self._is_steady(gone), left, POLL_SECONDS)
        self._judge_fall(gone, self._last_moment_without(started))
        self._judge_return(returned, process)

    def _has_begun(self, started: float, process: subprocess.Popen[bytes]) -> bool:
        return bool(self._failures(started) or process.poll())

    def _failures(self, since: float) -> list[Reply]:
        """Return the failures of the database, or of what needs it, in the order of the questions.

        The database itself says most exactly when it was gone.
        """
        for stream in (self.direct, self.serving):
            failed = [one for one in stream.replies_since(since) if one.problem] if stream else []
            if failed:
                return sorted(failed, key=lambda reply: reply.asked)
        return []

    def _last_moment_without(self, started: float) -> float:
        """Return the last moment at which the database was gone for certain."""
        last = self._failures(started)[-1].asked
        is_exact = self.direct and any(one.problem for one in self.direct.replies_since(started))
        return last if is_exact else last - SETTLE_SECONDS

    def _is_steady(self, since: float) -> bool:
        """Return whether the last answers to each question are good."""
        good = [""] * STEADY_REPLIES
        return all(
            stream.problems_since(since)[-STEADY_REPLIES:] == good for stream in self._streams
        )

    def _latest_problem(self) -> str:
        latest = [stream.replies[-1].problem for stream in self._streams if stream.replies]
        return next(filter(None, latest), "its answers change from one to the next")

    def _judge_fall(self, gone: float, last: float) -> None:
        """Compare what readiness said with when the database was gone.

        What was asked and answered meanwhile, but for the first `fall_seconds`, must not be
        "ready".
        """
        allowed = self.settings.fall_seconds
        late = self.ready.replies_since(gone + allowed)
        inside = [reply for reply in late if reply.answered <= last]
        wrong = [reply for reply in inside if not reply.problem]
        fell = [reply.answered for reply in self.ready.replies_since(gone) if reply.problem]
        self.builder.figures |= {
            "seconds without database": round(last - gone, 2),
            "seconds until readiness fell": round(min(fell) - gone, 2) if fell else None,
            "ready without database": len(wrong),
            "asked without database": len(inside),
        }
        if wrong:
            self.builder.add_finding(
                rules.READINESS_FALLS,
                SUBJECT,
                expected=f"not ready from {allowed:g} s after the database is gone",
                actual=f"ready in {len(wrong)} of {len(inside)} answers while it was gone",
            )
        elif fell:
            self.builder.checked.append(f"readiness fell after {min(fell) - gone:.1f} s")
        else:
            self._add_gap(
                f"the database was gone for {last - gone:.1f} s, and readiness may take"
                f" {allowed:g} s to fall: keep it away for longer, or lower fall_seconds"
            )

    def _judge_return(self, returned: bool, process: subprocess.Popen[bytes]) -> None:
        if returned:
            self.builder.checked.append("the target is ready and serves again")
            return
        self.builder.add_finding(
            rules.READINESS_RETURNS,
            SUBJECT,
            expected=f"ready and serving within {self.settings.back_seconds:g} s",
            actual=f"{self._latest_problem()}{_ended(process)}",
        )

    def _add_gap(self, reason: str) -> None:
        self.builder.add_gap(rules.OUTAGE_TESTABLE, SUBJECT, reason)


def _ended(process: subprocess.Popen[bytes]) -> str:
    status = process.poll()
    if status is None:
        return "; the command still runs"
    return f"; the command ended with status {status}" if status else ""
