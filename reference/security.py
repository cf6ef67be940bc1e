"""Authentication and authorisation.

`Guarded` routes identify the caller before they read the body. `require_role("patient.read",
*roles)` is the dependency that admits only these roles. It gives an `Access`: each read and write
of a record goes through it and writes a line to the audit log.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer

from reference.auth import sessions, tokens
from reference.pool import Pool, Rows
from reference.problems import Problem
from reference.settings import Settings

REGISTRAR, CLINICIAN, AUDITOR, ADMINISTRATOR = "registrar", "clinician", "auditor", "administrator"

# Describes the authentication in the OpenAPI document. `Guarded` does the work.
bearer = HTTPBearer(auto_error=False, bearerFormat="JWT", scheme_name="bearer")


class AuditLog(Protocol):
    """Where a release writes who used which record: a module."""

    def write(
        self,
        connection: Rows,
        username: str,
        action: str,
        patient_id: UUID | None,
        outcome: str,
        request_id: str,
    ) -> None:
        """Insert a line, in the transaction of the action that it records."""


@dataclass(frozen=True)
class Caller:
    """The holder of the session that a request belongs to."""

    username: str
    role: str
    facility: str
    session_id: UUID

    @property
    def sees(self) -> str | None:
        """Return the facility whose patients the caller can see; None for all of them."""
        return None if self.role in (ADMINISTRATOR, AUDITOR) else self.facility


class Guarded(APIRoute):
    """A route for callers with a valid session."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return a handler that authenticates the caller first."""
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            request.state.caller = await run_in_threadpool(authenticate, request)
            return await handle(request)

        return guarded


def authenticate(request: Request) -> Caller:
    """Return the caller. The reason why a token is rejected is not disclosed."""
    settings: Settings = request.app.state.settings
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    try:
        if scheme.lower() != "bearer":
            raise tokens.Refused
        session_id = tokens.verify(settings.signing_key, token.strip())
        with pool_of(request).connection() as connection:
            holder = sessions.find(connection, session_id)
        if holder is None:
            raise tokens.Refused
    except tokens.Refused:
        raise Problem("unauthenticated", "A valid access token is required.") from None
    request.state.username = holder["username"]
    return Caller(**holder, session_id=session_id)


@dataclass
class Access:
    """One use of a record: the caller, the action, and the patient.

    Set `patient_id` where it is not in the path.
    """

    caller: Caller
    action: str
    patient_id: UUID | None
    request_id: str
    pool: Pool
    audit_log: AuditLog

    @contextmanager
    def transaction(self) -> Iterator[Rows]:
        """Open a transaction that ends with a line in the audit log.

        A problem rolls it back, and is itself recorded as refused.
        """
        try:
            with self.pool.connection() as connection:
                yield connection
                self.audit_log.write(connection, *self._line("allowed"))
        except Problem:
            self.refuse()
            raise

    def refuse(self) -> None:
        """Record that the action was not allowed, or failed."""
        with self.pool.connection() as connection:
            self.audit_log.write(connection, *self._line("refused"))

    def _line(self, outcome: str) -> tuple[str, str, UUID | None, str, str]:
        return self.caller.username, self.action, self.patient_id, outcome, self.request_id


def require_role(action: str, *roles: str) -> Callable[[Request], Coroutine[Any, Any, Access]]:
    """Return the dependency of a route that only `roles` may use."""

    async def check(request: Request) -> Access:
        caller: Caller = request.state.caller
        access = Access(
            caller,
            action,
            _patient_in_path(request),
            request.state.request_id,
            pool_of(request),
            request.app.state.audit_log,
        )
        if caller.role not in roles:
            await run_in_threadpool(access.refuse)
            raise Problem("forbidden", f"Only for: {', '.join(roles)}.")
        return access

    return check


def pool_of(request: Request) -> Pool:
    """Return the application's pool."""
    pool: Pool = request.app.state.pool
    return pool


def _patient_in_path(request: Request) -> UUID | None:
    try:
        return UUID(request.path_params.get("patient_id"))
    except (ValueError, TypeError, AttributeError):
        return None
