"""A scratch server that the settings name: somebody runs it for us, and it is never the target's
own.
"""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from cutover_gates.config.base import SettingsError
from cutover_gates.core.evidence.assessment import NotProven
from cutover_gates.probes.database.context import (
    DatabaseContext,
    DatabaseUnreachable,
    first_error_line,
)

_IDENTITY = "SELECT system_identifier FROM pg_control_system()"
SETTING = "[targets.NAME.migrations.scratch] dsn"


def resolve_scratch_dsn(context: DatabaseContext) -> str:
    """The DSN of the settings.

    Raises `SettingsError` when there is none or it is the target's own server, `NotProven` when it
    is silent.
    """
    if context.scratch_dsn is None:
        raise SettingsError(f'{SETTING}: missing, and kind = "server" needs it')
    dsn = context.scratch_dsn.get_secret_value()
    try:
        with psycopg.connect(
            dsn, connect_timeout=5, application_name="cutover", autocommit=True
        ) as connection:
            if not context.is_copy and (
                _address(dsn) == _address(context.dsn.get_secret_value())
                or _is_target_server(context, connection)
            ):
                raise SettingsError(
                    f"{SETTING}: it is the target's own server, and nothing is ever made there: name"
                    " another one"
                )
    except psycopg.Error as error:
        raise NotProven(
            f"the scratch server does not answer ({_redact_error(error, dsn)})"
        ) from None
    return dsn


def _is_target_server(context: DatabaseContext, scratch: psycopg.Connection) -> bool:
    """By what PostgreSQL calls itself.

    A target that cannot be asked is told by its address alone.
    """
    try:
        own = scratch.execute(_IDENTITY).fetchone()
        with context.connect() as target:
            theirs = target.execute(_IDENTITY).fetchone()
    except (DatabaseUnreachable, psycopg.Error, NotProven):
        return False
    return own is not None and theirs is not None and own[0] == theirs["system_identifier"]


def _address(dsn: str) -> tuple[str, str]:
    said = conninfo_to_dict(dsn)
    return str(said.get("host") or said.get("hostaddr") or ""), str(said.get("port") or 5432)


def _redact_error(error: psycopg.Error, dsn: str) -> str:
    password = str(conninfo_to_dict(dsn).get("password") or "")
    line = first_error_line(error)
    return type(error).__name__ if password and password in line else line


_PROVIDERS = {"b": "builtin", "i": "icu", "c": "libc"}


@dataclass(frozen=True)
class DatabaseLocale:
    """Of one database. `name` is the locale of the providers `builtin` and `icu`."""

    encoding: str = "UTF8"
    provider: str = "c"
    collate: str = "C"
    ctype: str = "C"
    name: str | None = None

    def clauses(self, *, major: int) -> sql.Composed:
        """What `CREATE DATABASE` is told."""
        words = sql.SQL("ENCODING {} LC_COLLATE {} LC_CTYPE {}").format(
            *map(sql.Literal, (self.encoding, self.collate, self.ctype))
        )
        if major < 15:
            return words
        words += sql.SQL(" LOCALE_PROVIDER {}").format(sql.Identifier(_PROVIDERS[self.provider]))
        if self.name:
            words += sql.SQL(" {} {}").format(
                sql.SQL({"b": "BUILTIN_LOCALE", "i": "ICU_LOCALE"}[self.provider]),
                sql.Literal(self.name),
            )
        return words


def list_candidate_locales(context: DatabaseContext) -> tuple[DatabaseLocale, ...]:
    """Those to try, best first: the target's; its encoding with the plainest collation; UTF-8.

    A silent target leaves the last.
    """
    try:
        with context.connect() as connection:
            row = connection.execute(
                "SELECT pg_encoding_to_char(encoding) AS encoding, to_jsonb(d) AS d FROM"
                " pg_database AS d WHERE datname = current_database()"
            ).fetchone()
    except (DatabaseUnreachable, NotProven, psycopg.Error):
        row = None
    if row is None:
        return (DatabaseLocale(),)
    one = row["d"]
    name = one.get("datlocale") or one.get("daticulocale")
    own = DatabaseLocale(
        row["encoding"], one.get("datlocprovider", "c"), one["datcollate"], one["datctype"], name
    )
    return (own, DatabaseLocale(row["encoding"]), DatabaseLocale())
