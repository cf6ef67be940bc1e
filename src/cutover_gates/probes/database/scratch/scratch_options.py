"""The options of a scratch server: the server that the settings name, and the target's locale."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from cutover_gates.config.base import SettingsError
from cutover_gates.core.findings import NotProven, gap_error
from cutover_gates.probes.database.context import (
    DatabaseContext,
    DatabaseUnreachable,
)
from cutover_gates.probes.database.scratch import rules
from cutover_gates.util.text import first_error_line

_PROVIDERS = {"b": "builtin", "i": "icu", "c": "libc"}
_LOCALE_CLAUSES = {"b": "BUILTIN_LOCALE", "i": "ICU_LOCALE"}
# The first major version in which a database has a locale provider.
_LOCALE_PROVIDER_VERSION = 15
_IDENTITY = "SELECT system_identifier FROM pg_control_system()"
SETTING = "[targets.NAME.migrations.scratch] dsn"


def resolve_scratch_dsn(context: DatabaseContext) -> str:
    """Return the DSN of the scratch server in the settings.

    Raise `SettingsError` where there is none or it is the target's own server, `NotProven` where it
    does not answer.
    """
    if context.scratch_dsn is None:
        raise SettingsError(f'{SETTING}: missing, and kind = "server" needs it')
    dsn = context.scratch_dsn.get_secret_value()
    try:
        with psycopg.connect(
            dsn, connect_timeout=5, application_name="cutover", autocommit=True
        ) as connection:
            # A copy of the target stands on the scratch server itself.
            if not context.is_copy and _is_target_server(context, dsn, connection):
                raise SettingsError(
                    f"{SETTING}: it is the target's own server, where no database is ever created:"
                    " name another one"
                )
    except psycopg.Error as error:
        reason = f"it does not answer: {_redact_error(error, dsn)}"
        raise gap_error(rules.SCRATCH_SERVER, "the scratch server", reason) from None
    return dsn


def _is_target_server(context: DatabaseContext, dsn: str, scratch: psycopg.Connection) -> bool:
    """Compare the addresses, and the identifiers of the servers.

    A target that does not answer is recognised by its address only.
    """
    if _address(dsn) == _address(context.dsn.get_secret_value()):
        return True
    try:
        own = scratch.execute(_IDENTITY).fetchone()
        with context.connect() as target:
            theirs = target.execute(_IDENTITY).fetchone()
    except (DatabaseUnreachable, psycopg.Error, NotProven):
        return False
    return own is not None and theirs is not None and own[0] == theirs["system_identifier"]


def _address(dsn: str) -> tuple[str, str]:
    options = conninfo_to_dict(dsn)
    host = str(options.get("host") or options.get("hostaddr") or "")
    return host, str(options.get("port") or 5432)


def _redact_error(error: psycopg.Error, dsn: str) -> str:
    password = str(conninfo_to_dict(dsn).get("password") or "")
    line = first_error_line(error)
    return type(error).__name__ if password and password in line else line


@dataclass(frozen=True)
class DatabaseLocale:
    """The locale of one database. `name` is that of the providers `builtin` and `icu`."""

    encoding: str = "UTF8"
    provider: str = "c"
    collate: str = "C"
    ctype: str = "C"
    name: str | None = None

    def clauses(self, *, major: int) -> sql.Composed:
        """Return the clauses for `CREATE DATABASE` on a server of that major version."""
        clauses = sql.SQL("ENCODING {} LC_COLLATE {} LC_CTYPE {}").format(
            *map(sql.Literal, (self.encoding, self.collate, self.ctype))
        )
        if major < _LOCALE_PROVIDER_VERSION:
            return clauses
        clauses += sql.SQL(" LOCALE_PROVIDER {}").format(sql.Identifier(_PROVIDERS[self.provider]))
        if self.name:
            keyword = sql.SQL(_LOCALE_CLAUSES[self.provider])
            clauses += sql.SQL(" {} {}").format(keyword, sql.Literal(self.name))
        return clauses


def list_candidate_locales(context: DatabaseContext) -> tuple[DatabaseLocale, ...]:
    """Return the locales to try, the best first.

    They are the target's; its encoding with the collation C; UTF-8 with the collation C. For a
    target that does not answer, only the last one is left.
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
    facts = row["d"]
    own = DatabaseLocale(
        row["encoding"],
        facts.get("datlocprovider", "c"),
        facts["datcollate"],
        facts["datctype"],
        facts.get("datlocale") or facts.get("daticulocale"),
    )
    return (own, DatabaseLocale(row["encoding"]), DatabaseLocale())
