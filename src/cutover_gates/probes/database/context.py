"""The way into a target's database: sessions that can only read, that wait for nothing long, and
that say who they are.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row
from pydantic import SecretStr

from cutover_gates.config.migrations import Migrations, TableChange
from cutover_gates.config.target import DatabaseSettings
from cutover_gates.core.evidence.assessment import Assessment, NotProven
from cutover_gates.util.files import compute_once

APPLICATION_NAME = "cutover"
LOCK_SECONDS = 1.0

Row = dict[str, Any]


class DatabaseUnreachable(RuntimeError):
    """The database cannot be asked. Says nothing about the release, and never the DSN."""


def connect_read_only(dsn: str, database: DatabaseSettings) -> psycopg.Connection[Row]:
    """A connection in which every transaction is one statement: no snapshot is kept open, and each
    question sees what is committed now.

    Raises `DatabaseUnreachable`. What psycopg raises holds the DSN in its frames, so its traceback goes
    no further.
    """
    try:
        return psycopg.connect(
            dsn,
            autocommit=True,
            row_factory=dict_row,
            application_name=APPLICATION_NAME,
            connect_timeout=max(
                2, round(database.connect_seconds)
            ),  # libpq takes no less than two seconds
            options=(
                "-c default_transaction_read_only=on -c"
                f" statement_timeout={database.statement_seconds * 1000:.0f} -c"
                f" lock_timeout={LOCK_SECONDS * 1000:.0f}"
            ),
        )
    except psycopg.Error as error:
        raise DatabaseUnreachable(
            f"no connection to the database within {database.connect_seconds:g} s:"
            f" {_safe_error_text(error, dsn)}"
        ) from None


def first_error_line(error: psycopg.Error) -> str:
    """What an error says first; its kind when it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _safe_error_text(error: psycopg.Error, dsn: str) -> str:
    """The first line of what psycopg says; only its kind where that repeats the DSN or a part of it
    that is secret.
    """
    text = first_error_line(error)
    try:
        password = str(psycopg.conninfo.conninfo_to_dict(dsn).get("password") or "")
    except psycopg.Error:
        return f"{type(error).__name__}: the DSN cannot be read"
    return type(error).__name__ if password and password in text else text


@dataclass(frozen=True)
class Budget:
    """Seconds that a gate may take, from a moment that is the same in all its processes.

    `ends` is a `time.time()`.
    """

    ends: float

    @property
    def remaining_seconds(self) -> float:
        """Seconds that are left; 0 when it is spent."""
        return max(0.0, self.ends - time.time())

    def take_share(self, part: float) -> Budget:
        """A part of what is left, for a question that may not use up the time of all others."""
        return Budget(time.time() + self.remaining_seconds * part)


@dataclass(frozen=True)
class DatabaseContext:
    """`folder` is the settings file's (paths are seen from it), `snapshots` this target's folder of
    snapshots, `reports` the folder of all runs.

    `report_progress` shows a line of progress; `record` leaves an examination in the evidence. `backup`: where
    the newest is, when the target itself said so. `is_copy`: the database is a scratch one that
    holds a copy of the target's. `cache_folder` is a folder that all processes of the run share, for
    what is too dear to be done twice; it holds no secret and no row's content.
    """

    target: str
    release: str
    dsn: SecretStr
    database: DatabaseSettings
    migrations: Migrations
    folder: Path
    snapshots: Path
    reports: Path
    cache_folder: Path
    budget: Budget
    standby: SecretStr | None = None
    scratch_dsn: SecretStr | None = None
    backup: str | None = None
    is_copy: bool = False
    report_progress: Callable[[str], None] = field(default=lambda _line: None, repr=False)
    record: Callable[[Assessment], None] = field(default=lambda _examination: None, repr=False)

    def record_assessment(self, examination: Assessment) -> Assessment:
        """Leave an examination in the evidence, and hand it on."""
        self.record(examination)
        return examination

    def declared_change(self, table: str) -> TableChange:
        """What is declared for a table, given as `schema.name`.

        Nothing declared means that it stays as it was.
        """
        declared = self.migrations.tables
        return declared.get(table) or declared.get(self.display_name(table)) or TableChange()

    def display_name(self, table: str) -> str:
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

    def compute_once(self, key: str, compute: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """What `compute` gives (JSON-able), computed once a run (`evidence.once`)."""
        return compute_once(self.cache_folder, key, compute)

    def resolve_path(self, path: Path | str) -> Path:
        """A path of the settings."""
        return self.folder / path

    def _open(self, dsn: SecretStr, seconds: float | None) -> psycopg.Connection[Row]:
        left = self.budget.remaining_seconds
        if left <= 0:
            raise NotProven(
                f"the {self.migrations.budget_seconds:g} s that the gate may take (budget_seconds)"
                " were spent before this was looked at"
            )
        bound = min(seconds or self.database.statement_seconds, left)
        return connect_read_only(
            dsn.get_secret_value(), self.database.model_copy(update={"statement_seconds": bound})
        )
