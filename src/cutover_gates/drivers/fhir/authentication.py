"""The sign-in to a FHIR server: OAuth 2.0 client credentials, SMART backend services, or Basic."""

from __future__ import annotations

import base64
import threading
from collections.abc import Mapping
from typing import Any

import httpx

from cutover_gates.drivers.fhir.answer_interpretation import describe_refusal
from cutover_gates.drivers.fhir.client import FhirClient
from cutover_gates.drivers.fhir.client_identity import ClientIdentity
from cutover_gates.drivers.fhir.fhir_response import FhirResponse
from cutover_gates.drivers.http_client import same_origin
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
"""The reasons of OAuth's errors (RFC 6749, 5.2).

A client that sends an invalid refresh token, or one where there are none, is not authenticated.
"""
_WITH_TOKENS = ("client-credentials", "smart-backend")


class FhirAuthentication:
    """The sign-in to one server. Safe under threads."""

    def __init__(self, server: FhirClient) -> None:
        self._server, self._settings = server, server.settings
        self._identity = ClientIdentity(server)
        self._rate_limit = SignInRateLimit(server.base_url, server.settings.sign_ins_per_minute)
        self._lock = threading.Lock()
        self._endpoints: dict[str, str] | None = None
        # The clients that signed in: a token is ended by the client to which it was given.
        self._clients: dict[str, Credentials] = {}

    def sign_in(self, credentials: Credentials) -> Session:
        """Sign in, within the server's limit of sign-ins."""
        with self._rate_limit.wait_for_slot():
            if self._settings.auth == "none":
                return Session(credentials.username, "")
            if self._settings.auth == "basic":
                return self._try_basic(credentials)
            form = {"grant_type": "client_credentials", **self._scope()}
            return self._request_token("sign_in", credentials, form)

    def refresh(self, session: Session) -> Session:
        """Renew the session by its refresh token."""
        token = self._server.mask_secret("refresh token", session.refresh or "")
        form = {"grant_type": "refresh_token", "refresh_token": token}
        return self._request_token("refresh", self._client_of("refresh", session), form)

    def sign_out(self, session: Session) -> None:
        """End the token (RFC 7009).

        Raises `Unsupported` where the server has no endpoint for it.
        """
        endpoint = None
        if self._settings.auth in _WITH_TOKENS:
            endpoint = self._endpoint("revocation")
        if endpoint is None:
            raise Unsupported("sign_out", "the server names no revocation endpoint (RFC 7009)")
        client = self._client_of("sign_out", session)
        self._post_form("sign_out", endpoint, client, {"token": session.access})

    def _client_of(self, operation: str, session: Session) -> Credentials:
        """Return the client to which the session was given."""
        if session.username not in self._clients:
            raise Unsupported(operation, f"nobody called {session.username} has signed in here")
        return self._clients[session.username]

    def _try_basic(self, credentials: Credentials) -> Session:
        """Send one request with the account: HTTP Basic has no sign-in of its own."""
        pair = base64.b64encode(f"{credentials.username}:{credentials.password}".encode()).decode()
        session = Session(credentials.username, pair)
        query = {"identifier": f"{self._settings.mrn_system}|-", "_count": "1"}
        url = self._server.url("Patient")
        try:
            self._server.send_and_judge(
                "sign_in", self._server.request("GET", url, session, query=query)
            )
        except Rejected as rejection:
            # An account that may not search is authenticated all the same.
            if rejection.reason is not Reason.FORBIDDEN:
                raise
        return session

    def _scope(self) -> dict[str, str]:
        default = "system/*.*" if self._settings.auth == "smart-backend" else None
        scope = self._settings.scope or default
        return {"scope": scope} if scope else {}

    def _request_token(
        self, operation: str, credentials: Credentials, form: Mapping[str, str]
    ) -> Session:
        endpoint = self._endpoint("token")
        if endpoint is None:
            raise MappingError(
                f"{self._server.source}: fhir.token_url is missing: the server's {WELL_KNOWN} names"
                " none on its own origin"
            )
        response = self._post_form(operation, endpoint, credentials, form)
        body = response.answer.json
        if not isinstance(body, Mapping) or not isinstance(body.get("access_token"), str):
            actual = self._server.describe_answer(response.answer)
            raise self._server.violation(
                operation, "an access_token in JSON", actual, response.request
            )
        access, refresh = body["access_token"], body.get("refresh_token")
        self._server.mask_secret("access token", access)
        self._server.mask_secret("refresh token", refresh or "")
        self._clients[credentials.username] = credentials
        lifetime = body.get("expires_in")
        expires_in = float(lifetime) if isinstance(lifetime, int | float) else None
        return Session(credentials.username, access, refresh, expires_in)

    def _post_form(
        self, operation: str, endpoint: str, credentials: Credentials, form: Mapping[str, str]
    ) -> FhirResponse:
        """Send a form to an endpoint of OAuth, from a client that identifies itself."""
        identity = self._identity.present(credentials, self._audience(endpoint))
        request = self._server.request(
            "POST",
            endpoint,
            None,
            form={**form, **identity.form},
            headers=identity.headers,
            accept="application/json",
        )
        answer = self._server.send(operation, request)
        if 200 <= answer.status < 300:
            return FhirResponse(operation, request, answer, None)
        raise self._rejection(operation, request, answer)

    def _audience(self, endpoint: str) -> str:
        """Return the audience of an assertion.

        The token endpoint stands for the whole server, also where a token is ended (RFC 7523, 3).
        """
        if self._settings.auth == "smart-backend":
            return self._endpoint("token") or endpoint
        return endpoint

    def _rejection(self, operation: str, request: httpx.Request, answer: Answer) -> Exception:
        reason = _rejection_reason(answer)
        if reason is not None:
            message = describe_refusal(answer, self._server.recorder.redactor)
            return Rejected(reason, message, answer)
        if answer.status in (404, 405) or 300 <= answer.status < 400:
            return MappingError(
                f"{self._server.source}: fhir: {request.method} {request.url} answered HTTP"
                f" {answer.status}; is the endpoint right?"
            )
        actual = self._server.describe_answer(answer)
        return self._server.violation(operation, "a token, or an OAuth error", actual, request)

    def _endpoint(self, name: str) -> str | None:
        """Return an endpoint of OAuth: the settings' one, else the one that the server names."""
        urls = {"token": self._settings.token_url, "revocation": self._settings.revocation_url}
        return urls[name] or self._discover().get(f"{name}_endpoint")

    def _discover(self) -> Mapping[str, str]:
        """Return the endpoints that the server names, without those on another origin.

        A secret is sent only to where the settings or the server itself is.
        """
        with self._lock:
            if self._endpoints is None:
                url = self._server.url(*WELL_KNOWN.split("/"))
                request = self._server.request("GET", url, None, accept="application/json")
                self._endpoints = self._own_endpoints(self._server.send("sign_in", request))
            return self._endpoints

    def _own_endpoints(self, answer: Answer) -> dict[str, str]:
        named: Any = answer.json if answer.status == 200 else None
        if not isinstance(named, Mapping):
            return {}
        return {
            key: value
            for key, value in named.items()
            if isinstance(value, str)
            and key.endswith("_endpoint")
            and same_origin(value, self._server.base_url)
        }


def _rejection_reason(answer: Answer) -> Reason | None:
    if answer.status == 429:
        return Reason.THROTTLED
    error = answer.json.get("error") if isinstance(answer.json, Mapping) else None
    default = Reason.UNAUTHENTICATED if answer.status == 401 else None
    return _REASONS.get(str(error), default)
