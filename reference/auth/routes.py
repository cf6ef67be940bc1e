"""Routes of `/auth`: sign in, refresh, sign out, and the caller's own account.

Both releases have them. What they do with refresh tokens is in the module `app.state.sign_ins`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Protocol

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, StringConstraints

from reference import text
from reference.auth import sessions
from reference.openapi import EVERYWHERE, example, refusals, success
from reference.pool import Pool
from reference.problems import Problem
from reference.security import AuditLog, Caller, Guarded, bearer, pool_of
from reference.settings import BASE_PATH, Settings

Secret = Annotated[str, StringConstraints(min_length=1, max_length=1000)]


class Credentials(BaseModel):
    """What a member of staff types."""

    # Nobody's name, so that whoever tries out the examples does not throttle somebody.
    model_config = example(username="a.name", password="a password")

    username: Annotated[str, text.line(1, 200)]
    password: Secret


class RefreshRequest(BaseModel):
    """The refresh token of the latest answer."""

    model_config = example(refresh_token="bm90IGEgdG9rZW4")

    refresh_token: Secret


class Tokens(BaseModel):
    """`expires_in` is the access token's lifetime in seconds."""

    access_token: str
    refresh_token: str
    token_type: Literal["Bearer"]
    expires_in: int


class Me(BaseModel):
    """The caller."""

    username: str
    role: Literal["registrar", "clinician", "auditor", "administrator"]
    facility: str


class SignIns(Protocol):
    """What a release does at sign-in and refresh: a module."""

    def sign_in(
        self, pool: Pool, settings: Settings, username: str, password: str
    ) -> dict[str, Any]:
        """Open a session and return its tokens."""

    def refresh(self, pool: Pool, settings: Settings, refresh_token: str) -> dict[str, Any]:
        """Return new tokens for the session of a refresh token."""


public = APIRouter(prefix=BASE_PATH + "/auth", tags=["auth"])
guarded = APIRouter(
    prefix=BASE_PATH + "/auth", tags=["auth"], route_class=Guarded, dependencies=[Depends(bearer)]
)


@public.post(
    "/sign-in",
    operation_id="signIn",
    response_model=Tokens,
    responses={**refusals(401, 413, 422, 429, *EVERYWHERE), **success(200, "Signed in")},
)
def sign_in(request: Request, credentials: Credentials) -> dict[str, Any]:
    """Open a session. The same answer for an unknown name and a wrong password."""
    settings = request.app.state.settings
    try:
        tokens = _sign_ins(request).sign_in(
            pool_of(request), settings, credentials.username, credentials.password
        )
    except Problem:
        _log_sign_in(request, credentials.username, "refused")
        raise
    _log_sign_in(request, credentials.username, "allowed")
    request.state.username = credentials.username
    return tokens


def _sign_ins(request: Request) -> SignIns:
    sign_ins: SignIns = request.app.state.sign_ins
    return sign_ins


def _log_sign_in(request: Request, username: str, outcome: str) -> None:
    audit_log: AuditLog = request.app.state.audit_log
    with pool_of(request).connection() as connection:
        audit_log.write(
            connection, username[:200], "session.open", None, outcome, request.state.request_id
        )


@public.post(
    "/refresh",
    operation_id="refresh",
    response_model=Tokens,
    responses={**refusals(401, 413, 422, *EVERYWHERE), **success(200, "New tokens")},
)
def refresh(request: Request, body: RefreshRequest) -> dict[str, Any]:
    """Trade a refresh token for new tokens. Each holds once; using one again ends its session."""
    return _sign_ins(request).refresh(
        pool_of(request), request.app.state.settings, body.refresh_token
    )


@guarded.post(
    "/sign-out", operation_id="signOut", status_code=204, responses=refusals(401, *EVERYWHERE)
)
def sign_out(request: Request) -> None:
    """End the session: its access and refresh tokens are refused from now on."""
    caller: Caller = request.state.caller
    with pool_of(request).connection() as connection:
        sessions.end(connection, caller.session_id)


@guarded.get("/me", operation_id="whoAmI", response_model=Me, responses=refusals(401, *EVERYWHERE))
def who_am_i(request: Request) -> Caller:
    """The caller's name, role and facility."""
    caller: Caller = request.state.caller
    return caller
