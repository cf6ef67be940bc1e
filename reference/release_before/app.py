"""The application of the release before: `create_app(settings)`."""

from __future__ import annotations

from fastapi import FastAPI

from reference.app import assemble
from reference.release_before import (
    audit_entries,
    audit_routes,
    document_routes,
    patient_routes,
    single_token,
    visit_routes,
)
from reference.settings import Settings


def create_app(settings: Settings) -> FastAPI:
    """Create the application. It asks for no column that came after migration 6."""
    own = (
        patient_routes.router,
        visit_routes.router,
        document_routes.router,
        audit_routes.router,
    )
    return assemble(settings, own, audit_entries, single_token)
