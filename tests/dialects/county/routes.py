"""The county over HTTP: HAL lists, Spring's errors, and the headers of every answer."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import yaml
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.dialects.county.document import DOCUMENT
from tests.dialects.county.metrics import METRICS_TYPE, write_metrics
from tests.dialects.county.server import County, Entry, Failed, connection

Handler = Callable[..., Awaitable[Response]]
HEADERS = {
    "x-content-type-options": "nosniff",
    "x-xss-protection": "0",
    "cache-control": "no-cache, no-store, max-age=0, must-revalidate",
    "pragma": "no-cache",
    "expires": "0",
    "x-frame-options": "DENY",
}
ROUTES: list[tuple[re.Pattern[str], dict[str, Handler]]] = []
HIDDEN = ("facility", "content")


def route(method: str, path: str) -> Callable[[Handler], Handler]:
    """Register the handler of a method at a path, in which `{name}` stands for one segment."""
    pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))

    def register(handler: Handler) -> Handler:
        for known, methods in ROUTES:
            if known == pattern:
                methods[method] = handler
                return handler
        ROUTES.append((pattern, {method: handler}))
        return handler

    return register


def apps(county: County) -> list[Any]:
    """Return one application for each address."""
    connections: dict[Any, int] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        connection.set(connections.setdefault(scope.get("client"), len(connections)))
        request = Request(scope, receive)
        county.served += 1
        response = await _answer(county, request)
        shown = {**HEADERS, "x-release": county.version(), **dict(response.headers)}
        for name, value in county.headers(request, shown).items():
            response.headers[name] = value
        await response(scope, receive, send)

    return [app]


async def _answer(county: County, request: Request) -> Response:
    path = request.url.path
    try:
        for pattern, methods in ROUTES:
            if found := pattern.fullmatch(path):
                return await _dispatch(county, request, methods, found.groupdict())
        raise Failed(404, "NOT_FOUND")
    except Failed as error:
        body = {
            "timestamp": datetime.now(UTC).isoformat(),
            "status": error.status,
            "error": HTTPStatus(error.status).phrase,
            "message": error.message,
            "path": path,
        }
        return JSONResponse(body, error.status)


async def _dispatch(
    county: County, request: Request, methods: dict[str, Handler], found: dict[str, str]
) -> Response:
    method = "GET" if request.method == "HEAD" else request.method
    if method in methods:
        return await methods[method](county, request, **found)
    other = county.other_method(request.method, request.url.path)
    if other is not None:
        return Response(status_code=other[0], headers=other[1])
    if request.url.path.startswith("/api/") and "/auth/" not in request.url.path:
        county.user(_token(request))
    if request.method == "OPTIONS":
        return Response(headers={"Allow": ",".join([*methods, "HEAD", "OPTIONS"])})
    raise Failed(405, "METHOD_NOT_ALLOWED")


def _token(request: Request) -> str:
    return request.headers.get("authorization", "").removeprefix("Bearer ")


def _user(county: County, request: Request, right: str, patient: str = "") -> str:
    """Return the caller, who has the right; their request goes into the audit log."""
    user = county.user(_token(request))
    known = county.patients.get(patient)
    granted = county.may(user, right) and (known is None or county.sees(user, known))
    if patient:
        county.log(user, patient, f"{request.method} {request.url.path}", granted=granted)
    if not county.may(user, right):
        raise Failed(403, "FORBIDDEN")
    return user


async def _body(request: Request) -> Entry:
    try:
        body = await request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Failed(400, "NOT_READABLE")
    return body


def _resource(county: County, path: str, entry: Entry, status: int = 200) -> Response:
    shown = {name: value for name, value in entry.items() if name not in HIDDEN}
    link = f"{county.address}{path}/{entry['id']}"
    headers = {"Location": link} if status == 201 else {}
    return JSONResponse({**shown, "_links": {"self": {"href": link}}}, status, headers=headers)


def _list(county: County, request: Request, name: str, rows: list[Entry]) -> Response:
    """Return a page, from 0. A list of nothing has no `_embedded`, as Spring HATEOAS does it."""
    asked = {key: request.query_params.get(key, "") for key in ("page", "size")}
    page, size = (int(value) if value.isdecimal() else -1 for value in asked.values())
    page, size = max(page, 0), min(size, 100) if size > 0 else 20
    items = [
        {key: value for key, value in row.items() if key not in HIDDEN}
        for row in county.part(rows, page, size)
    ]
    total = county.counted(rows)
    body: Entry = {"page": {"size": size, "totalElements": total, "number": page}}
    if items:
        body["_embedded"] = {name: items}
    if (page + 1) * size < total:
        more = request.url.include_query_params(page=page + 1, size=size).query
        body["_links"] = {"next": {"href": f"{county.address}{request.url.path}?{more}"}}
    return JSONResponse(body, media_type="application/hal+json")


# ── who ──


@route("POST", "/api/auth/token")
async def sign_in(county: County, request: Request) -> Response:
    form = await request.form()
    if form.get("grant_type") == "refresh_token":
        return JSONResponse(county.renew(str(form.get("refresh_token"))))
    return JSONResponse(county.sign_in(str(form.get("username")), str(form.get("password"))))


@route("POST", "/api/auth/logout")
async def sign_out(county: County, request: Request) -> Response:
    county.user(_token(request))
    county.sign_out(_token(request))
    return Response(status_code=204)


# ── patients ──

PATIENTS = "/api/patients"
PATIENT = f"{PATIENTS}/{{patient}}"


@route("GET", PATIENTS)
async def search(county: County, request: Request) -> Response:
    user = _user(county, request, "patients")
    return _list(county, request, "patients", county.search(user, request.query_params))


@route("POST", PATIENTS)
async def create(county: County, request: Request) -> Response:
    user, body = _user(county, request, "patients.edit"), await _body(request)
    key = user, request.headers.get("idempotency-key", "")
    if key[1] and key in county.busy_keys:
        raise Failed(409, "REQUEST_IN_PROGRESS")
    county.busy_keys.add(key)
    try:
        await asyncio.sleep(0.02)  # the transaction
        entry = county.create(user, key[1] or None, body)
    finally:
        county.busy_keys.discard(key)
    county.log(user, entry["id"], "POST /api/patients", granted=True)
    return _resource(county, PATIENTS, entry, 201)


@route("GET", PATIENT)
async def patient(county: County, request: Request, patient: str) -> Response:
    user = _user(county, request, "patients", patient)
    return _resource(county, PATIENTS, county.patient(user, patient))


@route("PUT", PATIENT)
async def replace(county: County, request: Request, patient: str) -> Response:
    user = _user(county, request, "patients.edit", patient)
    changed = county.replace(county.patient(user, patient), await _body(request))
    return _resource(county, PATIENTS, changed)


@route("DELETE", PATIENT)
async def delete(county: County, request: Request, patient: str) -> Response:
    user = _user(county, request, "patients.delete", patient)
    county.delete(county.patient(user, patient))
    return Response(status_code=204)


# ── visits ──

VISITS = f"{PATIENT}/visits"


@route("GET", VISITS)
async def visits(county: County, request: Request, patient: str) -> Response:
    owner = county.owner(_user(county, request, "visits", patient), patient)
    return _list(county, request, "visits", county.entries(county.visits, owner))


@route("POST", VISITS)
async def plan(county: County, request: Request, patient: str) -> Response:
    owner = county.owner(_user(county, request, "visits.plan", patient), patient)
    return _resource(county, request.url.path, county.plan(owner, await _body(request)), 201)


@route("GET", f"{VISITS}/{{visit}}")
async def visit(county: County, request: Request, patient: str, visit: str) -> Response:
    owner = county.owner(_user(county, request, "visits", patient), patient)
    found = county.entry(county.visits, owner, visit)
    return _resource(county, f"{PATIENTS}/{owner}/visits", found)


@route("DELETE", f"{VISITS}/{{visit}}")
async def forget(county: County, request: Request, patient: str, visit: str) -> Response:
    owner = county.owner(_user(county, request, "visits.delete", patient), patient)
    del county.visits[county.entry(county.visits, owner, visit)["id"]]
    return Response(status_code=204)


@route("PUT", f"{VISITS}/{{visit}}/state/{{state}}")
async def move(county: County, request: Request, patient: str, visit: str, state: str) -> Response:
    owner = county.owner(_user(county, request, "visits.move", patient), patient)
    moved = county.move(county.entry(county.visits, owner, visit), state)
    return _resource(county, f"{PATIENTS}/{owner}/visits", moved)


# ── files ──

FILES = f"{PATIENT}/files"


@route("GET", FILES)
async def files(county: County, request: Request, patient: str) -> Response:
    owner = county.owner(_user(county, request, "files", patient), patient)
    return _list(county, request, "files", county.entries(county.files, owner))


@route("POST", FILES)
async def add(county: County, request: Request, patient: str) -> Response:
    owner = county.owner(_user(county, request, "files.add", patient), patient)
    sent = (await request.form()).get("file")
    if not isinstance(sent, UploadFile):
        raise Failed(400, "FILE_IS_MISSING")
    added = county.add(owner, sent.content_type or "", await sent.read())
    return _resource(county, request.url.path, added, 201)


@route("GET", f"{FILES}/{{file}}")
async def file(county: County, request: Request, patient: str, file: str) -> Response:
    owner = county.owner(_user(county, request, "files", patient), patient)
    found = county.entry(county.files, owner, file)
    return _resource(county, f"{PATIENTS}/{owner}/files", found)


@route("GET", f"{FILES}/{{file}}/content")
async def content(county: County, request: Request, patient: str, file: str) -> Response:
    owner = county.owner(_user(county, request, "files", patient), patient)
    found = county.entry(county.files, owner, file)
    name = f'attachment; filename="{found["storedAs"]}"'
    return Response(
        county.file_bytes(found["content"]),
        media_type=found["contentType"],
        headers={"Content-Disposition": name},
    )


@route("DELETE", f"{FILES}/{{file}}")
async def discard(county: County, request: Request, patient: str, file: str) -> Response:
    owner = county.owner(_user(county, request, "files.delete", patient), patient)
    del county.files[county.entry(county.files, owner, file)["id"]]
    return Response(status_code=204)


# ── of itself ──


@route("GET", "/api/audit")
async def audit(county: County, request: Request) -> Response:
    _user(county, request, "audit")
    wanted = request.query_params.get("patient")
    events = [event for event in county.events if event["data"]["patient"] == wanted]
    return JSONResponse({"events": events})


@route("GET", "/actuator/health/liveness")
async def liveness(county: County, request: Request) -> Response:
    return JSONResponse({"status": "UP"})


@route("GET", "/actuator/health/readiness")
async def readiness(county: County, request: Request) -> Response:
    status = "UP" if county.ready() else "OUT_OF_SERVICE"
    return JSONResponse({"status": status}, 200 if county.ready() else 503)


@route("GET", "/actuator/info")
async def info(county: County, request: Request) -> Response:
    return JSONResponse({"build": {"version": county.version()}})


@route("GET", "/actuator/prometheus")
async def prometheus(county: County, request: Request) -> Response:
    return Response(write_metrics(county), media_type=METRICS_TYPE)


@route("GET", "/v3/api-docs.yaml")
async def api_docs(county: County, request: Request) -> Response:
    # It is written once: each instance of the target is asked for it many times.
    county.api_docs_text = county.api_docs_text or yaml.safe_dump(county.api_docs(DOCUMENT))
    return Response(county.api_docs_text, media_type="application/vnd.oai.openapi")
