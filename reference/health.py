"""Health endpoints at the root, without a token: liveness, readiness, release and metrics."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel

from reference import draining
from reference.openapi import EVERYWHERE, refusals
from reference.pool import Pool
from reference.problems import Problem
from reference.security import pool_of

router = APIRouter(tags=["health"])


class Live(BaseModel):
    """The process answers."""

    status: Literal["live"]


class Ready(BaseModel):
    """The database answers, too."""

    status: Literal["ready"]


class Version(BaseModel):
    """Which release runs, on which migration."""

    release: str
    migration: str
    name: Literal["hospital-backend"]


@router.get("/health/live", operation_id="live", response_model=Live)
async def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "live"}


@router.get(
    "/health/ready", operation_id="ready", response_model=Ready, responses=refusals(*EVERYWHERE)
)
def ready(request: Request) -> dict[str, str]:
    """The database answers a query through the pool, and nobody asked this process to stop."""
    if draining.requested.is_set():
        raise Problem("unavailable", "This instance is stopping.")
    touch_database(pool_of(request), request.app.state.settings.readiness_wait)
    return {"status": "ready"}


@router.get(
    "/version", operation_id="version", response_model=Version, responses=refusals(*EVERYWHERE)
)
def version(request: Request) -> dict[str, str]:
    """The release, and the latest migration by the database's own history."""
    migration = latest_migration(pool_of(request))
    return {
        "release": request.app.state.settings.release,
        "migration": migration,
        "name": "hospital-backend",
    }


_TEXT: dict[int | str, dict[str, Any]] = {
    200: {"description": "Metrics", "content": {"text/plain": {"schema": {"type": "string"}}}}
}


@router.get("/metrics", operation_id="metrics", response_class=Response, responses=_TEXT)
def metrics(request: Request) -> Response:
    """Requests, latencies, the connection pool and the process, in Prometheus' text format."""
    return Response(
        generate_latest(request.app.state.metrics.registry),
        headers={"Content-Type": CONTENT_TYPE_LATEST},
    )


def touch_database(pool: Pool, patience: float) -> None:
    """Send a query to the database.

    Raises `psycopg.OperationalError` if it does not answer within `patience` seconds.
    """
    with pool.connection(timeout=patience) as connection:
        connection.execute("SELECT 1")


def latest_migration(pool: Pool) -> str:
    """Return the version that was applied last, for example "10"; "none" before the first."""
    with pool.connection() as connection:
        row = connection.execute(
            "SELECT version FROM flyway_schema_history WHERE success AND version IS NOT NULL ORDER"
            " BY installed_rank DESC LIMIT 1"
        ).fetchone()
    return str(row["version"]) if row else "none"
