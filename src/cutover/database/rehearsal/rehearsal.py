"""The migration, tried on a restored copy: does it run, does anybody have to wait, and is the data
whole afterwards?

One rehearsal serves all the questions: the first that is asked runs it.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from cutover.database.backup import restored
from cutover.database.rehearsal.course import Course, Ran
from cutover.database.rehearsal.data import Data
from cutover.database.rehearsal.rehearse import rehearse
from cutover.database.site import Site
from cutover.evidence.examination import Examination


class Rehearsal:
    """Each question raises `NotProven` where there is no copy to rehearse on, or nothing to
    rehearse.
    """

    def __init__(self, site: Site) -> None:
        self.site = site

    def runs(self) -> Examination:
        """Whether each pending script runs to its end, and all within the time they may take."""
        course = self._course()
        ended = [course.ended] if course.out_of_time else []
        return self.site.examined(
            Examination(
                "The pending scripts run on a copy",
                course.through,
                findings=tuple(self._not_run(course)),
                unproven=tuple(
                    f"the scripts were ended before they were through: {why}" for why in ended
                ),
                facts={
                    "seconds": round(course.seconds, 3),
                    "scripts": {ran.script: ran.seconds for ran in course.ran},
                    "not run": list(course.missing),
                },
            )
        )

    def waits(self) -> Examination:
        """Whether those who work meanwhile get their answers, and within the time that they may
        have to wait.
        """
        course = self._course()
        longest = max(
            (ran.longest for ran in course.ran if ran.longest),
            key=lambda wait: wait.seconds,
            default=None,
        )
        return self.site.examined(
            Examination(
                "Nobody waits long for the migration",
                course.through,
                findings=(*self._waited(course), *self._locked(course), *_refused(course)),
                unproven=(*course.work.unproven, *_not_seen(course)),
                facts={
                    "scripts": {
                        ran.script: ran.model_dump(exclude={"script"}) for ran in course.ran
                    },
                    "longest wait": longest and longest.model_dump(),
                    "workload": course.work.model_dump(exclude={"refused", "unproven"}),
                },
            )
        )

    def leaves_the_data_whole(self) -> Examination:
        """Whether the data of the copy is afterwards what the settings say it becomes, measured
        from what it was right before.
        """
        data = self._course().data
        return self.site.examined(
            Examination(
                "The data is whole after the rehearsal", data.examined, data.findings, data.unproven
            )
        )

    def _course(self) -> Course:
        return Course.model_validate(self.site.once("rehearsal", self._rehearsed))

    def _rehearsed(self) -> dict[str, object]:
        with (
            restored(self.site) as copy,
            tempfile.TemporaryDirectory(prefix="cutover-rehearsal-") as folder,
        ):
            data = Data(copy.as_site(self.site), Path(folder))
            course = rehearse(self.site, copy.dsn)
            return course.model_copy(
                update={} if course.missing else {"data": data.afterwards()}
            ).model_dump(mode="json")

    def _not_run(self, course: Course) -> Iterator[str]:
        bound = self.site.migrations.rehearsal.script_seconds
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

    def _waited(self, course: Course) -> Iterator[str]:
        bound = self.site.migrations.rehearsal.lock_seconds
        for ran in course.ran:
            if ran.longest and ran.longest.seconds > bound:
                waited = (
                    "was still waiting at the end, after"
                    if ran.longest.unfinished
                    else "had to wait"
                )
                yield (
                    f"{ran.script}: {ran.longest.statement} {waited} {ran.longest.seconds:.2f} s,"
                    f" and {bound:g} s are allowed (rehearsal.lock_seconds).{self._strongest(ran)}"
                )

    def _locked(self, course: Course) -> Iterator[str]:
        """Also where the workload met nobody there: others would."""
        bound = self.site.migrations.rehearsal.lock_seconds
        for ran in course.ran:
            for table, lock in ran.locks.items():
                if lock.shut_out > bound:
                    yield (
                        f"{ran.script} kept {self.site.shown(table)} locked ({_spelt(lock.mode)})"
                        f" for {lock.shut_out:.2f} s: nobody could write to it meanwhile, and"
                        f" {bound:g} s are allowed (rehearsal.lock_seconds)."
                    )

    def _strongest(self, ran: Ran) -> str:
        """The lock that most likely made them wait."""
        if not ran.locks:
            return ""
        table, lock = max(ran.locks.items(), key=lambda held: (held[1].shut_out, held[1].seconds))
        return (
            f" The script held {self.site.shown(table)} ({_spelt(lock.mode)}) for"
            f" {lock.seconds:.2f} s."
        )


def _refused(course: Course) -> Iterator[str]:
    for refusal in course.work.refused:
        often = "once" if refusal.times == 1 else f"{refusal.times} times"
        yield (
            f"{refusal.script}: the release before breaks while it still runs: {refusal.statement}"
            f" worked before this script, and was then refused {often}: {refusal.why}."
        )


def _not_seen(course: Course) -> Iterator[str]:
    if course.missing:
        yield (
            f"who has to wait was not seen to the end for {', '.join(course.missing)}, because"
            f" {course.failed or course.ended}."
        )


def _spelt(mode: str) -> str:
    """`AccessExclusiveLock` as the manual has it: ACCESS EXCLUSIVE."""
    return " ".join(re.findall(r"[A-Z][a-z]+", mode.removesuffix("Lock"))).upper()
