"""The migration, tried on a restored copy: does it run, does anybody have to wait, and is the data
whole afterwards?

One rehearsal serves all the questions: the first that is asked runs it.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.probes.database.backup.backup_restore import open_restored_backup
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.rehearsal.rehearsal_result import RehearsalResult, ScriptRun
from cutover_gates.probes.database.rehearsal.rehearsal_run import CopyComparison, rehearse


class RehearsalAssessments:
    """Each question raises `NotProven` where there is no copy to rehearse on, or nothing to
    rehearse.
    """

    def __init__(self, context: DatabaseContext) -> None:
        self.context = context

    def assess_run(self) -> Assessment:
        """Whether each pending script runs to its end, and all within the time they may take."""
        course = self._rehearse_once()
        ended = [course.ended] if course.out_of_time else []
        return self.context.record_assessment(
            Assessment(
                "The pending scripts run on a copy",
                course.finished_scripts,
                findings=tuple(self._find_run_breaches(course)),
                not_proven=tuple(
                    f"the scripts were ended before they were through: {why}" for why in ended
                ),
                figures={
                    "seconds": round(course.seconds, 3),
                    "scripts": {ran.script: ran.seconds for ran in course.ran},
                    "not run": list(course.unfinished_scripts),
                },
            )
        )

    def assess_waits(self) -> Assessment:
        """Whether those who work meanwhile get their answers, and within the time that they may
        have to wait.
        """
        course = self._rehearse_once()
        longest = max(
            (ran.longest for ran in course.ran if ran.longest),
            key=lambda wait: wait.seconds,
            default=None,
        )
        return self.context.record_assessment(
            Assessment(
                "Nobody waits long for the migration",
                course.finished_scripts,
                findings=(
                    *self._find_long_waits(course),
                    *self._find_long_locks(course),
                    *_describe_refusals(course),
                ),
                not_proven=(*course.work.unproven, *_list_scripts_without_waits(course)),
                figures={
                    "scripts": {
                        ran.script: ran.model_dump(exclude={"script"}) for ran in course.ran
                    },
                    "longest wait": longest and longest.model_dump(),
                    "workload": course.work.model_dump(exclude={"refused", "unproven"}),
                },
            )
        )

    def assess_data(self) -> Assessment:
        """Whether the data of the copy is afterwards what the settings say it becomes, measured
        from what it was right before.
        """
        data = self._rehearse_once().data
        return self.context.record_assessment(
            Assessment(
                "The data is whole after the rehearsal", data.examined, data.findings, data.unproven
            )
        )

    def _rehearse_once(self) -> RehearsalResult:
        return RehearsalResult.model_validate(
            self.context.compute_once("rehearsal", self._rehearse)
        )

    def _rehearse(self) -> dict[str, object]:
        with (
            open_restored_backup(self.context) as copy,
            tempfile.TemporaryDirectory(prefix="cutover-rehearsal-") as folder,
        ):
            data = CopyComparison(copy.as_context(self.context), Path(folder))
            course = rehearse(self.context, copy.dsn)
            return course.model_copy(
                update={} if course.unfinished_scripts else {"data": data.compare_after_scripts()}
            ).model_dump(mode="json")

    def _find_run_breaches(self, course: RehearsalResult) -> Iterator[str]:
        bound = self.context.migrations.rehearsal.script_seconds
        if course.failed:
            yield f"{course.failed}."
        if course.ended and not course.out_of_time:
            yield (
                f"{course.stopped_at} was ended on the copy after {course.seconds:.1f} s:"
                f" {course.ended}."
            )
        elif course.seconds > bound:
            slowest = max(course.ran, key=lambda ran: ran.seconds)
            yield (
                f"the pending scripts took {course.seconds:.2f} s on the copy, {slowest.script}"
                f" alone {slowest.seconds:.2f} s: together they may take {bound:g} s"
                " (rehearsal.script_seconds)."
            )

    def _find_long_waits(self, course: RehearsalResult) -> Iterator[str]:
        bound = self.context.migrations.rehearsal.lock_seconds
        for ran in course.ran:
            if ran.longest and ran.longest.seconds > bound:
                waited = (
                    "was still waiting at the end, after"
                    if ran.longest.unfinished
                    else "had to wait"
                )
                yield (
                    f"{ran.script}: {ran.longest.statement} {waited} {ran.longest.seconds:.2f} s,"
                    f" and {bound:g} s are allowed (rehearsal.lock_seconds).{self._describe_strongest_lock(ran)}"
                )

    def _find_long_locks(self, course: RehearsalResult) -> Iterator[str]:
        """Also where the workload met nobody there: others would."""
        bound = self.context.migrations.rehearsal.lock_seconds
        for ran in course.ran:
            for table, lock in ran.locks.items():
                if lock.shut_out > bound:
                    yield (
                        f"{ran.script} kept {self.context.display_name(table)} locked ({_format_lock_mode(lock.mode)})"
                        f" for {lock.shut_out:.2f} s: nobody could write to it meanwhile, and"
                        f" {bound:g} s are allowed (rehearsal.lock_seconds)."
                    )

    def _describe_strongest_lock(self, ran: ScriptRun) -> str:
        """The lock that most likely made them wait."""
        if not ran.locks:
            return ""
        table, lock = max(ran.locks.items(), key=lambda held: (held[1].shut_out, held[1].seconds))
        return (
            f" The script held {self.context.display_name(table)} ({_format_lock_mode(lock.mode)}) for"
            f" {lock.seconds:.2f} s."
        )


def _describe_refusals(course: RehearsalResult) -> Iterator[str]:
    for refusal in course.work.refused:
        often = "once" if refusal.times == 1 else f"{refusal.times} times"
        yield (
            f"{refusal.script}: the release before breaks while it still runs: {refusal.statement}"
            f" worked before this script, and was then refused {often}: {refusal.why}."
        )


def _list_scripts_without_waits(course: RehearsalResult) -> Iterator[str]:
    if course.unfinished_scripts:
        yield (
            f"who has to wait was not seen to the end for {', '.join(course.unfinished_scripts)}, because"
            f" {course.failed or course.ended}."
        )


def _format_lock_mode(mode: str) -> str:
    """`AccessExclusiveLock` as the manual has it: ACCESS EXCLUSIVE."""
    return " ".join(re.findall(r"[A-Z][a-z]+", mode.removesuffix("Lock"))).upper()
