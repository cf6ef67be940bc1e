"""Faults of the door: who comes in, who should have left, and what is told to whom."""

# What takes a function's place takes what that one took, whether it looks at it or not.

from __future__ import annotations

from dataclasses import replace as changed
from typing import Any

from reference.auth import passwords, service
from reference.pool import Pool
from reference.problems import Problem
from reference.settings import Settings
from tests.faults.fault import replace
from tests.faults.functional.functional_fault import FunctionalFault
from tests.faults.response_changes import fetch_row


class _Door(FunctionalFault):
    """Whatever is wrong with the door, one item looks after it."""

    item = "authentication-flow"


# ── passwords ──


class AnyPasswordOpens(_Door):
    """Whoever knows a nurse's user name reads her patients' records."""

    def put_in(self) -> None:
        replace(
            passwords, matches=lambda password, password_hash, hashing: password_hash is not None
        )


# ── what is told ──


class WrongPasswordsTellWhoWorksHere(_Door):
    """Whoever guesses learns from the words of the refusal which names exist, and goes on with
    those.
    """

    def put_in(self) -> None:
        _told_apart(Problem("unauthenticated", "There is no such user."))


class UnknownNamesAreAnsweredWithAnotherStatus(_Door):
    """Whoever guesses learns from the status of the refusal which names exist, and goes on with
    those.
    """

    def put_in(self) -> None:
        _told_apart(Problem("invalid", "Username or password is wrong."))


def _told_apart(refusal: Problem) -> None:
    """Names that do not exist are refused in their own way."""
    right = service.sign_in

    def sign_in(pool: Pool, settings: Settings, username: str, password: str) -> dict[str, Any]:
        try:
            return right(pool, settings, username, password)
        except Problem as problem:
            with pool.connection() as connection:
                known = fetch_row(connection, "SELECT 1 FROM staff WHERE username = %s", username)
            raise problem if known or problem.kind == "throttled" else refusal from None

    replace(service, sign_in=sign_in)


# ── guessing ──


class GuessingIsNeverSlowedDown(_Door):
    """A machine tries a million passwords for one nurse in a night."""

    def settings(self, settings: Settings) -> Settings:
        return changed(settings, throttle_failures=10**9)
