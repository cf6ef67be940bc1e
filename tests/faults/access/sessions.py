"""Faults of sessions: tokens that open what they must not, and sessions that do not end."""

# What takes a function's place takes what that one took, whether it looks at it or not.

from __future__ import annotations

from contextlib import suppress
from typing import Any
from uuid import UUID

import jwt
from fastapi import Request

from reference import security
from reference.auth import sessions, tokens
from reference.pool import Rows
from reference.problems import Problem
from tests.faults.fault import replace
from tests.faults.functional.functional_fault import FunctionalFault
from tests.faults.response_changes import fetch_row


class _Session(FunctionalFault):
    """Whatever is wrong with sessions, one item looks after it."""

    item = "authentication-flow"


# ── tokens ──


class ExpiredTokensOpen(_Session):
    """A token that was copied from a lost phone opens the records for ever."""

    def put_in(self) -> None:
        def verify(signing_key: str, token: str) -> UUID:
            try:
                return UUID(
                    jwt.decode(
                        token, signing_key, [tokens.ALGORITHM], options={"verify_exp": False}
                    )["sid"]
                )
            except jwt.InvalidTokenError as error:
                raise tokens.Refused from error

        replace(tokens, verify=verify)


class ChangedTokensOpen(_Session):
    """The signature is not looked at: anyone who holds a token can rewrite it to be somebody else."""

    def put_in(self) -> None:
        def verify(signing_key: str, token: str) -> UUID:
            try:
                if jwt.get_unverified_header(token)["alg"] != tokens.ALGORITHM:
                    raise tokens.Refused
                return _session_in(token)
            except jwt.InvalidTokenError as error:
                raise tokens.Refused from error

        replace(tokens, verify=verify)


class UnsignedTokensOpen(_Session):
    """`alg: none` is believed: anyone can write a token for any session that he has seen."""

    def put_in(self) -> None:
        right = tokens.verify

        def verify(signing_key: str, token: str) -> UUID:
            try:
                unsigned = str(jwt.get_unverified_header(token)["alg"]).lower() == "none"
            except jwt.InvalidTokenError as error:
                raise tokens.Refused from error
            return _session_in(token) if unsigned else right(signing_key, token)

        replace(tokens, verify=verify)


def _session_in(token: str) -> UUID:
    """The session that a token names, unless it has expired. Its signature is not looked at."""
    return UUID(jwt.decode(token, options={"verify_signature": False, "verify_exp": True})["sid"])


class RefreshTokensNeverWearOut(_Session):
    """A refresh token that was stolen goes on beside the nurse's own, and nobody notices."""

    def put_in(self) -> None:
        def use_refresh_token(connection: Rows, token: str) -> UUID | None:
            kept = fetch_row(
                connection,
                "SELECT session_id FROM refresh_tokens WHERE token_hash = sha256(%s)",
                token.encode(),
            )
            return kept["session_id"] if kept else None

        replace(sessions, use_refresh_token=use_refresh_token)


# ── leaving ──


class TokensOutliveTheSignOut(_Session):
    """A nurse signs out at the ward's computer; the next visitor at it presses “back” and reads on."""

    def put_in(self) -> None:
        def find(connection: Rows, session_id: UUID) -> dict[str, Any] | None:
            return fetch_row(
                connection,
                "SELECT username, role, facility FROM sessions JOIN staff USING (username) WHERE id"
                " = %s",
                session_id,
            )

        replace(sessions, find=find)


class SessionsComeBackAfterTheSignOut(_Session):
    """A nurse signs out, and her session can be refreshed into a new one."""

    def put_in(self) -> None:
        left: set[UUID] = set()
        right = security.authenticate

        def authenticate(request: Request) -> security.Caller:
            caller = right(request)
            if caller.session_id in left:
                raise Problem("unauthenticated", "A valid access token is required.")
            return caller

        replace(security, authenticate=authenticate)
        replace(sessions, end=lambda connection, session_id: left.add(session_id))


class SignOutEndsTheNextDesksSessionToo(_Session):
    """A nurse signs out at one desk, and loses what she was writing at the other."""

    def put_in(self) -> None:
        def end(connection: Rows, session_id: UUID) -> None:
            connection.execute(
                "UPDATE sessions AS other SET ended_at = now() FROM sessions AS this WHERE this.id"
                " = %s AND other.username = this.username AND other.created_at >= this.created_at",
                [session_id],
            )

        replace(sessions, end=end)


# ── what is told ──


class RefusedTokensTellWhy(_Session):
    """Whoever forges tokens is told how near he came."""

    def put_in(self) -> None:
        right = security.authenticate

        def authenticate(request: Request) -> security.Caller:
            try:
                return right(request)
            except Problem as problem:
                token = request.headers.get("Authorization", "").removeprefix("Bearer ")
                with suppress(jwt.DecodeError):
                    jwt.get_unverified_header(token)
                    problem.detail = "The token has expired, or its signature is wrong."
                raise

        replace(security, authenticate=authenticate)
