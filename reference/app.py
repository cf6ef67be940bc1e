"""The hospital backend as an ASGI application: `create_app(settings)`.

Each function below a route is looked up in its module when it is called. So a test process may
replace one (`reference.auth.tokens.verify`, `reference.patients.store.insert`), and any ASGI
middleware may be wrapped around the application.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from reference import health, openapi, pool, problems
from reference.audit import routes as audit
from reference.auth import routes as auth
from reference.documents import routes as documents
from reference.logs import Log
from reference.metrics import Metrics
from reference.middleware import BodyLimit, Frame
from reference.patients import routes as patients
from reference.settings import UPLOAD_LIMIT, Settings
from reference.visits import routes as visits

_ROOM_FOR_FORM = 64 * 1024  # bytes around a document in its multipart form
_DESCRIPTION = (
    "Patients, visits and documents of a hospital. Errors are problem details (RFC 9457). All"
    " patients are synthetic."
)


def create_app(settings: Settings) -> FastAPI:
    """Create the application.

    Its pool opens when the application starts, and needs no database until the first request.
    """
    connections = pool.create(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        connections.open(wait=False)
        yield
        connections.close(timeout=1)

    app = FastAPI(
        title="hospital-backend",
        version=settings.release,
        description=_DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.settings = settings
    app.state.pool = connections
    app.state.metrics = Metrics(connections)
    app.add_middleware(BodyLimit, limit=UPLOAD_LIMIT + _ROOM_FOR_FORM)
    app.add_middleware(
        Frame, log=Log(settings.log), metrics=app.state.metrics, release=settings.release
    )
    problems.install(app)
    openapi.install(app)
    _include_routes(app)
    return app


def _include_routes(app: FastAPI) -> None:
    for router in (
        health.router,
        auth.public,
        auth.guarded,
        patients.router,
        visits.router,
        documents.router,
        audit.router,
    ):
        app.include_router(router)
