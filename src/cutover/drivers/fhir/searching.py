"""Searches, walked to their last page by the links that the server gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import httpx

from cutover.drivers.fhir.client import Came, Server
from cutover.hospital import Misbehaved, Session

MOST_PAGES = 1000


def escaped(text: str) -> str:
    """`text` as the value of a search parameter: what parts values in FHIR is escaped."""
    return "".join(f"\\{sign}" if sign in "\\,$|" else sign for sign in text)


def walk(
    server: Server, operation: str, kind: str, query: Mapping[str, str], session: Session | None
) -> list[tuple[Came, Mapping[str, Any]]]:
    """Every match of a search, each once, with the page that it came on.

    A page that was there before, a match that comes twice, one without its id, and an end before
    `total` is reached are misbehaviours.
    """
    found: dict[str, tuple[Came, Mapping[str, Any]]] = {}
    came: Came | None = None
    for came in _pages(server, operation, kind, query, session):
        for match in _matches(server, came, kind):
            known = str(match.get("id", ""))
            if not known or known in found:
                what = f"{kind}/{known} a second time" if known else f"a {kind} without an id"
                raise server.misbehaved(
                    operation, f"every {kind} once, with its id", what, came.request
                )
            found[known] = (came, match)
    _complete(server, operation, came, len(found))
    return list(found.values())


def _pages(
    server: Server, operation: str, kind: str, query: Mapping[str, str], session: Session | None
) -> Iterator[Came]:
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
            raise server.misbehaved(operation, "another page", "the same page again", request)
        seen.add(link)
        request = server.follow(link, session)
    raise server.misbehaved(operation, f"at most {MOST_PAGES} pages", "no end", request)


def _bundle(server: Server, operation: str, request: httpx.Request) -> Came:
    came = server.judged(operation, request)
    bundle = server.resource(came, "Bundle")
    if bundle is None or bundle.get("type") != "searchset":
        found = "nothing" if bundle is None else f"Bundle.type = {bundle.get('type')!r}"
        raise server.misbehaved(operation, "a Bundle of type searchset", found, request)
    return Came(operation, request, came.answer, bundle)


def _matches(server: Server, came: Came, kind: str) -> Iterator[Mapping[str, Any]]:
    """The entries that match; what a server includes beside, or says of the search, is left out."""
    for number, entry in enumerate((came.resource or {}).get("entry", [])):
        resource = entry.get("resource") or {}
        if (
            entry.get("search", {}).get("mode", "match") != "match"
            or resource.get("resourceType") == "OperationOutcome"
        ):
            continue
        if resource.get("resourceType") != kind:
            raise _astray(server, came, number, kind, resource.get("resourceType"))
        yield resource


def _astray(server: Server, came: Came, number: int, kind: str, found: Any) -> Misbehaved:
    return server.misbehaved(
        came.operation, f"a {kind}", f"Bundle.entry[{number}].resource is {found!r}", came.request
    )


def _complete(server: Server, operation: str, came: Came | None, found: int) -> None:
    total = came.resource.get("total") if came and came.resource else None
    if came and total is not None and total != found:
        raise server.misbehaved(
            operation,
            f"{total} matches, as Bundle.total says",
            f"{found} on all pages",
            came.request,
        )
