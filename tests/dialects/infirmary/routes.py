"""The infirmary over HTTP: lists are bare arrays, with their total and their age in headers."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.dialects.infirmary.server import (
    MINUTE,
    Entry,
    Infirmary,
    Rejection,
    connection,
    tag_of,
)

Handler = Callable[[Infirmary, Request, list[str]], Awaitable[Response]]
HEADERS = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cache-control": "no-store",
}
HIDDEN = ("house", "content")


def apps(infirmary: Infirmary) -> list[Any]:
    """Return one application for each address."""
    numbers: dict[Any, int] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        connection.set(numbers.setdefault(scope.get("client"), len(numbers)))
        request = Request(scope, receive)
        try:
            response = await _answer(infirmary, request)
        except Rejection as error:
            response = JSONResponse({"error": error.code}, error.status)
        headers = {**HEADERS, **dict(response.headers)}
        for name, value in infirmary.headers(request, headers).items():
            response.headers[name] = value
        await response(scope, receive, send)

    return [app]


async def _answer(infirmary: Infirmary, request: Request) -> Response:
    path = str(request.scope["raw_path"].decode("ascii"))
    for pattern, methods in PATHS.items():
        if found := re.fullmatch(pattern, path):
            parts = [unquote(part) for part in found.groups()]
            method = "GET" if request.method == "HEAD" else request.method
            if method in methods:
                return await methods[method](infirmary, request, parts)
            break
    else:
        raise Rejection(404, "nothing")
    odd = infirmary.odd_method(request.method, path)
    if odd is not None:
        return JSONResponse(odd)
    raise Rejection(405, "method")


def _token(request: Request) -> str:
    return request.cookies.get("sid", "")


async def _body(request: Request) -> Entry:
    try:
        body = await request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Rejection(400, "body")
    return body


def _plain(entry: Entry) -> Entry:
    return {name: value for name, value in entry.items() if name not in HIDDEN}


def _one(patient: Entry, status: int = 200) -> Response:
    return JSONResponse(_plain(patient), status, headers={"ETag": tag_of(patient)})


def _list(infirmary: Infirmary, request: Request, user: str, rows: list[Entry]) -> Response:
    """Return a page of a list, at most a minute old."""
    asked = request.query_params
    page, size = (
        int(asked.get(key, "")) if asked.get(key, "").isdecimal() else otherwise
        for key, otherwise in (("page", 1), ("per_page", 30))
    )
    wanted = request.headers.get("cache-control", "")
    others = sorted((key, asked[key]) for key in asked if key not in ("page", "per_page"))
    age, rows = infirmary.listed(user, f"{request.url.path}?{others}", wanted, rows)
    items = [_plain(row) for row in infirmary.cut(rows, max(page, 1), min(max(size, 1), 100))]
    headers = {
        "X-Total": str(len(rows)),
        "Age": str(age),
        "Cache-Control": f"private, max-age={MINUTE}",
        "Vary": "Cookie",
    }
    return JSONResponse(items, headers=headers)


# ── who ──


async def sign_in(infirmary: Infirmary, request: Request, _: list[str]) -> Response:
    body = await _body(request)
    token = infirmary.sign_in(str(body.get("name")), str(body.get("password")))
    cookie = f"sid={token}; Path=/; HttpOnly; SameSite=Strict"
    return JSONResponse({"welcome": True}, headers={"Set-Cookie": cookie})


async def sign_out(infirmary: Infirmary, request: Request, _: list[str]) -> Response:
    infirmary.user(_token(request))
    infirmary.sign_out(_token(request))
    return Response(status_code=204)


# ── patients ──


async def search(infirmary: Infirmary, request: Request, _: list[str]) -> Response:
    user = infirmary.user(_token(request), "see")
    return _list(infirmary, request, user, infirmary.search(user, request.query_params))


async def enter(infirmary: Infirmary, request: Request, _: list[str]) -> Response:
    user = infirmary.user(_token(request), "enter")
    return _one(infirmary.enter(user, await _body(request)), 201)


def _patient(infirmary: Infirmary, request: Request, parts: list[str], duty: str) -> Entry:
    return infirmary.patient(infirmary.user(_token(request), duty), parts[0])


async def patient(infirmary: Infirmary, request: Request, parts: list[str]) -> Response:
    return _one(_patient(infirmary, request, parts, "see"))


async def correct(infirmary: Infirmary, request: Request, parts: list[str]) -> Response:
    found = _patient(infirmary, request, parts, "enter")
    shown = request.headers.get("if-match", "")
    return _one(infirmary.correct(found, shown, await _body(request)))


async def drop(infirmary: Infirmary, request: Request, parts: list[str]) -> Response:
    infirmary.drop(_patient(infirmary, request, parts, "drop"))
    return Response(status_code=204)


# ── stays ──


async def stays(infirmary: Infirmary, request: Request, parts: list[str]) -> Response:
    user = infirmary.user(_token(request), "stays")
    rows = infirmary.all_below(infirmary.stays, infirmary.patient(user, parts[0]))
    return _list(infirmary, request, user, rows)


async def expect(infirmary: Infirmary, request: Request, parts: list[str]) -> Response:
    return JSONResponse(infirmary.expect(_patient(infirmary, request, parts, "expect")), 201)


async def stay(infirmary: Infirmary, request: Request, parts: list[str]) -> Response:
    found = _patient(infirmary, request, parts, "stays")
    return JSONResponse(infirmary.below(infirmary.stays, found, parts[1]))


async def move(infirmary: Infirmary, request: Request, parts: list[str]) -> Response:
    found = _patient(infirmary, request, parts, "move")
    code = (await _body(request)).get("code")
    return JSONResponse(infirmary.move(infirmary.below(infirmary.stays, found, parts[1]), code))


# ── papers ──


async def papers(infirmary: Infirmary, request: Request, parts: list[str]) -> Response:
    user = infirmary.user(_token(request), "papers")
    rows = infirmary.all_below(infirmary.papers, infirmary.patient(user, parts[0]))
    return _list(infirmary, request, user, rows)


async def file(infirmary: Infirmary, request: Request, parts: list[str]) -> Response:
    found = _patient(infirmary, request, parts, "file")
    kind = request.headers.get("content-type", "application/octet-stream")
    title = request.query_params.get("title", "")
    return JSONResponse(infirmary.file(found, title, kind, await request.body()), 201)


async def paper(infirmary: Infirmary, request: Request, parts: list[str]) -> Response:
    found = _patient(infirmary, request, parts, "papers")
    return JSONResponse(_plain(infirmary.below(infirmary.papers, found, parts[1])))


async def content(infirmary: Infirmary, request: Request, parts: list[str]) -> Response:
    found = _patient(infirmary, request, parts, "papers")
    one = infirmary.below(infirmary.papers, found, parts[1])
    headers = {
        "Content-Type": one["kind"],
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(one['title'])}",
        "ETag": f'"{one["digest"]}"',
    }
    return Response(infirmary.bytes_of(one), headers=headers)


async def shred(infirmary: Infirmary, request: Request, parts: list[str]) -> Response:
    found = _patient(infirmary, request, parts, "shred")
    del infirmary.papers[infirmary.below(infirmary.papers, found, parts[1])["id"]]
    return Response(status_code=204)


# ── of itself ──


async def alive(infirmary: Infirmary, request: Request, _: list[str]) -> Response:
    return JSONResponse({"alive": True})


async def ready(infirmary: Infirmary, request: Request, _: list[str]) -> Response:
    state = infirmary.is_ready()
    return JSONResponse({"ready": state}, 200 if state else 503)


async def about(infirmary: Infirmary, request: Request, _: list[str]) -> Response:
    return JSONResponse({"build": infirmary.build()})


ID = "([^/]+)"
PATHS: dict[str, dict[str, Handler]] = {
    "/alive": {"GET": alive},
    "/ready": {"GET": ready},
    "/about": {"GET": about},
    "/session": {"POST": sign_in, "DELETE": sign_out},
    "/patients": {"GET": search, "POST": enter},
    f"/patients/{ID}": {"GET": patient, "PUT": correct, "DELETE": drop},
    f"/patients/{ID}/stays": {"GET": stays, "POST": expect},
    f"/patients/{ID}/stays/{ID}": {"GET": stay, "PATCH": move},
    f"/patients/{ID}/papers": {"GET": papers, "POST": file},
    f"/patients/{ID}/papers/{ID}": {"GET": paper, "DELETE": shred},
    f"/patients/{ID}/papers/{ID}/content": {"GET": content},
}
