"""The document that a target serves: requested where servers usually have it, never written to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import httpx

from cutover_gates.drivers.http_client import HttpClient, sendable_values
from cutover_gates.drivers.request_context import RequestContext
from cutover_gates.hospital import ProtocolViolation
from cutover_gates.util.api_document_text import UnusableDocument, parse_api_document

USUAL_PATHS = (
    "/openapi.json",
    "/openapi.yaml",
    "/openapi",
    "/v3/api-docs",
    "/api/schema/?format=json",
    "/api/schema/",
    "/schema/",
    "/schema",
    "/api/openapi.json",
    "/api/v1/openapi.json",
    "/swagger.json",
    "/q/openapi",
)
"""Where FastAPI, springdoc, drf-spectacular, Quarkus and others serve it."""


class NoServedDocument(Exception):
    """No document was found. The message is one sentence."""


@dataclass(frozen=True)
class ServedDocument:
    """A document, and the path at which it was found, with its query."""

    document: Any = field(repr=False)
    path: str


def fetch_served_document(
    client: HttpClient, base_url: str, paths: Iterable[str] = USUAL_PATHS
) -> ServedDocument:
    """Return the first OpenAPI document that the target gives. Raises `NoServedDocument`."""
    seen: list[str] = []
    for path in paths:
        try:
            with sendable_values():
                # The document of a target names no patient, and no token is shown.
                request = client.build_request(
                    "GET",
                    f"{base_url.rstrip('/')}{path}",
                    headers={"Accept": "application/json, application/yaml;q=0.9, */*;q=0.1"},
                    extensions=RequestContext(False, {}).as_extensions(),
                )
            response = client.send(request)
        except httpx.TransportError as error:
            raise NoServedDocument(f"{base_url} gives no answer: {error}") from None
        except ProtocolViolation as error:
            raise NoServedDocument(str(error)) from None
        document = _read(response.content) if response.status_code == httpx.codes.OK else None
        if document is not None:
            return ServedDocument(document, path)
        seen.append(f"{path} ({response.status_code})")
    raise NoServedDocument(
        f"{base_url} serves no OpenAPI document at {', '.join(seen)}: name a file with it, such as"
        " --sketch-mapping openapi.yaml"
    )


def _read(content: bytes) -> Any:
    """Return the document; None for any other content."""
    try:
        document = parse_api_document(content)
    except UnusableDocument:
        return None
    is_document = isinstance(document, dict) and ("openapi" in document or "swagger" in document)
    return document if is_document else None
