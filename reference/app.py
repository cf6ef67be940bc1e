"""The hospital backend as an ASGI application: `create_app(settings)`.

Each function below a route is looked up in its module when it is called. So a test process may
replace one (`reference.auth.tokens.verify`, `reference.patients.store.insert`), and any ASGI
middleware may be wrapped around the application.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI

from reference import health, openapi, pool, problems
from reference.audit import routes as audit
from reference.audit import store as audit_log
from reference.auth import routes as auth
from reference.auth import service as sign_ins
from reference.documents import routes as documents
from reference.logs import Log
from reference.metrics import Metrics
from reference.middleware import BodyLimit, Frame
from reference.patients import routes as patients
from reference.security import AuditLog
from reference.settings import UPLOAD_LIMIT, Settings
from reference.visits import routes as visits

_ROOM_FOR_FORM = 64 * 1024  # bytes around a document in its multipart form
_DESCRIPTION = (
    "Patients, visits and documents of a hospital. Errors are problem details (RFC 9457). All"
    " patients are synthetic."
)


def create_app(settings: Settings) -> FastAPI:
    """Create the application of the new release.

    Its pool opens when the application starts, and needs no database until the first request.
    """
    own = (patients.router, visits.router, documents.router, audit.router)
    return assemble(settings, own, audit_log, sign_ins)


def assemble(
    settings: Settings, own: Sequence[APIRouter], audit_log: AuditLog, sign_ins: auth.SignIns
) -> FastAPI:
    """Create an application of what both releases share and the parts of one.

    `own` are the routers that only this release has.
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
    app.state.audit_log = audit_log
    app.state.sign_ins = sign_ins
    app.state.metrics = Metrics(connections, settings.release)
    app.add_middleware(BodyLimit, limit=UPLOAD_LIMIT + _ROOM_FOR_FORM)
    app.add_middleware(
        Frame, log=Log(settings.log), metrics=app.state.metrics, release=settings.release
    )
    problems.install(app)
    openapi.install(app)
    for router in (health.router, auth.public, auth.guarded, *own):
        app.include_router(router)
    return app
