"""A scratch server that the settings name: somebody runs it for us, and it is never the target's
own.
"""

from __future__ import annotations

import psycopg
from psycopg.conninfo import conninfo_to_dict

from cutover.database.session import DatabaseSilent, first_line
from cutover.database.site import Site
from cutover.evidence.examination import NotProven
from cutover.settings import SettingsError

_IDENTITY = "SELECT system_identifier FROM pg_control_system()"
WHERE = "[targets.NAME.migrations.scratch] dsn"


def checked(site: Site) -> str:
    """The DSN of the settings.

    Raises `SettingsError` when there is none or it is the target's own server, `NotProven` when it
    is silent.
    """
    if site.scratch_dsn is None:
        raise SettingsError(f'{WHERE}: missing, and kind = "server" needs it')
    dsn = site.scratch_dsn.get_secret_value()
    try:
        with psycopg.connect(
            dsn, connect_timeout=5, application_name="cutover", autocommit=True
        ) as connection:
            if not site.is_copy and (
                _address(dsn) == _address(site.dsn.get_secret_value())
                or _is_the_targets(site, connection)
            ):
                raise SettingsError(
                    f"{WHERE}: it is the target's own server, and nothing is ever made there: name"
                    " another one"
                )
    except psycopg.Error as error:
        raise NotProven(
            f"the scratch server does not answer ({_without_secrets(error, dsn)})"
        ) from None
    return dsn


def _is_the_targets(site: Site, scratch: psycopg.Connection) -> bool:
    """By what PostgreSQL calls itself.

    A target that cannot be asked is told by its address alone.
    """
    try:
        own = scratch.execute(_IDENTITY).fetchone()
        with site.connect() as target:
            theirs = target.execute(_IDENTITY).fetchone()
    except (DatabaseSilent, psycopg.Error, NotProven):
        return False
    return own is not None and theirs is not None and own[0] == theirs["system_identifier"]


def _address(dsn: str) -> tuple[str, str]:
    said = conninfo_to_dict(dsn)
    return str(said.get("host") or said.get("hostaddr") or ""), str(said.get("port") or 5432)


def _without_secrets(error: psycopg.Error, dsn: str) -> str:
    password = str(conninfo_to_dict(dsn).get("password") or "")
    line = first_line(error)
    return type(error).__name__ if password and password in line else line
