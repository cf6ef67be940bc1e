"""The two applications, by the release that the settings name."""

from __future__ import annotations

import secrets
from uuid import UUID

from fastapi import FastAPI

from reference import app
from reference.auth import sessions
from reference.pool import Rows
from reference.release_before import app as app_before
from reference.release_before import single_token
from reference.settings import RELEASE_BEFORE, Settings


def create_app(settings: Settings) -> FastAPI:
    """Create the application of the release in `settings.release`."""
    if settings.release == RELEASE_BEFORE:
        return app_before.create_app(settings)
    return app.create_app(settings)


def open_session(connection: Rows, settings: Settings, username: str) -> UUID:
    """Open a session as that release does, and return its id. Nobody has its refresh token."""
    if settings.release == RELEASE_BEFORE:
        token = secrets.token_urlsafe(32)
        return single_token.open_session(
            connection, username, token, settings.refresh_token_lifetime
        )
    return sessions.open_session(connection, username)
