"""The accounts of the embedded hospital that sign in: the same at every stage and in every run.

A snapshot of the night before must hold the very rows that are there after the cutover, and each
gate starts a hospital of its own. So names, passwords, salts and times of creation are computed,
not drawn. Nobody is protected by them: the patients are synthetic, and it answers on 127.0.0.1.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256

import psycopg

from reference.auth import passwords
from reference.seed import Account

CREATED = datetime(2025, 11, 1, 7, 0, tzinfo=UTC)
"""After all that is seeded: a snapshot of an older hospital, without them, sees new rows."""
_ROLES = ("registrar", "clinician", "auditor", "administrator")


def stable_accounts() -> list[Account]:
    """Return one account for each role in the north, and a clinician in the south."""
    roles = {role: (role, "north") for role in _ROLES} | {"outsider": ("clinician", "south")}
    return [
        Account(name, _compute_password(name), role, facility)
        for name, (role, facility) in roles.items()
    ]


def _compute_password(name: str) -> str:
    return urlsafe_b64encode(_digest("password", name)[:12]).decode()


def _digest(use: str, name: str) -> bytes:
    return sha256(f"embedded hospital, {use} of {name}".encode()).digest()


def insert_accounts(
    connection: psycopg.Connection, accounts: Iterable[Account], hashing: passwords.Hashing
) -> None:
    """Insert the accounts as rows that are equal in every run."""
    for account in accounts:
        salt = _digest("salt", account.username)[:16]
        connection.execute(
            "INSERT INTO staff (username, password_hash, role, facility, created_at)"
            " VALUES (%s, %s, %s, %s, %s)",
            [
                account.username,
                passwords.hash_of(account.password, hashing, salt),
                account.role,
                account.facility,
                CREATED,
            ],
        )
