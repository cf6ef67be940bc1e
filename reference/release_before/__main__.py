"""Command that runs the release before on a database that is there: on a copy, at t24.

    HOSPITAL_DATABASE=… python -m reference.release_before --port N --secrets FILE

It listens on 127.0.0.1 until SIGTERM. `previous_release.py` writes the file: the accounts that the
gate signs in with may be missing in a copy, or have other passwords there.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

import psycopg

from reference import releases, seed, serve
from reference.auth.passwords import LIGHT, hash_of
from reference.settings import RELEASE_BEFORE, Settings

DATABASE_VARIABLE = "HOSPITAL_DATABASE"
_NAMES = "SELECT username FROM staff"


def main() -> None:
    """Give the accounts their passwords, and serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m reference.release_before")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--secrets", type=Path, required=True)
    arguments = parser.parse_args()
    serve.stop_in_order()
    secrets = json.loads(arguments.secrets.read_text(encoding="utf-8"))
    database = os.environ[DATABASE_VARIABLE]
    _add_accounts(database, [seed.Account(*account) for account in secrets["accounts"]])
    settings = Settings(
        database=database, signing_key=secrets["signing_key"], release=RELEASE_BEFORE
    )
    with serve.listen(arguments.port) as listener:
        serve.serve(releases.create_app(settings), listener)


def _add_accounts(database: str, accounts: list[seed.Account]) -> None:
    with psycopg.connect(database) as connection:
        known = {name for (name,) in connection.execute(_NAMES)}
        seed.staff(connection, [one for one in accounts if one.username not in known], LIGHT)
        for account in accounts:
            connection.execute(
                "UPDATE staff SET password_hash = %s WHERE username = %s",
                [hash_of(account.password, LIGHT), account.username],
            )


if __name__ == "__main__":
    main()
