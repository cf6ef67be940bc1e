"""Searches, read to their last page by the links that the server gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import httpx

from cutover_gates.drivers.fhir.client import FhirClient
from cutover_gates.drivers.fhir.fhir_response import FhirResponse
from cutover_gates.hospital import Session

MOST_PAGES = 1000
"""Pages after which a search counts as endless."""


def escape_value(text: str) -> str:
    """Return `text` as the value of a search parameter, with FHIR's separators escaped."""
    return "".join(f"\\{sign}" if sign in "\\,$|" else sign for sign in text)


def search_all(
    server: FhirClient, operation: str, kind: str, query: Mapping[str, str], session: Session | None
) -> list[tuple[FhirResponse, Mapping[str, Any]]]:
    """Return every match of a search once, with the page on which it came.

    Violations are: a page that was there before, a match that comes twice or without an id, and an
    end before `total` is reached.
    """
    found: dict[str, tuple[FhirResponse, Mapping[str, Any]]] = {}
    page: FhirResponse | None = None
    for page in _pages(server, operation, kind, query, session):
        for match in _matches(server, page, kind):
            match_id = str(match.get("id", ""))
            if not match_id or match_id in found:
                actual = f"{kind}/{match_id} a second time" if match_id else f"a {kind} without id"
                expected = f"every {kind} once, with its id"
                raise server.violation(operation, expected, actual, page.request)
            found[match_id] = (page, match)
    _check_total(server, operation, page, len(found))
    return list(found.values())


def _pages(
    server: FhirClient, operation: str, kind: str, query: Mapping[str, str], session: Session | None
) -> Iterator[FhirResponse]:
    request = server.request(
        "GET",
        server.url(kind),
        session,
        query={**query, "_count": str(server.settings.page_size)},
        headers={"Cache-Control": "no-cache"} if server.settings.no_cache else None,
    )
    followed: set[str] = set()
    for _ in range(MOST_PAGES):
        page = _bundle(server, operation, request)
        yield page
        link = _next_link(page)
        if link is None:
            return
        if link in followed:
            raise server.violation(operation, "another page", "the same page again", request)
        followed.add(link)
        request = server.follow(link, session)
    raise server.violation(operation, f"at most {MOST_PAGES} pages", "no end", request)


def _next_link(page: FhirResponse) -> str | None:
    for link in (page.resource or {}).get("link", []):
        if link.get("relation") == "next":
            return str(link["url"])
    return None


def _bundle(server: FhirClient, operation: str, request: httpx.Request) -> FhirResponse:
    response = server.send_and_judge(operation, request)
    bundle = server.resource(response, "Bundle")
    if bundle is None or bundle.get("type") != "searchset":
        found = "nothing" if bundle is None else f"Bundle.type = {bundle.get('type')!r}"
        raise server.violation(operation, "a Bundle of type searchset", found, request)
    return FhirResponse(operation, request, response.answer, bundle)


def _matches(server: FhirClient, page: FhirResponse, kind: str) -> Iterator[Mapping[str, Any]]:
    """Yield the entries that match, without included resources and remarks about the search."""
    for number, entry in enumerate((page.resource or {}).get("entry", [])):
        resource = entry.get("resource") or {}
        found = resource.get("resourceType")
        if entry.get("search", {}).get("mode", "match") != "match" or found == "OperationOutcome":
            continue
        if found != kind:
            actual = f"Bundle.entry[{number}].resource is {found!r}"
            raise server.violation(page.operation, f"a {kind}", actual, page.request)
        yield resource


def _check_total(server: FhirClient, operation: str, page: FhirResponse | None, found: int) -> None:
    total = page.resource.get("total") if page and page.resource else None
    if page and total is not None and total != found:
        expected = f"{total} matches, as Bundle.total says"
        raise server.violation(operation, expected, f"{found} on all pages", page.request)
