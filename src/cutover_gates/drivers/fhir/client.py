"""The client of a FHIR server: it builds a request, sends it and validates the answer.

Every other module of this package sends its requests through it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import httpx

from cutover_gates.config.fhir import Fhir
from cutover_gates.core.evidence.record import Recorder
from cutover_gates.drivers.fhir.answer_interpretation import (
    About,
    InvalidResource,
    describe_refusal,
    drop_nulls,
    read_reason,
    validate_resource,
)
from cutover_gates.drivers.fhir.fhir_response import FhirResponse
from cutover_gates.drivers.http_client import (
    HttpClient,
    describe_head,
    make_answer,
    same_origin,
    sendable_values,
)
from cutover_gates.drivers.request_context import RequestContext
from cutover_gates.drivers.violations import ViolationReporter
from cutover_gates.hospital import Answer, MappingError, ProtocolViolation, Rejected, Session

FHIR_JSON = "application/fhir+json"
MIN_SECRET_CHARACTERS = 24
"""Shorter values are not masked: a made-up token such as "garbage" would be "found" everywhere."""


class FhirClient:
    """One FHIR server.

    `base_url` is the FHIR base; `source` names where the settings stand, for messages. Safe under
    threads.
    """

    def __init__(
        self,
        base_url: str,
        settings: Fhir,
        client: HttpClient,
        run_tag: str,
        recorder: Recorder,
        source: str,
    ) -> None:
        self.base_url, self.settings, self.http = base_url.rstrip("/"), settings, client
        self.run_tag, self.source = run_tag, source
        self.recorder, self._redactor = recorder, recorder.redactor
        self._reporter = ViolationReporter(recorder.redactor)

    # -- sending

    def ask(
        self,
        operation: str,
        method: str,
        *path: str,
        session: Session | None,
        kind: str,
        about: About = "read",
        **content: Any,
    ) -> FhirResponse:
        """Send a request below the FHIR base, and read the answer as a resource of type `kind`.

        `content` as for `request`. A success without a body has no resource. Raises `Rejected` and
        `ProtocolViolation`.
        """
        request = self.request(method, self.url(*path), session, **content)
        response = self.send_and_judge(operation, request, about)
        resource = self.resource(response, kind)
        return FhirResponse(operation, response.request, response.answer, resource)

    def send_and_judge(
        self, operation: str, request: httpx.Request, about: About = "read"
    ) -> FhirResponse:
        """Send a request; return its answer where that is a success, whatever it holds."""
        answer = self.send(operation, request)
        if 200 <= answer.status < 300:
            return FhirResponse(operation, request, answer, None)
        reason = read_reason(answer, about)
        if reason is not None:
            raise Rejected(reason, describe_refusal(answer, self._redactor), answer)
        raise self.violation(
            operation,
            "success, or a rejection in FHIR's RESTful statuses",
            self.describe_answer(answer),
            request,
        )

    def send(self, operation: str, request: httpx.Request) -> Answer:
        """Send a request; return the answer as it is. Raises `Unreachable`."""
        started = time.monotonic()
        try:
            response = self.http.send(request)
        except httpx.TransportError as error:
            raise self._reporter.unreachable(operation, request, error) from error
        return make_answer(response, time.monotonic() - started)

    def resource(self, response: FhirResponse, kind: str) -> Mapping[str, Any] | None:
        """Return the resource of type `kind` in the answer; None where the answer is empty."""
        answer = response.answer
        if not answer.content:
            return None
        if answer.json is None:
            expected, actual = f"a {kind} as {FHIR_JSON}", self.describe_answer(answer)
            raise self.violation(response.operation, expected, actual, response.request)
        try:
            validate_resource(kind, answer.json)
        except InvalidResource as fault:
            actual = fault.describe(self._redactor)
            raise self.violation(
                response.operation, f"a valid {kind}", actual, response.request
            ) from None
        return dict(drop_nulls(answer.json))

    # -- requests

    def url(self, *path: str) -> str:
        """Return an address below the FHIR base, with every part quoted."""
        return "/".join([self.base_url, *(quote(part, safe="_$") for part in path)])

    def request(
        self,
        method: str,
        url: str,
        session: Session | None,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        resource: Mapping[str, Any] | None = None,
        raw: bytes | None = None,
        form: Mapping[str, str] | None = None,
        accept: str = FHIR_JSON,
        synthetic: bool = True,
    ) -> httpx.Request:
        """Return a request with the session's token.

        `resource` is validated first: raises `MappingError` where the settings make it invalid.
        `raw` is sent as it is.
        """
        sent = {"Accept": accept, **(headers or {})}
        content = raw if resource is None else self.encode_resource(resource)
        if content is not None:
            sent["Content-Type"] = FHIR_JSON
        shown = dict(sent)
        if session is not None and session.access:
            sent["Authorization"] = f"{self.scheme} {self.mask_secret('token', session.access)}"
            shown["Authorization"] = f"{self.scheme} $TOKEN"
        with sendable_values():
            address = str(httpx.URL(url).copy_merge_params(query)) if query else url
            return self.http.build_request(
                method,
                address,
                headers=sent,
                content=content,
                data=form,
                extensions=RequestContext(synthetic, shown).as_extensions(),
            )

    def encode_resource(self, resource: Mapping[str, Any]) -> bytes:
        """Return a resource as JSON. Raises `MappingError` where it is not valid."""
        try:
            validate_resource(str(resource.get("resourceType")), resource)
        except InvalidResource as fault:
            raise MappingError(
                f"{self.source}: fhir: the resource to send is not valid FHIR: {fault}"
            ) from None
        return json.dumps(resource, ensure_ascii=False, separators=(",", ":")).encode()

    def follow(self, link: str, session: Session | None, accept: str = FHIR_JSON) -> httpx.Request:
        """Return a GET of an address that the server gave, absolute or relative to its base.

        The token is left out where the address is another server's.
        """
        with sendable_values():
            url = urljoin(f"{self.base_url}/", link)
        reader = session if same_origin(url, self.base_url) else None
        return self.request("GET", url, reader, accept=accept)

    def url_on_host(self, path: str) -> str:
        """Return an address on the server's origin, outside of the FHIR base."""
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc}{path}"

    @property
    def scheme(self) -> str:
        """The scheme of the Authorization header."""
        return "Basic" if self.settings.auth == "basic" else "Bearer"

    def mask_secret(self, name: str, secret: str) -> str:
        """Return `secret`, which is from now on masked in all output."""
        if len(secret) >= MIN_SECRET_CHARACTERS:
            self._redactor.learn(name, secret)
        return secret

    # -- failures

    def describe_answer(self, answer: Answer) -> str:
        """Return status, media type, size, and the server's text of an error."""
        message = f": {describe_refusal(answer, self._redactor)}" if answer.status >= 400 else ""
        return f"{describe_head(answer)}{message}"

    def violation(
        self, operation: str, expected: str, actual: str, request: httpx.Request
    ) -> ProtocolViolation:
        """Return the violation of an operation."""
        return self._reporter.violation(operation, expected, actual, request)
