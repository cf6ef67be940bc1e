"""The JSON line with which a started hospital describes itself."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from reference import outage as outages
from reference import postgres, releases
from reference.auth import tokens
from reference.previous_release import describe_previous_release, describe_rollout
from reference.seed import Account
from reference.settings import Settings


def accounts() -> list[Account]:
    """Return the embedded hospital's staff, each with a new random password."""
    roles = {
        name: (name, "north") for name in ("registrar", "clinician", "auditor", "administrator")
    }
    roles["outsider"] = ("clinician", "south")
    return [
        Account(name, secrets.token_urlsafe(12), role, facility)
        for name, (role, facility) in roles.items()
    ]


def announcement(
    url: str,
    server: postgres.Server,
    database: str,
    staff: Sequence[Account],
    settings: Settings,
    backup: Path | None = None,
    surroundings: Mapping[str, Any] | None = None,
    *,
    used: bool = True,
) -> dict[str, Any]:
    """Return the addresses and accounts, as `python -m reference --json` prints them.

    `surroundings` is the result of `Environment.describe_when_ready()`. `used` is false where no
    row may come before the first snapshot: there is no expired token then, as it needs a session.
    """
    owner = server.dsn(database)
    return {
        "url": url,
        "database": server.dsn(database, postgres.READER),
        "owner_database": owner,
        "release": settings.release,
        "migration": _latest_migration(owner),
        "users": {
            account.username: {"username": account.username, "password": account.password}
            for account in staff
        },
        "expired_token": _expired_token(owner, settings) if used else None,
        "backup": str(backup) if backup else None,
        "log": str(settings.log),
        "pid": os.getpid(),
        "surroundings": {
            **_with_outage(surroundings or {}),
            "previous": describe_previous_release(
                Path(server.directory) / "previous", staff, settings.signing_key
            ),
            "rollout": {**describe_rollout(settings), **(surroundings or {}).get("rollout", {})},
        },
    }


def _with_outage(surroundings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the surroundings, with how the database is taken away for a while."""
    infrastructure = surroundings.get("infrastructure", {})
    outage = {"database_outage": outages.describe_outage()}
    return {**surroundings, "infrastructure": {**infrastructure, **outage}}


def _latest_migration(dsn: str) -> str:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(
            "SELECT version FROM flyway_schema_history ORDER BY installed_rank DESC LIMIT 1"
        ).fetchone()
    return str(row and row[0])


def _expired_token(dsn: str, settings: Settings) -> str | None:
    """Return a token of the clinician that expired a minute ago; its session is still open.

    None where the accounts come with the cutover, and it has not been performed.
    """
    with psycopg.connect(dsn, row_factory=dict_row) as connection:
        if not connection.execute("SELECT FROM staff WHERE username = 'clinician'").fetchall():
            return None
        session_id = releases.open_session(connection, settings, "clinician")
    return tokens.issue(settings.signing_key, "clinician", session_id, lifetime=-60)
