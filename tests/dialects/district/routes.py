"""The district over HTTP: its paths with a slash at the end, and the headers of every answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote, urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.dialects.district.document import DOCUMENT
from tests.dialects.district.server import District, Entry, Refused, absent, connection, detail

Handler = Callable[[District, Request], Awaitable[Response]]
HEADERS = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "same-origin",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "max-age=0, no-cache, no-store, must-revalidate, private",
    "vary": "Accept, Cookie",
}
MOST = 100


def apps(district: District) -> list[Any]:
    """Return one application for each address."""
    views: dict[str, dict[str, Handler]] = {
        "/bucket/{file}": {"PUT": put_bytes, "GET": get_bytes},
        **VIEWS,
    }
    routes = [Route(path, _View(district, methods)) for path, methods in views.items()]
    return [_numbered(Starlette(routes=[*routes, Route("/{rest:path}", _View(district, {}))]))]


class _View:
    """The methods of one path, as an ASGI application: a class has no fixed methods of its own."""

    def __init__(self, district: District, methods: dict[str, Handler]) -> None:
        self.district, self.methods = district, methods

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except Refused as refusal:
            response = JSONResponse(refusal.body, refusal.status)
        headers = {**HEADERS, **dict(response.headers)}
        for name, value in self.district.shown_headers(request, headers).items():
            response.headers[name] = value
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if not self.methods:
            raise absent()
        method = "GET" if request.method == "HEAD" else request.method
        if method in self.methods:
            return await self.methods[method](self.district, request)
        other = self.district.undocumented(request.method, request.url.path)
        if other is not None:
            return JSONResponse(other)
        if request.url.path.startswith("/api/v1/") and "/auth/" not in request.url.path:
            self.district.caller(_shown(request), "patient.read")
        allow = {"Allow": ", ".join([*self.methods, "HEAD", "OPTIONS"])}
        if request.method == "OPTIONS":
            return JSONResponse({"renders": ["application/json"]}, headers=allow)
        words = {"detail": f'Method "{request.method}" not allowed.'}
        return JSONResponse(words, 405, headers=allow)


def _numbered(app: Any) -> Any:
    """Return the application with the number of its connection in each request's context."""
    numbers: dict[Any, int] = {}

    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        connection.set(numbers.setdefault(scope.get("client"), len(numbers)))
        await app(scope, receive, send)

    return wrapped


def _shown(request: Request) -> str:
    return request.headers.get("authorization", "")


async def _body(request: Request) -> Entry:
    try:
        body = await request.json()
    except ValueError:
        raise detail(400, "JSON parse error.") from None
    if not isinstance(body, dict):
        raise Refused(400, {"non_field_errors": ["Invalid data. Expected a dictionary."]})
    return body


def _listed(district: District, request: Request, rows: list[Entry]) -> Response:
    asked = request.query_params
    limit = min(_number(asked.get("limit"), 14) or 14, MOST)
    offset = _number(asked.get("offset"), 0)
    count, results = district.page(rows, limit, offset)
    more = urlencode({**asked, "limit": limit, "offset": offset + limit})
    onwards = f"{district.address}{request.url.path}?{more}" if offset + limit < count else None
    return JSONResponse({"count": count, "next": onwards, "previous": None, "results": results})


def _number(value: str | None, otherwise: int) -> int:
    return int(value) if value and value.isascii() and value.isdigit() else otherwise


# ── who ──


async def sign_in(district: District, request: Request) -> Response:
    return JSONResponse(district.sign_in(await _body(request)))


async def renew(district: District, request: Request) -> Response:
    return JSONResponse(district.renew(await _body(request)))


# ── patients ──


async def search(district: District, request: Request) -> Response:
    name = district.caller_or_stranger(_shown(request), "patient.read")
    return _listed(district, request, district.search(name, request.query_params))


async def enter(district: District, request: Request) -> Response:
    name = district.caller(_shown(request), "patient.write")
    return JSONResponse(district.enter(name, await _body(request)), 201)


def _patient(district: District, request: Request, work: str) -> Entry:
    return district.patient(district.caller(_shown(request), work), request.path_params["id"])


async def patient(district: District, request: Request) -> Response:
    return JSONResponse(_patient(district, request, "patient.read"))


async def correct(district: District, request: Request) -> Response:
    found = _patient(district, request, "patient.write")
    return JSONResponse(district.correct(found, await _body(request)))


async def remove(district: District, request: Request) -> Response:
    district.remove(_patient(district, request, "patient.remove"))
    return Response(status_code=204)


# ── encounters ──


async def encounters(district: District, request: Request) -> Response:
    name = district.caller_or_stranger(_shown(request), "encounter.read")
    asked = request.query_params.get("patient")
    return _listed(district, request, district.of_patient(district.encounters, name, asked))


async def plan(district: District, request: Request) -> Response:
    name = district.caller(_shown(request), "encounter.write")
    return JSONResponse(district.plan(name, await _body(request)), 201)


def _encounter(district: District, request: Request, work: str) -> Entry:
    name = district.caller(_shown(request), work)
    return district.encounter(name, request.path_params["id"])


async def encounter(district: District, request: Request) -> Response:
    return JSONResponse(_encounter(district, request, "encounter.read"))


async def move(district: District, request: Request) -> Response:
    found = _encounter(district, request, "encounter.write")
    return JSONResponse(district.move(found, await _body(request)))


# ── files ──


async def files(district: District, request: Request) -> Response:
    name = district.caller_or_stranger(_shown(request), "file.read")
    asked = request.query_params.get("associating_id")
    return _listed(district, request, district.of_patient(district.files, name, asked))


async def announce(district: District, request: Request) -> Response:
    name = district.caller(_shown(request), "file.write")
    return JSONResponse(district.announce(name, await _body(request)), 201)


def _file(district: District, request: Request, work: str) -> Entry:
    name = district.caller(_shown(request), work)
    return district.file(name, request.path_params["id"])


async def file(district: District, request: Request) -> Response:
    found = _file(district, request, "file.read")
    return JSONResponse({**found, "read_signed_url": district.sign("GET", found["id"])})


async def complete(district: District, request: Request) -> Response:
    return JSONResponse(district.complete(_file(district, request, "file.write")))


async def archive(district: District, request: Request) -> Response:
    found = _file(district, request, "file.remove")
    found["is_archived"] = True
    return JSONResponse(found)


def _signed(district: District, request: Request) -> str:
    file = str(request.path_params["file"])
    signature = request.query_params.get("signature", "")
    if district.signed.get(signature) != (request.method, file):
        raise detail(403, "The signature does not match.")
    return file


async def put_bytes(district: District, request: Request) -> Response:
    district.bucket[_signed(district, request)] = await request.body()
    return Response()


async def get_bytes(district: District, request: Request) -> Response:
    found = _signed(district, request)
    name = quote(district.files[found]["original_name"])
    return Response(
        district.stored_bytes(district.bucket[found]),
        headers={
            "Content-Type": district.files[found]["mime_type"],
            "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
        },
    )


# ── of itself ──


async def ping(district: District, request: Request) -> Response:
    return JSONResponse({"status": "OK"})


async def health(district: District, request: Request) -> Response:
    state = "working" if district.serving() else "unavailable"
    return JSONResponse({"database": state}, 200 if district.serving() else 503)


async def version(district: District, request: Request) -> Response:
    return JSONResponse({"version": district.release()})


async def schema(district: District, request: Request) -> Response:
    kind = "application/vnd.oai.openapi+json"
    return JSONResponse(district.described(DOCUMENT), media_type=kind)


VIEWS: dict[str, dict[str, Handler]] = {
    "/ping/": {"GET": ping},
    "/health/": {"GET": health},
    "/version/": {"GET": version},
    "/api/schema/": {"GET": schema},
    "/api/v1/auth/login/": {"POST": sign_in},
    "/api/v1/auth/token/refresh/": {"POST": renew},
    "/api/v1/patient/": {"GET": search, "POST": enter},
    "/api/v1/patient/{id}/": {"GET": patient, "PUT": correct, "DELETE": remove},
    "/api/v1/encounter/": {"GET": encounters, "POST": plan},
    "/api/v1/encounter/{id}/": {"GET": encounter, "PATCH": move},
    "/api/v1/files/": {"GET": files, "POST": announce},
    "/api/v1/files/{id}/": {"GET": file},
    "/api/v1/files/{id}/mark_upload_completed/": {"POST": complete},
    "/api/v1/files/{id}/archive/": {"POST": archive},
}
