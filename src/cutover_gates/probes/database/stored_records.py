"""Rows of the target's database for the records that its API acknowledged.

The session is read-only.

The queries are data (`default_rows.toml`, overridden by `[targets.<name>.database.rows]`), so that
no check knows a table. So are the counts of `[targets.<name>.rollout]`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files

import psycopg
from pydantic import SecretStr

from cutover_gates.config.base import SettingsError
from cutover_gates.config.target_access import DatabaseSettings
from cutover_gates.core.evidence.assessment import NotReadable
from cutover_gates.probes.database.context import (
    DatabaseContext,
    DatabaseUnreachable,
    Row,
    connect_read_only,
)
from cutover_gates.probes.database.lock_holders import describe_read_error

RECORD_KINDS = ("patient", "visit", "document")


def load_default_queries() -> dict[str, str]:
    """Return the queries of the default target, by kind."""
    queries = tomllib.loads(
        (files("cutover_gates.probes.database") / "default_rows.toml").read_text(encoding="utf-8")
    )
    return {kind: str(queries[kind]) for kind in RECORD_KINDS}


def resolve_queries(overrides: Mapping[str, str]) -> dict[str, str]:
    """Return the default queries with the overrides.

    Raises `SettingsError` for an unknown kind, and for a query without the parameter for the id.
    """
    for kind, query in overrides.items():
        if kind not in RECORD_KINDS:
            raise SettingsError(
                f"database.rows.{kind}: unknown key. Allowed: {', '.join(RECORD_KINDS)}"
            )
        if "%(id)s" not in query:
            raise SettingsError(f"database.rows.{kind} has no id: write … WHERE id = %(id)s")
    return {**load_default_queries(), **overrides}


def read_declared_count(
    context: DatabaseContext, query: str, values: Mapping[str, object] | None = None
) -> int:
    """Return the number that a declared query finds, with these values for its parameters.

    Raises `NotReadable` where it finds none, or cannot be asked; `NotProven` without time.
    """
    try:
        with context.connect() as connection:
            # Two rows are enough to see that the query is too wide.
            rows = connection.execute(query.encode(), values).fetchmany(2)
    except DatabaseUnreachable as error:
        raise NotReadable(str(error)) from None
    except psycopg.Error as error:
        raise NotReadable(f"the query failed: {describe_read_error(error)}") from None
    found = [value for row in rows for value in row.values()]
    if len(found) != 1 or isinstance(found[0], bool) or not isinstance(found[0], int):
        raise NotReadable("the query must find one whole number, such as SELECT count(*) …")
    return found[0]


class StoredRecords:
    """The stored rows of single records, over one read-only connection that opens at first use.

    Each method returns a row by its column names, or None where no row exists, and raises
    `DatabaseUnreachable` or `SettingsError` (a query that cannot be used).
    """

    def __init__(self, dsn: str, database: DatabaseSettings) -> None:
        self._dsn = SecretStr(dsn)
        self._database = database
        self._rows = resolve_queries(database.rows)
        self._connection: psycopg.Connection[Row] | None = None

    source = "the database"

    def read(self, kind: str, record_id: str, patient_id: str) -> Row | None:  # noqa: ARG002  # as every reader is asked
        """Return the row of a record of this kind."""
        return self._fetch_row(kind, record_id)

    def patient(self, patient_id: str) -> Row | None:
        """Return the row of a patient."""
        return self._fetch_row("patient", patient_id)

    def visit(self, visit_id: str) -> Row | None:
        """Return the row of a visit."""
        return self._fetch_row("visit", visit_id)

    def document(self, document_id: str) -> Row | None:
        """Return the row of a document."""
        return self._fetch_row("document", document_id)

    def close(self) -> None:
        """Close the connection, where one is open."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _fetch_row(self, kind: str, record_id: str) -> Row | None:
        query = self._rows[kind]
        try:
            cursor = self._ensure_connection().execute(query.encode(), {"id": record_id})
            # Two rows are enough to see that the query is too wide.
            rows = cursor.fetchmany(2)
        except psycopg.OperationalError as error:
            self.close()
            raise DatabaseUnreachable(
                f"the database did not answer the query for a {kind}: {describe_read_error(error)}"
            ) from None
        except psycopg.Error as error:
            raise SettingsError(
                f"database.rows.{kind} cannot be used: {describe_read_error(error)}"
            ) from None
        if len(rows) > 1:
            raise SettingsError(
                f"database.rows.{kind} returns more than one row for one id: narrow it"
            )
        return rows[0] if rows else None

    def _ensure_connection(self) -> psycopg.Connection[Row]:
        if self._connection is None or self._connection.closed:
            self._connection = connect_read_only(self._dsn.get_secret_value(), self._database)
        return self._connection
