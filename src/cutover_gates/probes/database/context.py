"""The read-only sessions on a target's database, and the context that every question to it gets."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row
from pydantic import SecretStr

from cutover_gates.config.migrations import Migrations
from cutover_gates.config.table_changes import TableChange
from cutover_gates.config.target_access import DatabaseSettings
from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.core.findings import gap_error
from cutover_gates.probes.database import rules
from cutover_gates.probes.database.gate_steps import Budget, describe_steps, record_step
from cutover_gates.util.files import compute_once
from cutover_gates.util.text import first_error_line

APPLICATION_NAME = "cutover"
"""The name of our sessions in pg_stat_activity, by which the questions to the server leave them
out.
"""
LOCK_SECONDS = 1.0
"""Limit for the wait for a lock: a question must not queue behind a migration."""
MIN_CONNECT_SECONDS = 2
"""libpq accepts no shorter connect_timeout."""

Row = dict[str, Any]


class DatabaseUnreachable(RuntimeError):
    """The database cannot be asked. The text says nothing about the release, and never the DSN."""


def connect_read_only(dsn: str, database: DatabaseSettings) -> psycopg.Connection[Row]:
    """Return a read-only connection in which every transaction is one statement.

    No snapshot is kept open, so each query sees what is committed at its time.

    Raises `DatabaseUnreachable`. Its cause is dropped, because psycopg's traceback holds the DSN.
    """
    options = {
        "default_transaction_read_only": "on",
        "statement_timeout": f"{database.statement_seconds * 1000:.0f}",
        "lock_timeout": f"{LOCK_SECONDS * 1000:.0f}",
        # A policy must not hide rows: with it off, PostgreSQL raises an error instead.
        "row_security": "off",
    }
    try:
        return psycopg.connect(
            dsn,
            autocommit=True,
            row_factory=dict_row,
            application_name=APPLICATION_NAME,
            connect_timeout=max(MIN_CONNECT_SECONDS, round(database.connect_seconds)),
            options=" ".join(f"-c {name}={value}" for name, value in options.items()),
        )
    except psycopg.Error as error:
        raise DatabaseUnreachable(
            f"no connection to the database within {database.connect_seconds:g} s:"
            f" {_safe_error_text(error, dsn)}"
        ) from None


def _safe_error_text(error: psycopg.Error, dsn: str) -> str:
    """Return the first line of the error, or only its type where the line holds the password."""
    text = first_error_line(error)
    try:
        password = str(psycopg.conninfo.conninfo_to_dict(dsn).get("password") or "")
    except psycopg.Error:
        return f"{type(error).__name__}: the DSN cannot be read"
    return type(error).__name__ if password and password in text else text


def _ignore_line(_line: str) -> None: ...


def _ignore_assessment(_assessment: Assessment) -> None: ...


def _name_no_check() -> str:
    return ""


@dataclass(frozen=True)
class DatabaseContext:
    """Everything that a question to a target's database needs.

    - `folder`: the folder of the settings file; paths are relative to it.
    - `snapshots`: this target's folder of snapshots. `reports`: the folder of all runs.
    - `cache_folder`: a folder that all processes of the run share, for results that cost too much
      to
      compute twice. It holds no secret and no content of a row.
    - `standby`: where the heavy reads go. `scratch_dsn`: the server for restored copies.
    - `backup`: the newest backup, where the target itself says so.
    - `script_history_items`: the items of the plan whose checks record the applied scripts.
    - `is_copy`: the database is a scratch one that holds a copy of the target's.
    - `lease`: a file that is locked as long as the gate lasts (`util.lease`). A restored copy is
      kept for all its checks; without a lease each restores one for itself.
    - `report_progress` shows a line of progress; `record` puts an assessment into the evidence;
      `name_check` returns the id of the running check.
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
    script_history_items: frozenset[str] = frozenset()
    is_copy: bool = False
    lease: Path | None = None
    report_progress: Callable[[str], None] = field(default=_ignore_line, repr=False)
    record: Callable[[Assessment], None] = field(default=_ignore_assessment, repr=False)
    name_check: Callable[[], str] = field(default=_name_no_check, repr=False)

    def record_assessment(self, assessment: Assessment) -> Assessment:
        """Put an assessment into the evidence and return it."""
        self.record(assessment)
        return assessment

    def declared_change(self, table: str) -> TableChange:
        """Return what the settings declare for a table, given as `schema.name`.

        Where they declare nothing, the table stays as it was. A renamed table is found under its
        old name, too.
        """
        declared = self.migrations.tables
        name = self.migrations.renames.get(table, table)
        return declared.get(name) or declared.get(self._shorten_name(name)) or TableChange()

    def display_name(self, table: str) -> str:
        """Return `schema.name` without the schema where that is the first one of the settings.

        The old name of a renamed table is shown behind its new one.
        """
        if new := self.migrations.renames.get(table):
            return f"{self._shorten_name(new)} (was {self._shorten_name(table)})"
        return self._shorten_name(table)

    def _shorten_name(self, table: str) -> str:
        return table.removeprefix(f"{self.migrations.schemas[0]}.")

    def without_callbacks(self) -> DatabaseContext:
        """Return the context for another process, which shows, records and names nothing."""
        return replace(
            self,
            report_progress=_ignore_line,
            record=_ignore_assessment,
            name_check=_name_no_check,
        )

    def connect(self, seconds: float | None = None) -> psycopg.Connection[Row]:
        """Return a read-only session on the target.

        `seconds` limit each statement (default: the settings'), and never exceed the budget.

        Raises `DatabaseUnreachable`, and `NotProven` when the budget is spent.
        """
        return self._open(self.dsn, seconds)

    def connect_for_heavy_reads(self, seconds: float | None = None) -> psycopg.Connection[Row]:
        """Return a session like `connect`, on the standby where one is named."""
        return self._open(SecretStr(self.heavy_dsn), seconds)

    @property
    def heavy_dsn(self) -> str:
        """The DSN of the heavy reads: the standby's, where one is named."""
        return (self.standby or self.dsn).get_secret_value()

    def compute_once(self, key: str, compute: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Return the JSON-able result of `compute`, which one process of the run computes."""
        return compute_once(self.cache_folder, key, compute)

    def record_step(self, step: str) -> AbstractContextManager[None]:
        """Record the time of a block as a step of the gate. What a copy costs is part of another.

        `describe_overrun` names the longest steps.
        """
        return nullcontext() if self.is_copy else record_step(self.cache_folder, step)

    def describe_overrun(self) -> str:
        """Return what the spent budget went on, in all processes of the run, and what to do."""
        limit = f"the {self.migrations.budget_seconds:g} s of the gate were spent"
        if self.budget.share:
            limit = f"{self.budget.share}, was spent"
        steps = describe_steps(self.cache_folder)
        return f"{limit}{f' ({steps})' if steps else ''}; raise migrations.budget_seconds"

    def resolve_path(self, path: Path | str) -> Path:
        """Return a path of the settings as an absolute one."""
        return self.folder / path

    def _open(self, dsn: SecretStr, seconds: float | None) -> psycopg.Connection[Row]:
        left = self.budget.remaining_seconds
        if left <= 0:
            raise gap_error(
                rules.TIME_BUDGET,
                "the database",
                f"it was not read: {self.describe_overrun()}",
            )
        bound = min(seconds or self.database.statement_seconds, left)
        database = self.database.model_copy(update={"statement_seconds": bound})
        return connect_read_only(dsn.get_secret_value(), database)
