"""`[targets.NAME.infrastructure.redis]`: the target's Redis."""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from cutover_gates.config.base import (
    LOOSER_ABOVE,
    SettingsTable,
    leaves_out,
)
from cutover_gates.config.network import NetworkSeconds


class RedisSettings(SettingsTable):
    """The target's Redis."""

    url: str | None = Field(
        default=None,
        description=(
            "Where it is: `redis://` or `rediss://` (TLS), host, port and number of the database."
            " Without user and password."
        ),
    )
    ca_file: Path | None = Field(
        default=None,
        description="A file with the authority of its certificate. Default: the system's.",
    )
    username: str | None = Field(
        default=None, description="The user to sign in as, where it is not the default one."
    )
    password: SecretStr | None = Field(default=None, description="The password.")
    password_file: Path | None = Field(
        default=None, description="A file that holds the password, instead of the environment."
    )
    role: Literal["master", "replica"] = Field(default="master", description="What it must be.")
    maxmemory_policy: str = Field(
        default="noeviction", description="What it must do when its memory is full."
    )
    persistence: Literal["aof", "rdb", "none", "any"] = Field(
        default="any",
        json_schema_extra=leaves_out("none"),
        description="How it must keep its data: `aof`, `rdb`, `none`, or `any` of the first two.",
    )
    memory_share: float = Field(
        default=0.9,
        lt=1,
        gt=0,
        json_schema_extra=LOOSER_ABOVE,
        description="Share of its memory that may be in use.",
    )
    seconds: NetworkSeconds = Field(default=3, description="Seconds within which it must answer.")

    @field_validator("url")
    @classmethod
    def _check_url(cls, value: str | None) -> str | None:
        # The password has a key of its own, since it must not stand in the file.
        parts = urlsplit(value or "redis://localhost")
        if (
            parts.scheme not in ("redis", "rediss")
            or not parts.hostname
            or parts.username is not None
            or parts.query
        ):
            raise ValueError(
                "this is not the URL of a Redis: write one such as"
                ' "rediss://redis.example.org:6379/0", without user and password'
            )
        return value
