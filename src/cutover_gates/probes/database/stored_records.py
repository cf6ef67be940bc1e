"""What stands in the target's database: one row for each thing that the API acknowledged.

Reads only, and cannot do otherwise.

The queries are data (`default_rows.toml`, overridden by `[targets.<name>.database.rows]`), so that
no check knows a table.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files

import psycopg
from pydantic import SecretStr

from cutover_gates.config.base import SettingsError
from cutover_gates.config.target import DatabaseSettings
from cutover_gates.probes.database.context import (
    DatabaseUnreachable,
    Row,
    connect_read_only,
    first_error_line,
)

RECORD_KINDS = ("patient", "visit", "document")


def load_default_queries() -> dict[str, str]:
    """The queries of the default target, by kind."""
    found = tomllib.loads(
        (files("cutover_gates.probes.database") / "default_rows.toml").read_text(encoding="utf-8")
    )
    return {kind: str(found[kind]) for kind in RECORD_KINDS}


def resolve_queries(overrides: Mapping[str, str]) -> dict[str, str]:
    """The queries to use.

    Raises `SettingsError` for a kind that is none, and for a query that does not ask for the id.
    """
    for kind, query in overrides.items():
        if kind not in RECORD_KINDS:
            raise SettingsError(
                f"database.rows.{kind}: unknown key. Allowed: {', '.join(RECORD_KINDS)}"
            )
        if "%(id)s" not in query:
            raise SettingsError(f"database.rows.{kind} asks for no id: write … WHERE id = %(id)s")
    return {**load_default_queries(), **overrides}


class StoredRecords:
    """One read-only connection, opened at the first question and kept.

    Each answer is a row by its column names, or None where there is none.
    """

    def __init__(self, dsn: str, database: DatabaseSettings) -> None:
        self._dsn = SecretStr(dsn)
        self._database = database
        self._rows = resolve_queries(database.rows)
        self._connection: psycopg.Connection[Row] | None = None

    def patient(self, patient_id: str) -> Row | None:
        return self._fetch_row("patient", patient_id)

    def visit(self, visit_id: str) -> Row | None:
        return self._fetch_row("visit", visit_id)

    def document(self, document_id: str) -> Row | None:
        return self._fetch_row("document", document_id)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _fetch_row(self, kind: str, thing_id: str) -> Row | None:
        """The row of one thing.

        Raises `DatabaseSilent` when the database cannot be asked, `SettingsError` when the query is
        at fault.
        """
        query = self._rows[kind]
        try:
            found = self._ensure_connection().execute(query.encode(), {"id": thing_id}).fetchmany(2)
        except psycopg.OperationalError as error:
            self.close()
            raise DatabaseUnreachable(
                f"the database did not answer the query for a {kind}: {first_error_line(error)}"
            ) from None
        except psycopg.Error as error:
            raise SettingsError(
                f"database.rows.{kind} cannot be used: {first_error_line(error)}"
            ) from None
        if len(found) > 1:
            raise SettingsError(
                f"database.rows.{kind} returns more than one row for one id: narrow it"
            )
        return found[0] if found else None

    def _ensure_connection(self) -> psycopg.Connection[Row]:
        if self._connection is None or self._connection.closed:
            self._connection = connect_read_only(self._dsn.get_secret_value(), self._database)
        return self._connection
