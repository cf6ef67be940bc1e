"""The result of a rehearsal, and PostgreSQL's errors without the content of a row."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import psycopg
from pydantic import BaseModel, ConfigDict

from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.core.findings import Finding
from cutover_gates.util.text import first_error_line

# SQLSTATEs: the class of errors about a value, and exceptions of PL/pgSQL code.
_DATA_ERRORS, _RAISED_BY_CODE = "22", "P0001"
_VALUE = re.compile(r'".*"')


def describe_error(error: BaseException | None) -> str:
    """Return the first line of an error, which holds names of tables and columns only.

    An error about a value, which may be a patient's, is shown without the value.
    """
    if not isinstance(error, psycopg.Error):
        return type(error).__name__
    state = error.sqlstate or ""
    if state == _RAISED_BY_CODE:
        return (
            "an exception that the database's own code raised (its text is not shown, because it"
            " may hold a row's content)"
        )
    text = first_error_line(error)
    return _VALUE.sub('"…"', text) if state.startswith(_DATA_ERRORS) else text


class EndReason(StrEnum):
    """The reasons why the scripts are ended from outside."""

    SCRIPT_TIME = "rehearsal.script_seconds"
    BUDGET = "budget_seconds"


class RehearsalModel(BaseModel):
    """A part of the result: immutable, and JSON-able without loss."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class TableLock(RehearsalModel):
    """The strongest mode in which a script held a table (as PostgreSQL names it), and its seconds.

    `shut_out`: the seconds during which writers were kept out.
    """

    mode: str
    seconds: float
    shut_out: float = 0.0


class StatementWait(RehearsalModel):
    """The delay of a statement of the workload, from the moment at which it was due.

    `unfinished`: it was still waiting at the end.
    """

    statement: str
    seconds: float
    unfinished: bool = False


class ScriptRun(RehearsalModel):
    """One script: its seconds, its locks by table, and the longest wait that it caused."""

    script: str
    seconds: float
    locks: dict[str, TableLock] = {}
    longest: StatementWait | None = None


class StatementRefusal(RehearsalModel):
    """A statement that worked before the scripts, and was refused during or after this one."""

    statement: str
    script: str
    why: str
    times: int


class WorkloadSummary(RehearsalModel):
    """The work that was done meanwhile.

    `dropped`: generated statements that could no longer be run, each with the reason. `gaps`: why
    the workload does not show who has to wait.
    """

    done: int
    statements: tuple[str, ...]
    usual_seconds: float
    refused: tuple[StatementRefusal, ...] = ()
    dropped: tuple[str, ...] = ()
    gaps: tuple[Finding, ...] = ()


class RehearsalResult(RehearsalModel):
    """The whole rehearsal.

    `failed`: the error of the script `stopped_at`; `ended`: the reason why it was ended from
    outside; `overrun`: what the time of the gate went on, where that was the reason.
    """

    pending: tuple[str, ...]
    ran: tuple[ScriptRun, ...]
    work: WorkloadSummary
    stopped_at: str | None = None
    failed: str | None = None
    ended: EndReason | None = None
    overrun: str = ""

    @property
    def finished_scripts(self) -> tuple[str, ...]:
        """The scripts that ran to their end."""
        return tuple(ran.script for ran in self.ran if ran.script != self.stopped_at)

    @property
    def unfinished_scripts(self) -> tuple[str, ...]:
        """The scripts that failed, were ended, or never began."""
        finished = self.finished_scripts
        return tuple(script for script in self.pending if script not in finished)

    @property
    def seconds(self) -> float:
        """The seconds of all scripts together."""
        return sum(ran.seconds for ran in self.ran)

    @property
    def stop_reason(self) -> str:
        """The reason why not all scripts ran to their end."""
        if self.ended is EndReason.BUDGET:
            return f"{self.stopped_at} was ended: {self.overrun}"
        late = f"ended after {self.seconds:.0f} s for all scripts; raise migrations.{self.ended}"
        return f"{self.stopped_at}: {self.failed or late}"

    def to_plain(self) -> dict[str, Any]:
        """Return the result as JSON-able values; `from_plain` reads them."""
        return self.model_dump(mode="json")

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> RehearsalResult:
        """Return the result that `to_plain` wrote."""
        return cls.model_validate(plain)


@dataclass(frozen=True)
class RehearsedMigration:
    """A rehearsal with the comparison of the copy's data.

    `data` is None where not all scripts ran to their end: then nothing is compared.
    """

    result: RehearsalResult
    data: Assessment | None = None

    def to_plain(self) -> dict[str, Any]:
        """Return the rehearsal as JSON-able values; `from_plain` reads them."""
        data = self.data.to_plain() if self.data else None
        return {"result": self.result.to_plain(), "data": data}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> RehearsedMigration:
        """Return the rehearsal that `to_plain` wrote."""
        data = Assessment.from_plain(plain["data"]) if plain["data"] else None
        return cls(RehearsalResult.from_plain(plain["result"]), data)
