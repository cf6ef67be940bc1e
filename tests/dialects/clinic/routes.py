"""The clinic over HTTP: its API, and the store of its files at another address."""

from __future__ import annotations

import html
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from tests.dialects.clinic.server import Clinic, Entry, Page

PAGES = {
    400: "This cannot be right",
    401: "Who are you?",
    403: "Not for you",
    404: "Not here",
    405: "Not here",
    409: "Not now",
    413: "Too much",
    415: "Not this kind",
    429: "Slowly",
}


def apps(clinic: Clinic) -> list[Any]:
    """Return one application for each address."""
    return [_api(clinic), _store(clinic)]


def _shown(request: Request) -> str:
    return request.headers.get("authorization", "")


def _plain(patient: Entry) -> Entry:
    return {name: value for name, value in patient.items() if name != "site"}


async def _body(request: Request) -> Entry:
    try:
        body = await request.json()
    except ValueError:
        raise Page(400, "not-valid") from None
    if not isinstance(body, dict):
        raise Page(400, "not-valid")
    return body


def _after(things: list[Entry], cursor: str | None) -> Entry:
    """Return two items, and the position of the next two."""
    ids = [thing["id"] for thing in things]
    start = ids.index(cursor) + 1 if cursor in ids else 0
    more = start + 2 < len(things)
    return {"results": things[start : start + 2], "next": ids[start + 1] if more else None}


def _paged(app: FastAPI) -> None:
    """Answer each error as a page."""

    def page(status: int, code: str) -> Response:
        words = html.escape(PAGES.get(status, "Something is wrong"))
        body = f"<body><h1>{words}</h1><p data-code='{code}'>Ask the desk.</p></body>"
        return HTMLResponse(f"<!doctype html><html><title>Clinic</title>{body}</html>", status)

    @app.exception_handler(Page)
    async def told(_: Request, error: Page) -> Response:
        return page(error.status, error.code)

    @app.exception_handler(404)
    @app.exception_handler(405)
    async def nothing(*_: Any) -> Response:
        return page(404, "nothing")


def _store(clinic: Clinic) -> FastAPI:
    """Serve the files. A signature is needed; a request with a token is rejected."""
    app = FastAPI(openapi_url=None)
    _paged(app)

    def signed(request: Request, file: str) -> None:
        if "authorization" in request.headers or clinic.signed.get(
            request.query_params.get("signature", "")
        ) != (request.method, file):
            raise Page(403, "signature")

    @app.put("/store/{file}")
    async def put(request: Request, file: str) -> Response:
        signed(request, file)
        clinic.bytes[file] = await request.body()
        return Response(status_code=200)

    @app.get("/store/{file}")
    async def get(request: Request, file: str) -> Response:
        signed(request, file)
        return Response(clinic.fetched(clinic.bytes[file]), media_type=clinic.files[file]["type"])

    return app


def _api(clinic: Clinic) -> FastAPI:
    app = FastAPI(openapi_url=None)
    _paged(app)
    here = "/v2/sites/{site}/patients/{patient}"

    @app.get("/up")
    async def up() -> Any:
        return Response("UP", media_type="text/plain")

    @app.get("/v2/status")
    async def status() -> Any:
        return JSONResponse(
            {"state": "serving" if clinic.serving() else "starting", "build": clinic.build()},
            200 if clinic.serving() else 503,
        )

    @app.post("/v2/keys", status_code=201)
    async def sign_in(request: Request) -> Any:
        form = await request.form()
        return clinic.sign_in(str(form.get("user")), str(form.get("pass")))

    @app.delete("/v2/keys", status_code=204)
    async def sign_out(request: Request) -> None:
        clinic.caller(_shown(request))
        clinic.sign_out(_shown(request).partition(" ")[2])

    @app.get("/v2/me")
    async def me(request: Request) -> Any:
        caller = clinic.caller(_shown(request))
        return {"user": {"id": clinic.users[caller.name], "site": {"id": caller.site}}}

    @app.get("/v2/sites/{site}/departments")
    async def departments(request: Request, site: str) -> Any:
        clinic.caller(_shown(request), "patients")
        wanted = request.query_params.get("name")
        return {
            "results": [one for one in clinic.departments.get(site, []) if one["name"] == wanted]
        }

    @app.get("/v2/departments/{department}/locations")
    async def locations(request: Request, department: str) -> Any:
        clinic.caller(_shown(request), "patients")
        return {"results": [{"location": {"id": clinic.locations[department]}}]}

    @app.post("/v2/sites/{site}/patients", status_code=201)
    async def register(request: Request, site: str) -> Any:
        caller = clinic.caller(_shown(request), "patients+")
        key, department = (
            request.headers.get("idempotency-key"),
            request.query_params.get("department"),
        )
        return {
            "patient": _plain(
                clinic.admit_to_index(caller, site, department, key, await _body(request))
            )
        }

    @app.get("/v2/sites/{site}/patients")
    async def search(request: Request, site: str) -> Any:
        caller, asked = clinic.caller(_shown(request), "patients"), request.query_params
        words, state = asked.get("q", "").casefold(), asked.get("state", "confirmed")
        found = clinic.hits(
            [
                patient
                for patient in clinic.patients.values()
                if clinic.at(caller, site, patient)
                and patient["state"] == state
                and asked.get("record_no") in (None, patient["record_no"])
                and asked.get("born") in (None, patient["born"])
                and (
                    words in patient["surname"].casefold()
                    or words in (patient["forename"] or "").casefold()
                )
            ]
        )
        start = int(asked.get("start", "0"))
        more = (
            {"Link": f'<{request.url.path}?{_again(asked, start + 2)}>; rel="next"'}
            if start + 2 < len(found)
            else {}
        )
        return JSONResponse(
            [_plain(patient) for patient in found[start : start + 2]],
            headers={"X-Count": str(len(found)), **more},
        )

    @app.get(here)
    async def patient(request: Request, site: str, patient: str) -> Any:
        return {
            "patient": _plain(
                clinic.patient(clinic.caller(_shown(request), "patients"), site, patient)
            )
        }

    @app.patch(here)
    async def correct(request: Request, site: str, patient: str) -> Any:
        found = clinic.patient(clinic.caller(_shown(request), "patients+"), site, patient)
        return {
            "patient": _plain(
                clinic.correct(found, request.headers.get("x-revision", ""), await _body(request))
            )
        }

    @app.post(f"{here}/withdraw")
    async def withdraw(request: Request, site: str, patient: str) -> Any:
        clinic.patient(clinic.caller(_shown(request), "patients-"), site, patient)["state"] = (
            "withdrawn"
        )
        return {}

    @app.post(f"{here}/encounters", status_code=201)
    async def open_one(request: Request, site: str, patient: str) -> Any:
        return clinic.open(
            clinic.patient(clinic.caller(_shown(request), "encounters+"), site, patient),
            await _body(request),
        )

    @app.get(f"{here}/encounters")
    async def encounters(request: Request, site: str, patient: str) -> Any:
        found = clinic.patient(clinic.caller(_shown(request), "encounters"), site, patient)
        return _after(
            [one for one in clinic.encounters.values() if clinic.belongs(one, found)],
            request.query_params.get("after"),
        )

    @app.get(f"{here}/encounters/{{encounter}}")
    async def encounter(request: Request, site: str, patient: str, encounter: str) -> Any:
        return clinic.below(
            clinic.encounters,
            clinic.patient(clinic.caller(_shown(request), "encounters"), site, patient),
            encounter,
        )

    @app.post(f"{here}/encounters/{{encounter}}/events")
    async def happen(request: Request, site: str, patient: str, encounter: str) -> Any:
        found = clinic.below(
            clinic.encounters,
            clinic.patient(clinic.caller(_shown(request), "events+"), site, patient),
            encounter,
        )
        return clinic.happen(found, (await _body(request)).get("event"))

    @app.post(f"{here}/files", status_code=201)
    async def announce(request: Request, site: str, patient: str) -> Any:
        return clinic.announce(
            clinic.patient(clinic.caller(_shown(request), "files+"), site, patient),
            await _body(request),
        )

    @app.get(f"{here}/files")
    async def files(request: Request, site: str, patient: str) -> Any:
        found, asked = (
            clinic.patient(clinic.caller(_shown(request), "files"), site, patient),
            request.query_params,
        )
        whole = asked.get("whole") == "true"
        return _after(
            [
                one
                for one in clinic.files.values()
                if clinic.belongs(one, found) and one["whole"] is whole
            ],
            asked.get("after"),
        )

    @app.get(f"{here}/files/{{file}}")
    async def file(request: Request, site: str, patient: str, file: str) -> Any:
        return clinic.below(
            clinic.files,
            clinic.patient(clinic.caller(_shown(request), "files"), site, patient),
            file,
        )

    @app.put(f"{here}/files/{{file}}/whole")
    async def complete(request: Request, site: str, patient: str, file: str) -> Any:
        found = clinic.patient(clinic.caller(_shown(request), "files+"), site, patient)
        return clinic.complete(clinic.below(clinic.files, found, file))

    @app.get(f"{here}/files/{{file}}/link")
    async def link(request: Request, site: str, patient: str, file: str) -> Any:
        found = clinic.below(
            clinic.files,
            clinic.patient(clinic.caller(_shown(request), "files"), site, patient),
            file,
        )
        return {"get_here": clinic.sign("GET", found["id"])}

    return app


def _again(asked: Any, start: int) -> str:
    return urlencode({**asked, "start": start})
