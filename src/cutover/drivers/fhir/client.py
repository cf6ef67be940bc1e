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

from cutover.drivers.building import same_origin
from cutover.drivers.client import Client
from cutover.drivers.exchanges import EXCHANGE, SHOWN, exchange_of
from cutover.drivers.fhir.errors import About, message_of, reason_of
from cutover.drivers.fhir.validating import NotFhir, hold
from cutover.drivers.guard import SYNTHETIC
from cutover.drivers.judging import answer_of
from cutover.drivers.transport import TargetGone
from cutover.evidence import Recorder
from cutover.hospital import Answer, MappingError, Misbehaved, Refused, Session, Unreachable
from cutover.settings.fhir import Fhir

FHIR_JSON = "application/fhir+json"
LONG_ENOUGH_FOR_A_SECRET = 24


@dataclass(frozen=True)
class Came:
    """What came of a request: the answer, and the resource in it (None where it holds none)."""

    operation: str
    request: httpx.Request
    answer: Answer
    resource: Mapping[str, Any] | None

    @property
    def etag(self) -> str | None:
        return self.answer.headers.get("etag")


class Server:
    """One FHIR server.

    `base_url` is the FHIR base; `source` names where the settings stand, for messages. Safe under
    threads.
    """

    def __init__(
        self,
        base_url: str,
        settings: Fhir,
        client: Client,
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
    ) -> Came:
        """Ask below the FHIR base, and take the answer as a resource of type `kind`.

        `content` as for `request`.

        Raises `Refused` and `Misbehaved`. An answer of success without a body has no resource.
        """
        came = self.judged(
            operation, self.request(method, self.url(*path), session, **content), about
        )
        return Came(operation, came.request, came.answer, self.resource(came, kind))

    def judged(self, operation: str, request: httpx.Request, about: About = "read") -> Came:
        """Send it. Returns an answer of success, whatever is in it."""
        answer = self.sent(operation, request)
        if 200 <= answer.status < 300:
            return Came(operation, request, answer, None)
        reason = reason_of(answer, about)
        if reason is not None:
            raise Refused(reason, self._redactor.text(message_of(answer)), answer)
        raise self.misbehaved(
            operation,
            "success, or a refusal in FHIR's RESTful statuses",
            self.told(answer),
            request,
        )

    def sent(self, operation: str, request: httpx.Request) -> Answer:
        """The answer as it is."""
        started = time.monotonic()
        try:
            response = self.http.send(request)
        except httpx.TransportError as error:
            raise self.unreachable(operation, request, error) from error
        return answer_of(response, time.monotonic() - started)

    def resource(self, came: Came, kind: str) -> Mapping[str, Any] | None:
        """The resource of type `kind` in the answer; None where the answer is empty."""
        if not came.answer.content:
            return None
        if came.answer.json is None:
            raise self.misbehaved(
                came.operation, f"a {kind} as {FHIR_JSON}", self.told(came.answer), came.request
            )
        try:
            hold(kind, came.answer.json)
        except NotFhir as fault:
            raise self.misbehaved(
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
        content = raw if resource is None else self.written(resource)
        if content is not None:
            sent["Content-Type"] = FHIR_JSON
        shown = dict(sent)
        if session is not None and session.access:
            sent["Authorization"] = f"{self.scheme} {self.learnt('token', session.access)}"
            shown["Authorization"] = f"{self.scheme} $TOKEN"
        address = str(httpx.URL(url).copy_merge_params(query)) if query else url
        return self.http.build_request(
            method,
            address,
            headers=sent,
            content=content,
            data=form,
            extensions={SYNTHETIC: synthetic, SHOWN: shown},
        )

    def written(self, resource: Mapping[str, Any]) -> bytes:
        try:
            hold(str(resource.get("resourceType")), resource)
        except NotFhir as fault:
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

    def beside(self, path: str) -> str:
        """An address on the server's origin, outside of the FHIR base."""
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc}{path}"

    @property
    def scheme(self) -> str:
        """The scheme under which a session shows itself."""
        return "Basic" if self.settings.auth == "basic" else "Bearer"

    def learnt(self, name: str, secret: str) -> str:
        """`secret`, from now on masked everywhere."""
        if len(secret) >= LONG_ENOUGH_FOR_A_SECRET:
            self._redactor.learn(name, secret)
        return secret

    # -- words of failures

    def told(self, answer: Answer) -> str:
        words = f": {message_of(answer)}" if answer.status >= 400 else ""
        return (
            f"HTTP {answer.status} ({answer.media_type or 'no media type'}, {len(answer.content)}"
            f" bytes){words}"
        )

    def misbehaved(
        self, operation: str, expected: str, came: str, request: httpx.Request
    ) -> Misbehaved:
        return Misbehaved(self._lines(operation, expected, came, request))

    def unreachable(self, operation: str, request: httpx.Request, error: Exception) -> Unreachable:
        words = self._lines(
            operation, "an answer", f"no answer: {type(error).__name__}: {error}", request
        )
        return Unreachable(words, final=isinstance(error, TargetGone))

    def _lines(self, operation: str, expected: str, came: str, request: httpx.Request) -> str:
        exchange = request.extensions.get(EXCHANGE) or exchange_of(request, None, 0.0)
        lines = [
            f"{operation}: {request.method} {request.url.path}",
            f"  expected: {expected}",
            f"  came:     {came}",
            f"  again:    {exchange.curl()}",
            *([f"  request:  {exchange.request_id}"] if exchange.request_id else []),
        ]
        return self._redactor.text("\n".join(lines))
