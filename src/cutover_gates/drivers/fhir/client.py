"""The way to a FHIR server: one request, sent, judged and held to FHIR.

Every other module of this package speaks through it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import httpx

from cutover_gates.config.fhir import Fhir
from cutover_gates.core.evidence.record import Recorder
from cutover_gates.drivers.fhir.answer_interpretation import (
    About,
    InvalidResource,
    read_message,
    read_reason,
    validate_resource,
)
from cutover_gates.drivers.http_exchange import EXCHANGE, SHOWN_HEADERS, HttpClient, make_exchange
from cutover_gates.drivers.rest.answer_evaluation import make_answer
from cutover_gates.drivers.rest.request_builder import same_origin
from cutover_gates.drivers.transport import SYNTHETIC, TargetUnavailable
from cutover_gates.hospital import (
    Answer,
    MappingError,
    ProtocolViolation,
    Rejected,
    Session,
    Unreachable,
)

FHIR_JSON = "application/fhir+json"
LONG_ENOUGH_FOR_A_SECRET = 24


@dataclass(frozen=True)
class FhirResponse:
    """What came of a request: the answer, and the resource in it (None where it holds none)."""

    operation: str
    request: httpx.Request
    answer: Answer
    resource: Mapping[str, Any] | None

    @property
    def etag(self) -> str | None:
        return self.answer.headers.get("etag")


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
        self.base_url, self.settings, self.http, self.run_tag, self.source = (
            base_url.rstrip("/"),
            settings,
            client,
            run_tag,
            source,
        )
        self.recorder, self._redactor = recorder, recorder.redactor

    # -- asking

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
        """Ask below the FHIR base, and take the answer as a resource of type `kind`.

        `content` as for `request`.

        Raises `Refused` and `Misbehaved`. An answer of success without a body has no resource.
        """
        came = self.send_and_judge(
            operation, self.request(method, self.url(*path), session, **content), about
        )
        return FhirResponse(operation, came.request, came.answer, self.resource(came, kind))

    def send_and_judge(
        self, operation: str, request: httpx.Request, about: About = "read"
    ) -> FhirResponse:
        """Send it. Returns an answer of success, whatever is in it."""
        answer = self.send(operation, request)
        if 200 <= answer.status < 300:
            return FhirResponse(operation, request, answer, None)
        reason = read_reason(answer, about)
        if reason is not None:
            raise Rejected(reason, self._redactor.redact_text(read_message(answer)), answer)
        raise self.violation(
            operation,
            "success, or a refusal in FHIR's RESTful statuses",
            self.describe_answer(answer),
            request,
        )

    def send(self, operation: str, request: httpx.Request) -> Answer:
        """The answer as it is."""
        started = time.monotonic()
        try:
            response = self.http.send(request)
        except httpx.TransportError as error:
            raise self.unreachable(operation, request, error) from error
        return make_answer(response, time.monotonic() - started)

    def resource(self, came: FhirResponse, kind: str) -> Mapping[str, Any] | None:
        """The resource of type `kind` in the answer; None where the answer is empty."""
        if not came.answer.content:
            return None
        if came.answer.json is None:
            raise self.violation(
                came.operation,
                f"a {kind} as {FHIR_JSON}",
                self.describe_answer(came.answer),
                came.request,
            )
        try:
            validate_resource(kind, came.answer.json)
        except InvalidResource as fault:
            raise self.violation(
                came.operation, f"a valid {kind}", f"{fault.element}: {fault.why}", came.request
            ) from None
        resource: Mapping[str, Any] = came.answer.json
        return resource

    # -- requests

    def url(self, *path: str) -> str:
        """Below the FHIR base, every part quoted."""
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
        """A request with the session's token.

        `resource` is held to FHIR first: raises `MappingError` where the settings make it invalid.
        `raw` is one that is sent as it is.
        """
        sent = {"Accept": accept, **(headers or {})}
        content = raw if resource is None else self.encode_resource(resource)
        if content is not None:
            sent["Content-Type"] = FHIR_JSON
        shown = dict(sent)
        if session is not None and session.access:
            sent["Authorization"] = f"{self.scheme} {self.mask_secret('token', session.access)}"
            shown["Authorization"] = f"{self.scheme} $TOKEN"
        address = str(httpx.URL(url).copy_merge_params(query)) if query else url
        return self.http.build_request(
            method,
            address,
            headers=sent,
            content=content,
            data=form,
            extensions={SYNTHETIC: synthetic, SHOWN_HEADERS: shown},
        )

    def encode_resource(self, resource: Mapping[str, Any]) -> bytes:
        try:
            validate_resource(str(resource.get("resourceType")), resource)
        except InvalidResource as fault:
            raise MappingError(
                f"{self.source}: fhir: what would be sent is no FHIR: {fault}"
            ) from None
        return json.dumps(resource, ensure_ascii=False, separators=(",", ":")).encode()

    def follow(self, link: str, session: Session | None, accept: str = FHIR_JSON) -> httpx.Request:
        """A GET of an address that the server itself gave, absolute or relative to its base;
        without the token where that is another server's.
        """
        url = urljoin(f"{self.base_url}/", link)
        return self.request(
            "GET", url, session if same_origin(url, self.base_url) else None, accept=accept
        )

    def url_on_host(self, path: str) -> str:
        """An address on the server's origin, outside of the FHIR base."""
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc}{path}"

    @property
    def scheme(self) -> str:
        """The scheme under which a session shows itself."""
        return "Basic" if self.settings.auth == "basic" else "Bearer"

    def mask_secret(self, name: str, secret: str) -> str:
        """`secret`, from now on masked everywhere."""
        if len(secret) >= LONG_ENOUGH_FOR_A_SECRET:
            self._redactor.learn(name, secret)
        return secret

    # -- words of failures

    def describe_answer(self, answer: Answer) -> str:
        words = f": {read_message(answer)}" if answer.status >= 400 else ""
        return (
            f"HTTP {answer.status} ({answer.media_type or 'no media type'}, {len(answer.content)}"
            f" bytes){words}"
        )

    def violation(
        self, operation: str, expected: str, came: str, request: httpx.Request
    ) -> ProtocolViolation:
        return ProtocolViolation(self._format_failure(operation, expected, came, request))

    def unreachable(self, operation: str, request: httpx.Request, error: Exception) -> Unreachable:
        words = self._format_failure(
            operation, "an answer", f"no answer: {type(error).__name__}: {error}", request
        )
        return Unreachable(words, final=isinstance(error, TargetUnavailable))

    def _format_failure(
        self, operation: str, expected: str, came: str, request: httpx.Request
    ) -> str:
        exchange = request.extensions.get(EXCHANGE) or make_exchange(request, None, 0.0)
        lines = [
            f"{operation}: {request.method} {request.url.path}",
            f"  expected: {expected}",
            f"  came:     {came}",
            f"  again:    {exchange.curl()}",
            *([f"  request:  {exchange.request_id}"] if exchange.request_id else []),
        ]
        return self._redactor.redact_text("\n".join(lines))
