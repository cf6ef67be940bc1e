"""The ward over HTTP: its paths, and the headers of every answer."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from tests.dialects.ward.document import DOCUMENT
from tests.dialects.ward.server import Ward, Wrong, whole

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}


def apps(ward: Ward) -> list[Any]:
    """Return one application for each address."""
    return [_with_headers(_app(ward))]


async def _told(request: Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Wrong("body", "Send an object.")
    return body


def _page(request: Request, name: str, rows: list[Any]) -> dict[str, Any]:
    start, many = (
        whole(request.query_params.get("from", "0")),
        whole(request.query_params.get("many", "3")),
    )
    if start < 0 or not 1 <= many <= 50:
        raise Wrong("many", "1 to 50 at a time.")
    return {name: rows[start : start + many], "inAll": len(rows)}


def _shown(request: Request) -> str:
    return request.headers.get("x-ward-pass", "")


def _app(ward: Ward) -> FastAPI:
    app = FastAPI(openapi_url=None)

    @app.exception_handler(Wrong)
    async def wrong(_: Request, error: Wrong) -> Response:
        return JSONResponse({"errors": {error.name: error.words}}, error.status)

    @app.exception_handler(HTTPException)
    async def nothing(_: Request, error: HTTPException) -> Response:
        return JSONResponse(
            {"errors": {"path": "There is nothing of that kind here."}}, error.status_code
        )

    @app.get("/alive")
    async def alive() -> Any:
        return {"alive": True}

    @app.get("/ready")
    async def ready() -> Any:
        return JSONResponse({"ready": ward.ready()}, 200 if ward.ready() else 503)

    @app.get("/edition")
    async def edition() -> Any:
        return {"edition": ward.edition()}

    @app.get("/api/document.json")
    async def document() -> Any:
        return DOCUMENT

    @app.get("/counted")
    async def counted() -> Any:
        return ward.counted

    @app.post("/api/door")
    async def door(request: Request) -> Any:
        told = await _told(request)
        if ward.client not in (None, request.headers.get("x-ward-client")):
            raise Wrong("client", "Which program is this?", 403)
        return ward.first_door(told.get("user"), told.get("secret"))

    @app.post("/api/houses/{house}/door")
    async def second_door(request: Request, house: str) -> Any:
        return ward.second_door(_shown(request).removeprefix("halfway "), whole(house))

    @app.post("/api/pass/again")
    async def again(request: Request) -> Any:
        return ward.renew((await _told(request)).get("again"))

    @app.delete("/api/pass")
    async def out(request: Request) -> Any:
        ward.inside(_shown(request), "")
        ward.leave(_shown(request).partition(" ")[2])
        return {}

    @app.post("/api/people")
    async def enter(request: Request) -> Any:
        inside = ward.inside(_shown(request), "people.write")
        return ward.enter(inside, request.headers.get("x-once"), await _told(request)).plain()

    @app.get("/api/people")
    async def look_for(request: Request) -> Any:
        found = ward.look_for(ward.inside(_shown(request), "people.read"), request.query_params)
        return _page(request, "people", [person.plain() for person in found])

    @app.get("/api/people/{person}")
    async def look_at(request: Request, person: str) -> Any:
        return ward.person(ward.inside(_shown(request), "people.read"), person).plain()

    @app.put("/api/people/{person}")
    async def correct(request: Request, person: str) -> Any:
        found = ward.person(ward.inside(_shown(request), "people.write"), person)
        return ward.correct(found, await _told(request)).plain()

    @app.delete("/api/people/{person}")
    async def remove(request: Request, person: str) -> Any:
        del ward.people[ward.person(ward.inside(_shown(request), "people.remove"), person).number]
        return {}

    @app.post("/api/people/{person}/stays")
    async def expect(request: Request, person: str) -> Any:
        found = ward.person(ward.inside(_shown(request), "stays.open"), person)
        return ward.expect(found, (await _told(request)).get("why"))

    @app.get("/api/people/{person}/stays")
    async def stays(request: Request, person: str) -> Any:
        return _page(
            request,
            "stays",
            [*ward.person(ward.inside(_shown(request), "stays.read"), person).stays.values()],
        )

    @app.get("/api/people/{person}/stays/{stay}")
    async def stay(request: Request, person: str, stay: str) -> Any:
        return ward.stay(
            ward.person(ward.inside(_shown(request), "stays.read"), person), whole(stay)
        )

    @app.put("/api/people/{person}/stays/{stay}/stage")
    async def move(request: Request, person: str, stay: str) -> Any:
        found = ward.stay(
            ward.person(ward.inside(_shown(request), "stays.move"), person), whole(stay)
        )
        return ward.move(found, (await _told(request)).get("to"))

    @app.post("/api/papers")
    async def file(request: Request) -> Any:
        person = ward.person(
            ward.inside(_shown(request), "papers.write"), request.query_params.get("person")
        )
        sent = (await request.form()).get("paper")
        if not isinstance(sent, UploadFile):
            raise Wrong("paper", "Send a paper.")
        return ward.file(person, sent.filename or "", sent.content_type or "", await sent.read())

    @app.get("/api/papers")
    async def papers(request: Request) -> Any:
        person = ward.person(
            ward.inside(_shown(request), "papers.read"), request.query_params.get("person")
        )
        return _page(
            request, "papers", [_without_content(paper) for paper in person.papers.values()]
        )

    @app.get("/api/papers/{paper}")
    async def paper(request: Request, paper: str) -> Any:
        person = ward.person(
            ward.inside(_shown(request), "papers.read"), request.query_params.get("person")
        )
        return _without_content(ward.paper(person, paper))

    @app.get("/api/papers/{paper}/bytes")
    async def content(request: Request, paper: str) -> Response:
        person = ward.person(
            ward.inside(_shown(request), "papers.read"), request.query_params.get("person")
        )
        found = ward.paper(person, paper)
        return Response(ward.kept(found["content"]), media_type="application/octet-stream")

    @app.delete("/api/papers/{paper}")
    async def throw_away(request: Request, paper: str) -> Any:
        person = ward.person(
            ward.inside(_shown(request), "papers.remove"), request.query_params.get("person")
        )
        del person.papers[ward.paper(person, paper)["no"]]
        return {}

    return app


def _without_content(paper: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in paper.items() if name != "content"}


def _with_headers(app: Any) -> Any:
    """Return the application with the headers that every answer has."""

    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        async def sent(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message["headers"],
                    *((name.lower().encode(), value.encode()) for name, value in HEADERS.items()),
                ]
            await send(message)

        await app(scope, receive, sent)

    return wrapped
