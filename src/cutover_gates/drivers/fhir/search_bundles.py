"""Searches, walked to their last page by the links that the server gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import httpx

from cutover_gates.drivers.fhir.client import FhirClient, FhirResponse
from cutover_gates.hospital import ProtocolViolation, Session

MOST_PAGES = 1000


def escape_value(text: str) -> str:
    """`text` as the value of a search parameter: what parts values in FHIR is escaped."""
    return "".join(f"\\{sign}" if sign in "\\,$|" else sign for sign in text)


def search_all(
    server: FhirClient, operation: str, kind: str, query: Mapping[str, str], session: Session | None
) -> list[tuple[FhirResponse, Mapping[str, Any]]]:
    """Every match of a search, each once, with the page that it came on.

    A page that was there before, a match that comes twice, one without its id, and an end before
    `total` is reached are misbehaviours.
    """
    found: dict[str, tuple[FhirResponse, Mapping[str, Any]]] = {}
    came: FhirResponse | None = None
    for came in _pages(server, operation, kind, query, session):
        for match in _matches(server, came, kind):
            known = str(match.get("id", ""))
            if not known or known in found:
                what = f"{kind}/{known} a second time" if known else f"a {kind} without an id"
                raise server.violation(
                    operation, f"every {kind} once, with its id", what, came.request
                )
            found[known] = (came, match)
    _check_total(server, operation, came, len(found))
    return list(found.values())


def _pages(
    server: FhirClient, operation: str, kind: str, query: Mapping[str, str], session: Session | None
) -> Iterator[FhirResponse]:
    request = server.request(
        "GET", server.url(kind), session, query={**query, "_count": str(server.settings.page_size)}
    )
    seen: set[str] = set()
    for _ in range(MOST_PAGES):
        came = _bundle(server, operation, request)
        yield came
        link = next(
            (
                str(link["url"])
                for link in (came.resource or {}).get("link", [])
                if link.get("relation") == "next"
            ),
            None,
        )
        if link is None:
            return
        if link in seen:
            raise server.violation(operation, "another page", "the same page again", request)
        seen.add(link)
        request = server.follow(link, session)
    raise server.violation(operation, f"at most {MOST_PAGES} pages", "no end", request)


def _bundle(server: FhirClient, operation: str, request: httpx.Request) -> FhirResponse:
    came = server.send_and_judge(operation, request)
    bundle = server.resource(came, "Bundle")
    if bundle is None or bundle.get("type") != "searchset":
        found = "nothing" if bundle is None else f"Bundle.type = {bundle.get('type')!r}"
        raise server.violation(operation, "a Bundle of type searchset", found, request)
    return FhirResponse(operation, request, came.answer, bundle)


def _matches(server: FhirClient, came: FhirResponse, kind: str) -> Iterator[Mapping[str, Any]]:
    """The entries that match; what a server includes beside, or says of the search, is left out."""
    for number, entry in enumerate((came.resource or {}).get("entry", [])):
        resource = entry.get("resource") or {}
        if (
            entry.get("search", {}).get("mode", "match") != "match"
            or resource.get("resourceType") == "OperationOutcome"
        ):
            continue
        if resource.get("resourceType") != kind:
            raise _unrelated_entry(server, came, number, kind, resource.get("resourceType"))
        yield resource


def _unrelated_entry(
    server: FhirClient, came: FhirResponse, number: int, kind: str, found: Any
) -> ProtocolViolation:
    return server.violation(
        came.operation, f"a {kind}", f"Bundle.entry[{number}].resource is {found!r}", came.request
    )


def _check_total(server: FhirClient, operation: str, came: FhirResponse | None, found: int) -> None:
    total = came.resource.get("total") if came and came.resource else None
    if came and total is not None and total != found:
        raise server.violation(
            operation,
            f"{total} matches, as Bundle.total says",
            f"{found} on all pages",
            came.request,
        )
