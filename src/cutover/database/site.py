"""A target's database with all that is needed to examine it: the way in, what is expected of it,
and how long it may take.

Everything in this package that looks at a database is given a `Site`. It reads and cannot do
otherwise (`session.read_only`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from pydantic import SecretStr

from cutover.database.session import Row, read_only
from cutover.evidence.examination import Examination, NotProven
from cutover.evidence.once import once
from cutover.settings import Database, Migrations, TableChange


@dataclass(frozen=True)
class Budget:
    """Seconds that a gate may take, from a moment that is the same in all its processes.

    `ends` is a `time.time()`.
    """

    ends: float

    @property
    def left(self) -> float:
        """Seconds that are left; 0 when it is spent."""
        return max(0.0, self.ends - time.time())

    def share(self, part: float) -> Budget:
        """A part of what is left, for a question that may not use up the time of all others."""
        return Budget(time.time() + self.left * part)


@dataclass(frozen=True)
class Site:
    """`folder` is the settings file's (paths are seen from it), `snapshots` this target's folder of
    snapshots, `reports` the folder of all runs.

    `say` shows a line of progress; `record` leaves an examination in the evidence. `backup`: where
    the newest is, when the target itself said so. `is_copy`: the database is a scratch one that
    holds a copy of the target's. `once_in` is a folder that all processes of the run share, for
    what is too dear to be done twice; it holds no secret and no row's content.
    """

    target: str
    release: str
    dsn: SecretStr
    database: Database
    migrations: Migrations
    folder: Path
    snapshots: Path
    reports: Path
    once_in: Path
    budget: Budget
    standby: SecretStr | None = None
    scratch_dsn: SecretStr | None = None
    backup: str | None = None
    is_copy: bool = False
    say: Callable[[str], None] = field(default=lambda _line: None, repr=False)
    record: Callable[[Examination], None] = field(default=lambda _examination: None, repr=False)

    def examined(self, examination: Examination) -> Examination:
        """Leave an examination in the evidence, and hand it on."""
        self.record(examination)
        return examination

    def change_of(self, table: str) -> TableChange:
        """What is declared for a table, given as `schema.name`.

        Nothing declared means that it stays as it was.
        """
        declared = self.migrations.tables
        return declared.get(table) or declared.get(self.shown(table)) or TableChange()

    def shown(self, table: str) -> str:
        """`schema.name` as a reader has it: without the schema where it is the first one of the
        settings.
        """
        return table.removeprefix(f"{self.migrations.schemas[0]}.")

    def connect(self, seconds: float | None = None) -> psycopg.Connection[Row]:
        """A read-only session on the target; `seconds` bound each statement.

        Default: the settings', and never more than the budget has left.

        Raises `DatabaseSilent`, and `NotProven` when the budget is spent.
        """
        return self._open(self.dsn, seconds)

    def connect_for_heavy_reads(self, seconds: float | None = None) -> psycopg.Connection[Row]:
        """The same on the standby, where one is named."""
        return self._open(SecretStr(self.heavy_dsn), seconds)

    @property
    def heavy_dsn(self) -> str:
        """Where the heavy reads go: the standby, where one is named."""
        return (self.standby or self.dsn).get_secret_value()

    def once(self, key: str, compute: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """What `compute` gives (JSON-able), computed once a run (`evidence.once`)."""
        return once(self.once_in, key, compute)

    def path(self, path: Path | str) -> Path:
        """A path of the settings."""
        return self.folder / path

    def _open(self, dsn: SecretStr, seconds: float | None) -> psycopg.Connection[Row]:
        left = self.budget.left
        if left <= 0:
            raise NotProven(
                f"the {self.migrations.budget_seconds:g} s that the gate may take (budget_seconds)"
                " were spent before this was looked at"
            )
        bound = min(seconds or self.database.statement_seconds, left)
        return read_only(
            dsn.get_secret_value(), self.database.model_copy(update={"statement_seconds": bound})
        )
