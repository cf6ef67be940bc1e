"""The questions of the gates about the rehearsal on a restored copy.

One rehearsal serves all questions: the first one that is asked runs it.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.probes.database.backup.copy_clones import open_clones_of_backup
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.rehearsal import rules
from cutover_gates.probes.database.rehearsal.copy_comparison import TITLE, CopyComparison
from cutover_gates.probes.database.rehearsal.rehearsal_result import (
    EndReason,
    RehearsalResult,
    RehearsedMigration,
    ScriptRun,
)
from cutover_gates.probes.database.rehearsal.rehearsal_run import rehearse


class RehearsalAssessments:
    """The migration on a restored copy: its scripts, the waits, and the data afterwards.

    Each question raises `NotProven` where there is no copy or nothing to rehearse.
    """

    def __init__(self, context: DatabaseContext) -> None:
        self.context = context

    def assess_run(self) -> Assessment:
        """Check that each pending script runs to its end, and all within their time."""
        result = self._rehearse_once().result
        builder = AssessmentBuilder(
            checked=list(result.finished_scripts),
            figures={
                "seconds": round(result.seconds, 3),
                "scripts": {ran.script: ran.seconds for ran in result.ran},
                "not run": list(result.unfinished_scripts),
            },
        )
        if result.failed:
            builder.add_finding(
                rules.SCRIPTS_RUN, str(result.stopped_at), actual=f"failed: {result.failed}"
            )
        if result.ended is EndReason.BUDGET:
            builder.add_gap(rules.REHEARSED_TO_END, str(result.stopped_at), result.stop_reason)
        else:
            self._check_script_time(result, builder)
        return self.context.record_assessment(builder.build("The pending scripts run on a copy"))

    def assess_waits(self) -> Assessment:
        """Check that those who work meanwhile get their answers in time."""
        result = self._rehearse_once().result
        builder = AssessmentBuilder(
            checked=list(result.finished_scripts),
            not_proven=list(result.work.gaps),
            figures=_describe_waits(result),
        )
        for ran in result.ran:
            self._check_wait(ran, builder)
        for ran in result.ran:
            self._check_locks(ran, builder)
        _add_refusals(result, builder)
        for script in result.unfinished_scripts:
            builder.add_gap(rules.REHEARSED_TO_END, script, result.stop_reason)
        return self.context.record_assessment(builder.build("Nobody waits long for the migration"))

    def assess_data(self) -> Assessment:
        """Check that the data of the copy is what the settings declare.

        It is compared with the data right before the scripts.
        """
        rehearsed = self._rehearse_once()
        data = rehearsed.data
        if data is None:
            builder = AssessmentBuilder()
            reason = f"the scripts did not run to their end ({rehearsed.result.stop_reason})"
            builder.add_gap(rules.DATA_COMPARED, "the copy after the scripts", reason)
            data = builder.build(TITLE)
        return self.context.record_assessment(data)

    def _rehearse_once(self) -> RehearsedMigration:
        plain = self.context.compute_once("rehearsal", lambda: self._rehearse().to_plain())
        return RehearsedMigration.from_plain(plain)

    def _rehearse(self) -> RehearsedMigration:
        with (
            open_clones_of_backup(self.context) as (copy,),
            tempfile.TemporaryDirectory(prefix="cutover-rehearsal-") as folder,
        ):
            comparison = CopyComparison(copy.as_context(self.context), Path(folder))
            result = rehearse(self.context, copy.dsn)
            if result.unfinished_scripts:
                return RehearsedMigration(result)
            return RehearsedMigration(result, comparison.compare_after_scripts())

    def _check_script_time(self, result: RehearsalResult, builder: AssessmentBuilder) -> None:
        seconds = self.context.migrations.rehearsal.script_seconds
        expected = f"at most {seconds:g} s for all scripts (rehearsal.script_seconds)"
        if result.ended:
            builder.add_finding(
                rules.SCRIPTS_IN_TIME,
                str(result.stopped_at),
                expected=expected,
                actual=f"ended after {result.seconds:.1f} s",
            )
        elif result.seconds > seconds:
            slowest = max(result.ran, key=lambda ran: ran.seconds)
            builder.add_finding(
                rules.SCRIPTS_IN_TIME,
                slowest.script,
                expected=expected,
                actual=f"{result.seconds:.2f} s, this script {slowest.seconds:.2f} s",
            )

    def _check_wait(self, ran: ScriptRun, builder: AssessmentBuilder) -> None:
        seconds = self.context.migrations.rehearsal.lock_seconds
        if ran.longest is None or ran.longest.seconds <= seconds:
            return
        waited = "still waiting after" if ran.longest.unfinished else "waited"
        builder.add_finding(
            rules.SHORT_WAITS,
            f"{ran.script}: {ran.longest.statement}",
            expected=f"at most {seconds:g} s (rehearsal.lock_seconds)",
            actual=f"{waited} {ran.longest.seconds:.2f} s{self._describe_strongest_lock(ran)}",
        )

    def _check_locks(self, ran: ScriptRun, builder: AssessmentBuilder) -> None:
        """Check the locks also where the workload did not try: others would."""
        seconds = self.context.migrations.rehearsal.lock_seconds
        for table, lock in ran.locks.items():
            if lock.shut_out > seconds:
                builder.add_finding(
                    rules.SHORT_LOCKS,
                    f"{ran.script}: {self.context.display_name(table)}",
                    expected=f"at most {seconds:g} s (rehearsal.lock_seconds)",
                    actual=f"{lock.shut_out:.2f} s in {_format_lock_mode(lock.mode)} mode",
                )

    def _describe_strongest_lock(self, ran: ScriptRun) -> str:
        """Return the lock that most likely caused the wait."""
        if not ran.locks:
            return ""
        table, lock = max(ran.locks.items(), key=lambda pair: (pair[1].shut_out, pair[1].seconds))
        mode, name = _format_lock_mode(lock.mode), self.context.display_name(table)
        return f"; the script held {name} ({mode}) for {lock.seconds:.2f} s"


def _describe_waits(result: RehearsalResult) -> dict[str, Any]:
    waits = [ran.longest for ran in result.ran if ran.longest]
    longest = max(waits, key=lambda wait: wait.seconds, default=None)
    return {
        "scripts": {ran.script: ran.model_dump(exclude={"script"}) for ran in result.ran},
        "longest wait": longest and longest.model_dump(),
        "workload": result.work.model_dump(exclude={"refused", "gaps"}),
    }


def _add_refusals(result: RehearsalResult, builder: AssessmentBuilder) -> None:
    for refusal in result.work.refused:
        builder.add_finding(
            rules.RUNNING_RELEASE_WORKS,
            f"{refusal.script}: {refusal.statement}",
            expected="works as before the scripts",
            actual=f"refused: {refusal.why}",
            count=refusal.times,
        )


def _format_lock_mode(mode: str) -> str:
    """Return a mode as PostgreSQL's manual writes it: `AccessExclusiveLock` as ACCESS EXCLUSIVE."""
    return " ".join(re.findall(r"[A-Z][a-z]+", mode.removesuffix("Lock"))).upper()
