"""How a rehearsal went, as plain data: it goes from the process that rehearsed to those that judge,
so it holds names and figures and no row.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Plain(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Lock(Plain):
    """The strongest mode in which a script held a table (as PostgreSQL names it), and how long;
    `shut_out` is how long it kept writers out.
    """

    mode: str
    seconds: float
    shut_out: float = 0.0


class Wait(Plain):
    """How late a statement of the workload was done, from the moment at which it was due.

    `unfinished`: it had still not been when all was over.
    """

    statement: str
    seconds: float
    unfinished: bool = False


class Ran(Plain):
    """One script: its seconds, its locks by table, and the longest that somebody had to wait
    because of it.
    """

    script: str
    seconds: float
    locks: dict[str, Lock] = {}
    longest: Wait | None = None


class Refusal(Plain):
    """A statement that PostgreSQL took before the scripts, and refused while this one ran or after
    it.
    """

    statement: str
    script: str
    why: str
    times: int


class Work(Plain):
    """What the workload did meanwhile.

    `dropped` are statements that it made up and had to leave out, each with the reason.
    """

    done: int
    statements: tuple[str, ...]
    usual_seconds: float
    refused: tuple[Refusal, ...] = ()
    dropped: tuple[str, ...] = ()
    unproven: tuple[str, ...] = ()


class Compared(Plain):
    """What the examinations of the copy said after the scripts."""

    examined: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    unproven: tuple[str, ...] = ()


class Course(Plain):
    """The whole rehearsal.

    `failed` says how the script `stopped_at` failed, `ended` why it was ended from outside.
    """

    pending: tuple[str, ...]
    ran: tuple[Ran, ...]
    work: Work
    stopped_at: str | None = None
    failed: str | None = None
    ended: str | None = None
    out_of_time: bool = False
    data: Compared = Compared(
        unproven=("the data was not compared, because the scripts did not run to their end",)
    )

    @property
    def through(self) -> tuple[str, ...]:
        """The scripts that ran to their end."""
        return tuple(ran.script for ran in self.ran if ran.script != self.stopped_at)

    @property
    def missing(self) -> tuple[str, ...]:
        """The others."""
        return tuple(script for script in self.pending if script not in self.through)

    @property
    def seconds(self) -> float:
        """All scripts together."""
        return sum(ran.seconds for ran in self.ran)
