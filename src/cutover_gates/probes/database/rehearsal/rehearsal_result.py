"""What PostgreSQL says when it refuses, without the content of a row."""

from __future__ import annotations

import re

import psycopg
from pydantic import BaseModel, ConfigDict

from cutover_gates.probes.database.context import first_error_line

_DATA, _RAISED_BY_CODE = "22", "P0001"
_VALUE = re.compile(r'".*"')


def describe_error(error: BaseException | None) -> str:
    """The first line, which holds names of tables and columns only; but for errors about a value,
    which may be a patient's, the value is left out.
    """
    if not isinstance(error, psycopg.Error):
        return type(error).__name__
    state = error.sqlstate or ""
    if state == _RAISED_BY_CODE:
        return (
            "an exception that the database's own code raised (its text is not shown, since it may"
            " hold a row's content)"
        )
    text = first_error_line(error)
    return _VALUE.sub('"…"', text) if state.startswith(_DATA) else text


class RehearsalModel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TableLock(RehearsalModel):
    """The strongest mode in which a script held a table (as PostgreSQL names it), and how long;
    `shut_out` is how long it kept writers out.
    """

    mode: str
    seconds: float
    shut_out: float = 0.0


class StatementWait(RehearsalModel):
    """How late a statement of the workload was done, from the moment at which it was due.

    `unfinished`: it had still not been when all was over.
    """

    statement: str
    seconds: float
    unfinished: bool = False


class ScriptRun(RehearsalModel):
    """One script: its seconds, its locks by table, and the longest that somebody had to wait
    because of it.
    """

    script: str
    seconds: float
    locks: dict[str, TableLock] = {}
    longest: StatementWait | None = None


class StatementRefusal(RehearsalModel):
    """A statement that PostgreSQL took before the scripts, and refused while this one ran or after
    it.
    """

    statement: str
    script: str
    why: str
    times: int


class WorkloadSummary(RehearsalModel):
    """What the workload did meanwhile.

    `dropped` are statements that it made up and had to leave out, each with the reason.
    """

    done: int
    statements: tuple[str, ...]
    usual_seconds: float
    refused: tuple[StatementRefusal, ...] = ()
    dropped: tuple[str, ...] = ()
    unproven: tuple[str, ...] = ()


class DataComparison(RehearsalModel):
    """What the examinations of the copy said after the scripts."""

    examined: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    unproven: tuple[str, ...] = ()


class RehearsalResult(RehearsalModel):
    """The whole rehearsal.

    `failed` says how the script `stopped_at` failed, `ended` why it was ended from outside.
    """

    pending: tuple[str, ...]
    ran: tuple[ScriptRun, ...]
    work: WorkloadSummary
    stopped_at: str | None = None
    failed: str | None = None
    ended: str | None = None
    out_of_time: bool = False
    data: DataComparison = DataComparison(
        unproven=("the data was not compared, because the scripts did not run to their end",)
    )

    @property
    def finished_scripts(self) -> tuple[str, ...]:
        """The scripts that ran to their end."""
        return tuple(ran.script for ran in self.ran if ran.script != self.stopped_at)

    @property
    def unfinished_scripts(self) -> tuple[str, ...]:
        """The others."""
        return tuple(script for script in self.pending if script not in self.finished_scripts)

    @property
    def seconds(self) -> float:
        """All scripts together."""
        return sum(ran.seconds for ran in self.ran)
