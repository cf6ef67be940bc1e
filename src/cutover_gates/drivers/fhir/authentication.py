"""Signing in to a FHIR server: tokens by OAuth 2.0 client credentials or SMART backend services,
HTTP Basic, or nobody asked.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus

import httpx

from cutover_gates.drivers.fhir.answer_interpretation import read_message
from cutover_gates.drivers.fhir.client import FhirClient, FhirResponse
from cutover_gates.drivers.fhir.client_assertions import signing_key
from cutover_gates.drivers.rest.request_builder import same_origin
from cutover_gates.drivers.sign_in_rate_limit import SignInRateLimit
from cutover_gates.hospital import (
    Answer,
    Credentials,
    MappingError,
    Reason,
    Rejected,
    Session,
    Unsupported,
)

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
WELL_KNOWN = ".well-known/smart-configuration"
_REASONS: Mapping[str, Reason] = {
    "invalid_client": Reason.UNAUTHENTICATED,
    "invalid_grant": Reason.UNAUTHENTICATED,
    "unauthorized_client": Reason.UNAUTHENTICATED,
    "unsupported_grant_type": Reason.UNAUTHENTICATED,
    "invalid_request": Reason.INVALID,
    "invalid_scope": Reason.INVALID,
    "access_denied": Reason.FORBIDDEN,
    "slow_down": Reason.THROTTLED,
}
"""OAuth's errors (RFC 6749, 5.2).

Whoever asks with a refresh token that is none, or where there are none, has not shown who he is.
"""


class FhirAuthentication:
    """The doors of one server."""

    def __init__(self, server: FhirClient) -> None:
        self._server, self._settings = server, server.settings
        self._pace = SignInRateLimit(server.base_url, server.settings.sign_ins_per_minute)
        self._lock = threading.Lock()
        self._found: dict[str, Any] | None = None
        self._known: dict[
            str, Credentials
        ] = {}  # who signed in: a token is ended by the client to whom it was given

    def sign_in(self, credentials: Credentials) -> Session:
        with self._pace.wait_for_slot():
            return self._open_session(credentials)

    def _open_session(self, credentials: Credentials) -> Session:
        if self._settings.auth == "none":
            return Session(credentials.username, "")
        if self._settings.auth == "basic":
            return self._request_session(credentials)
        form = {"grant_type": "client_credentials", **self._scope()}
        return self._request_token("sign_in", credentials, form)

    def refresh(self, session: Session) -> Session:
        """By a refresh token."""
        form = {
            "grant_type": "refresh_token",
            "refresh_token": self._server.mask_secret("refresh token", session.refresh or ""),
        }
        return self._request_token("refresh", self._credentials_of("refresh", session), form)

    def sign_out(self, session: Session) -> None:
        """The token is ended (RFC 7009)."""
        where = (
            self._endpoint("revocation")
            if self._settings.auth in ("client-credentials", "smart-backend")
            else None
        )
        if where is None:
            raise Unsupported("sign_out", "the server names no revocation endpoint (RFC 7009)")
        self._post_form(
            "sign_out", where, self._credentials_of("sign_out", session), {"token": session.access}
        )

    # -- below

    def _credentials_of(self, operation: str, session: Session) -> Credentials:
        """The client to whom the session was given."""
        if session.username not in self._known:
            raise Unsupported(operation, f"nobody called {session.username} has signed in here")
        return self._known[session.username]

    def _request_session(self, credentials: Credentials) -> Session:
        """HTTP Basic has no sign-in of its own: the account shows itself once, and is refused or
        not.
        """
        pair = base64.b64encode(f"{credentials.username}:{credentials.password}".encode()).decode()
        session = Session(credentials.username, pair)
        query = {"identifier": f"{self._settings.mrn_system}|-", "_count": "1"}
        try:
            self._server.send_and_judge(
                "sign_in",
                self._server.request("GET", self._server.url("Patient"), session, query=query),
            )
        except Rejected as refused:
            if refused.reason is not Reason.FORBIDDEN:  # who may not search is known all the same
                raise
        return session

    def _scope(self) -> dict[str, str]:
        scope = self._settings.scope or (
            "system/*.*" if self._settings.auth == "smart-backend" else None
        )
        return {"scope": scope} if scope else {}

    def _request_token(
        self, operation: str, credentials: Credentials, form: Mapping[str, str]
    ) -> Session:
        where = self._endpoint("token")
        if where is None:
            raise MappingError(
                f"{self._server.source}: fhir.token_url is missing: the server's {WELL_KNOWN} names"
                " none on its own origin"
            )
        came = self._post_form(operation, where, credentials, form)
        body = came.answer.json
        if not isinstance(body, Mapping) or not isinstance(body.get("access_token"), str):
            raise self._server.violation(
                operation,
                "an access_token in JSON",
                self._server.describe_answer(came.answer),
                came.request,
            )
        access, refresh = body["access_token"], body.get("refresh_token")
        for name, token in (("access token", access), ("refresh token", refresh)):
            self._server.mask_secret(name, token or "")
        self._known[credentials.username] = credentials
        lifetime = body.get("expires_in")
        return Session(
            credentials.username,
            access,
            refresh,
            float(lifetime) if isinstance(lifetime, int | float) else None,
        )

    def _post_form(
        self, operation: str, where: str, credentials: Credentials, form: Mapping[str, str]
    ) -> FhirResponse:
        """A form, sent to an endpoint of OAuth's by a client that shows who it is."""
        headers, shown = self._client(credentials, where)
        request = self._server.request(
            "POST", where, None, form={**form, **shown}, headers=headers, accept="application/json"
        )
        answer = self._server.send(operation, request)
        if 200 <= answer.status < 300:
            return FhirResponse(operation, request, answer, None)
        raise self._rejection(operation, request, answer)

    def _client(
        self, credentials: Credentials, where: str
    ) -> tuple[dict[str, str], dict[str, str]]:
        """How the client shows who it is: headers and form fields."""
        if self._settings.auth == "smart-backend":
            audience = (
                self._endpoint("token") or where
            )  # the token endpoint stands for the whole server (RFC 7523, 3), also where a token is ended
            signed = signing_key(credentials.password, self._settings.key_id).assertion(
                credentials.username, audience
            )
            return {}, {
                "client_assertion_type": ASSERTION,
                "client_assertion": self._server.mask_secret("client assertion", signed),
            }
        if self._settings.secret_in == "body":
            return {}, {"client_id": credentials.username, "client_secret": credentials.password}
        # both are form-encoded first (RFC 6749, 2.3.1)
        pair = f"{quote_plus(credentials.username)}:{quote_plus(credentials.password)}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}, {}

    def _rejection(self, operation: str, request: httpx.Request, answer: Answer) -> Exception:
        error = answer.json.get("error") if isinstance(answer.json, Mapping) else None
        reason = (
            Reason.THROTTLED
            if answer.status == 429
            else _REASONS.get(str(error), Reason.UNAUTHENTICATED if answer.status == 401 else None)
        )
        if reason is not None:
            return Rejected(
                reason, self._server.recorder.redactor.redact_text(read_message(answer)), answer
            )
        if answer.status in (404, 405) or 300 <= answer.status < 400:
            return MappingError(
                f"{self._server.source}: fhir: {request.method} {request.url} answered HTTP"
                f" {answer.status}; is the endpoint right?"
            )
        return self._server.violation(
            operation,
            "a token, or an error of OAuth's",
            self._server.describe_answer(answer),
            request,
        )

    def _endpoint(self, name: str) -> str | None:
        given: str | None = getattr(self._settings, f"{name}_url")
        return given or self._discover().get(f"{name}_endpoint")

    def _discover(self) -> Mapping[str, Any]:
        """The endpoints that the server names.

        One on another origin is not taken: a secret goes only where the settings or the server
        itself is.
        """
        with self._lock:
            if self._found is None:
                request = self._server.request(
                    "GET", self._server.url(*WELL_KNOWN.split("/")), None, accept="application/json"
                )
                answer = self._server.send("sign_in", request)
                named = (
                    answer.json if answer.status == 200 and isinstance(answer.json, Mapping) else {}
                )
                self._found = {
                    key: value
                    for key, value in named.items()
                    if isinstance(value, str)
                    and key.endswith("_endpoint")
                    and same_origin(value, self._server.base_url)
                }
            return self._found
