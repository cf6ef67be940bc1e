"""Settings of the application that can differ between two runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from reference.auth.passwords import LIGHT, Hashing

BASE_PATH = "/api/v1"
RELEASE, RELEASE_BEFORE = "2.0.0", "1.9.0"
UPLOAD_LIMIT = 2 * 1024 * 1024  # bytes in one document; exactly this many are allowed


@dataclass(frozen=True)
class Settings:
    """Settings of one application. All times are seconds.

    `database` is the DSN of a role that may read and write rows. `signing_key` signs access tokens.
    """

    database: str = field(repr=False)
    signing_key: str = field(repr=False)
    release: str = RELEASE
    log: Path | None = None  # where the JSON lines go; None is standard error
    hashing: Hashing = LIGHT

    access_token_lifetime: int = 15 * 60
    refresh_token_lifetime: int = 8 * 60 * 60
    throttle_failures: int = 5
    throttle_window: int = 60

    pool_size: int = 10
    pool_wait: float = 3.0  # for a free connection
    connect_timeout: int = 2
    statement_timeout: float = 5.0
    readiness_wait: float = 1.0
