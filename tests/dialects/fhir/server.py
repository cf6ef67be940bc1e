"""A small FHIR R4 server, written independently: it shares no code with the driver."""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar
from urllib.parse import parse_qsl, unquote, urlencode

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from tests.dialects.fhir import statement, transactions
from tests.dialects.fhir.doors import STAFF, Doors, OAuthNo, Registered
from tests.dialects.fhir.outcome import No
from tests.dialects.fhir.rules import Resource
from tests.dialects.fhir.store import Store, etag

FHIR = "application/fhir+json"
BASE = "/fhir"
LARGEST_BODY = 4 * 1024 * 1024
PAGE = 3
RELEASE = "4.2.0"
SHIELDS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}
OF = {
    ("GET", 2): "read",
    ("GET", 1): "search-type",
    ("POST", 1): "create",
    ("PUT", 2): "update",
    ("DELETE", 2): "delete",
    ("GET", 3): "history-instance",
    ("GET", 4): "vread",
}
"""The interaction by method and the number of a path's parts."""

Call = Callable[[Request], Awaitable[Response]]


class Server:
    """The server below the FHIR base. Faults replace its parts."""

    offered: ClassVar[Mapping[str, tuple[str, ...]]] = statement.INTERACTIONS
    transactions: ClassVar[bool] = True

    def __init__(self, doors: Doors, store: Store, release: str) -> None:
        self.doors, self.store, self.release = doors, store, release

    def says(self) -> Resource:
        return statement.statement(self.release, self.offered, self.transactions)

    def answer(
        self,
        method: str,
        parts: list[str],
        query: dict[str, str],
        headers: dict[str, str],
        body: bytes,
        base: str,
    ) -> Response:
        """Answer one request. Raises `No`."""
        try:
            caller = self.doors.bearer(headers.get("authorization"))
        except OAuthNo:
            raise No(429, "throttled", "slow down") from None
        if caller is None:
            raise No(401, "login", "who are you?")
        if not parts:
            return (
                self.transaction(caller, self.parsed(body))
                if method == "POST" and self.transactions
                else self.unknown()
            )
        kind, interaction = parts[0], OF.get((method, len(parts)))
        if kind not in self.offered:
            raise No(404, "not-supported", "there are no such resources here")
        if interaction not in self.offered[kind] or (len(parts) > 2 and parts[2] != "_history"):
            raise No(405, "not-supported", "that cannot be done here")
        if not caller.may(kind, statement.LETTERS[interaction]):
            raise No(403, "forbidden", "you may not")
        return self.done(caller, interaction, parts, query, headers, body, base)

    def done(
        self,
        caller: Registered,
        interaction: str,
        parts: list[str],
        query: dict[str, str],
        headers: dict[str, str],
        body: bytes,
        base: str,
    ) -> Response:
        kind, facility = parts[0], caller.facility
        if interaction == "create":
            once = dict(parse_qsl(headers["if-none-exist"])) if "if-none-exist" in headers else None
            made, new = self.store.create(facility, self.of_kind(kind, body), once)
            location = {
                "Location": f"{base}/{kind}/{made['id']}/_history/{made['meta']['versionId']}"
            }
            return self.shown(made, headers, 201 if new else 200, location)
        if interaction == "update":
            resource = self.of_kind(kind, body)
            if resource.get("id") != parts[1]:
                raise No(400, "invalid", "the id is another than the address says")
            return self.shown(
                self.store.update(facility, resource, headers.get("if-match")), headers
            )
        if interaction == "delete":
            self.store.delete(facility, kind, parts[1])
            return Response(status_code=204)
        if interaction == "search-type":
            return resource_answer(
                self.page(self.found(caller, kind, query), query, f"{base}/{kind}")
            )
        if interaction == "history-instance":
            return resource_answer(history_of(self.store.history(facility, kind, parts[1])))
        found = (
            self.store.version(facility, kind, parts[1], parts[3])
            if interaction == "vread"
            else self.store.read(facility, kind, parts[1])
        )
        return (
            self.as_bytes(found)
            if kind == "Binary" and FHIR not in headers.get("accept", "")
            else self.shown(found, headers)
        )

    def found(self, caller: Registered, kind: str, query: dict[str, str]) -> list[Resource]:
        return self.store.search(
            caller.facility,
            kind,
            {name: value for name, value in query.items() if name not in ("_count", "page")},
        )

    def page(self, found: list[Resource], query: dict[str, str], address: str) -> Resource:
        """Return a page with a link to the next one.

        A page has at most three resources, whatever is requested.
        """
        size, number = min(int(query.get("_count", PAGE)), PAGE), int(query.get("page", 1))
        begins = (number - 1) * size
        links = [{"relation": "self", "url": f"{address}?{urlencode(query)}"}]
        if len(found) > begins + size:
            links.append(
                {"relation": "next", "url": f"{address}?{urlencode({**query, 'page': number + 1})}"}
            )
        entries = [
            {"fullUrl": f"{address}/{one['id']}", "resource": one, "search": {"mode": "match"}}
            for one in found[begins : begins + size]
        ]
        return {
            "resourceType": "Bundle",
            "type": "searchset",
            "total": len(found),
            "link": links,
            **({"entry": entries} if entries else {}),
        }

    def transaction(self, caller: Registered, bundle: Resource) -> Response:
        return resource_answer(transactions.performed(self.store, caller, bundle))

    def shown(
        self,
        resource: Resource,
        headers: dict[str, str],
        status: int = 200,
        more: dict[str, str] | None = None,
    ) -> Response:
        if "return=minimal" in headers.get("prefer", ""):
            return Response(status_code=status, headers={"ETag": etag(resource), **(more or {})})
        return resource_answer(resource, status, {"ETag": etag(resource), **(more or {})})

    def as_bytes(self, binary: Resource) -> Response:
        return Response(
            base64.b64decode(binary["data"]),
            headers={"Content-Type": binary["contentType"], "ETag": etag(binary)},
        )

    def of_kind(self, kind: str, body: bytes) -> Resource:
        resource = self.parsed(body)
        if resource.get("resourceType") != kind:
            raise No(400, "invalid", "another resource than the address says")
        return resource

    def parsed(self, body: bytes) -> Resource:
        try:
            resource = json.loads(body)
        except ValueError:
            raise No(400, "structure", "this is no JSON") from None
        if not isinstance(resource, dict):
            raise No(400, "structure", "this is no resource")
        return resource

    def unknown(self) -> Response:
        raise No(405, "not-supported", "that cannot be done here")


def history_of(versions: list[Resource]) -> Resource:
    entries = [
        {
            "resource": one,
            "request": {
                "method": "PUT" if number else "POST",
                "url": f"{one['resourceType']}/{one['id']}",
            },
            "response": {"status": "200", "etag": etag(one)},
        }
        for number, one in reversed(list(enumerate(reversed(versions))))
    ]
    return {"resourceType": "Bundle", "type": "history", "total": len(entries), "entry": entries}


def resource_answer(
    resource: Resource, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    return Response(
        json.dumps(resource, ensure_ascii=False).encode(),
        status,
        {"Content-Type": FHIR, **(headers or {})},
    )


def create_app(server: Server) -> FastAPI:
    app = FastAPI(openapi_url=None)

    @app.middleware("http")
    async def shielded(request: Request, call: Call) -> Response:
        response = await call(request)
        response.headers.update(SHIELDS)
        return response

    @app.post("/oauth/token")
    async def token(request: Request) -> Response:
        return await _oauth(
            request, lambda form, shown, where: server.doors.token(form, shown, where)
        )

    @app.post("/oauth/revoke")
    async def revoke(request: Request) -> Response:
        return await _oauth(
            request, lambda form, shown, where: server.doors.end(form, shown, where)
        )

    @app.get(f"{BASE}/metadata")
    def metadata() -> Response:
        return resource_answer(server.says())

    @app.get(f"{BASE}/.well-known/smart-configuration")
    def smart(request: Request) -> dict[str, Any]:
        origin = str(request.base_url).rstrip("/")
        return {
            "token_endpoint": f"{origin}/oauth/token",
            "revocation_endpoint": f"{origin}/oauth/revoke",
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_signing_alg_values_supported": ["RS384", "ES384"],
        }

    @app.post(BASE)
    @app.api_route(f"{BASE}/{{path:path}}", methods=["GET", "POST", "PUT", "DELETE", "PATCH"])
    async def fhir(request: Request, path: str = "") -> Response:
        try:
            body = await _body(request)
            # The raw path: a quoted slash in an id is no slash.
            raw = (
                request.scope["raw_path"].decode("ascii").partition("?")[0].removeprefix(f"{BASE}/")
            )
            parts = [unquote(part) for part in raw.split("/")] if path else []
            base = f"{str(request.base_url).rstrip('/')}{BASE}"
            return await run_in_threadpool(
                server.answer,
                request.method,
                parts,
                dict(request.query_params),
                dict(request.headers),
                body,
                base,
            )
        except No as no:
            return resource_answer(no.outcome, no.status)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody hears it

    return app


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            raise No(413, "too-long", "this is too much")
    return bytes(body)


async def _oauth(
    request: Request, answered: Callable[[dict[str, str], str | None, str], Any]
) -> Response:
    form = dict(parse_qsl((await request.body()).decode()))
    where = f"{str(request.base_url).rstrip('/')}/oauth/token"
    try:
        told = await run_in_threadpool(answered, form, request.headers.get("authorization"), where)
    except OAuthNo as no:
        return Response(
            json.dumps({"error": no.error}), no.status, {"Content-Type": "application/json"}
        )
    return Response(json.dumps(told or {}), 200, {"Content-Type": "application/json"})


class Fhir:
    """The hospital. Its clients have the names of their roles.

    `key` signs tokens; `public_keys` (PEM by role) belong to clients that sign assertions.
    """

    sockets = 1
    server: type[Server] = Server
    store: type[Store] = Store
    doors: type[Doors] = Doors

    def __init__(
        self,
        addresses: list[str],
        passwords: dict[str, str],
        *,
        key: str,
        public_keys: dict[str, str] | None = None,
    ) -> None:
        # `addresses` is for hospitals that hand out their own; this one learns its address from
        # each request.
        keys = public_keys or {}
        clients = {
            role: Registered(role, passwords[role], scopes, facility, keys.get(role))
            for role, (scopes, facility) in STAFF.items()
        }
        self.made = self.server(self.doors(clients, key), self.store(), RELEASE)

    def apps(self) -> list[FastAPI]:
        return [create_app(self.made)]
