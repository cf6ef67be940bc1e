"""`[targets.NAME.previous]` and `[targets.NAME.rollout]`: both releases, side by side.

The release before is started on a copy of the database, and the connections of both are added up.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from string import Formatter
from typing import Any

from pydantic import Field, SecretStr, field_validator

from cutover_gates.config.base import Seconds, SettingsTable
from cutover_gates.config.rollout_proof import RolloutProof
from cutover_gates.config.rollout_sources import RolloutSources
from cutover_gates.config.way_back import WayBack

IN_COMMAND = ("port",)
"""What a word of `command` may name. The DSN holds a password, and everybody on a machine can read
a command line.
"""
IN_ENVIRONMENT = ("dsn", "host", "database_port", "user", "password", "name", "port")
"""What a value of `environment` may name: the way to the copy, and where to listen."""
DIFFERENT_KEYS = (
    *("driver", "rest", "fhir", "roles", "users", "limits", "headers", "capabilities"),
    "not_applicable",
)
"""The keys of a target in which its release before may differ. Its rows are read as the new release
reads them: what the old one writes must be there for both.
"""

EMBEDDED_DIFFERENCES = Path("reference/release_before/differences.toml")
"""In what the release before of the embedded hospital differs, as tables of a target."""


def read_older_dialect(root: Path) -> dict[str, Any]:
    """Return the tables of a target at which that release answers, or both do.

    `root` is the folder in which `reference` lies.
    """
    return tomllib.loads((root / EMBEDDED_DIFFERENCES).read_text(encoding="utf-8"))


class PreviousRelease(SettingsTable):
    """The release before, which is started on a copy that has the new schema."""

    release: str | None = Field(
        default=None,
        examples=["1.9.0"],
        description="Its release, as it reports it. Without it `previous_release` counts.",
    )
    command: tuple[str, ...] = Field(
        default=(),
        examples=[["java", "-jar", "hospital-1.9.0.jar", "--server.port={port}"]],
        description=(
            "The command that starts it, as a list, without a shell. `{port}` is the port of"
            " 127.0.0.1 at which it must answer. It is ended by SIGTERM."
        ),
    )
    image: str | None = Field(
        default=None,
        min_length=1,
        examples=["registry.example.org/hospital/backend"],
        description=(
            "Its image, where there is no command. Docker runs it in the network of this machine,"
            " so it must listen on `{port}`."
        ),
    )
    digest: str | None = Field(
        default=None,
        pattern=r"^sha256:[0-9a-f]{64}$",
        examples=["sha256:6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"],
        description="The digest of its image. It must be given: a tag may have moved since.",
    )
    environment: dict[str, str] = Field(
        default={},
        description=(
            "Its variables. `{dsn}` is the copy's, `{host}`, `{database_port}`, `{user}`,"
            " `{password}` and `{name}` are its parts, `{port}` is its own port; a brace that is"
            " meant is doubled."
        ),
        examples=[{"DATABASE_URL": "{dsn}", "PORT": "{port}"}],
    )
    ready_path: str = Field(
        default="/health/ready",
        pattern="^/",
        description="Asked over and over until the answer is 200 to 299: then it is ready.",
    )
    start_seconds: Seconds = Field(
        default=90, le=900, description="Seconds within which it must be ready."
    )
    gate_seconds: Seconds = Field(
        default=600, le=3600, description="Seconds that the functional checks may take on it."
    )
    expired_token: SecretStr | None = Field(
        default=None,
        description="An expired access token of it. Without it that of the target counts.",
    )
    expired_token_file: Path | None = Field(
        default=None,
        examples=["/run/secrets/expired-token"],
        description="A file that holds that token, instead of the environment.",
    )
    differs: dict[str, Any] = Field(
        default={},
        description=(
            "The keys of `[targets.NAME]` in which it differs, laid over those of the target:"
            f" {', '.join(f'`{key}`' for key in DIFFERENT_KEYS)}. An operation of the mapping is"
            " replaced whole."
        ),
        examples=[{"limits": {"release_header": "X-Version"}}],
    )

    @property
    def is_declared(self) -> bool:
        """True where the settings say how it is started."""
        return bool(self.command or self.image)

    @field_validator("command")
    @classmethod
    def _check_command(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for word in value:
            _refuse_unknown_names(word, word, IN_COMMAND)
        return value

    @field_validator("environment")
    @classmethod
    def _check_environment(cls, value: dict[str, str]) -> dict[str, str]:
        for variable, text in value.items():
            _refuse_unknown_names(variable, text, IN_ENVIRONMENT)
        return value

    @field_validator("differs")
    @classmethod
    def _check_keys(cls, value: dict[str, Any]) -> dict[str, Any]:
        if unknown := sorted(value.keys() - set(DIFFERENT_KEYS)):
            raise ValueError(f"{unknown[0]} is not known; known are {', '.join(DIFFERENT_KEYS)}")
        return value


class RolloutConnections(SettingsTable):
    """The database connections that both releases may hold at the same time."""

    pool: int | None = Field(
        default=None,
        gt=0,
        examples=[20],
        description="The most connections that one instance opens: all of its pools together.",
    )
    pool_before: int | None = Field(
        default=None,
        gt=0,
        examples=[20],
        description="The same of the release before. Without it `pool` counts.",
    )
    old: int | None = Field(
        default=None, ge=0, examples=[3], description="Instances of the release before."
    )
    new: int | None = Field(
        default=None, ge=0, examples=[3], description="Instances of the new release, at the end."
    )
    surge: int = Field(
        default=0, ge=0, description="Instances beyond that, such as `maxSurge` of a deployment."
    )
    others: int = Field(
        default=0,
        ge=0,
        description=(
            "Connections that others open in the night, beyond those that are there at the gate:"
            " reports, jobs, these gates."
        ),
    )
    users: tuple[str, ...] = Field(
        default=(),
        examples=[["hospital_app"]],
        description=(
            "The roles of both releases in the database. Their sessions are part of the pools, and"
            " their own limits count."
        ),
    )


class Rollout(RolloutSources):
    """How a release replaces the one before, and what runs side by side meanwhile."""

    connections: RolloutConnections = Field(
        default=RolloutConnections(),
        description="The database connections that both releases may hold at the same time.",
    )
    proof: RolloutProof = Field(
        default=RolloutProof(), description="What each step must prove of the new release."
    )
    rollback: WayBack = Field(
        default=WayBack(), description="The way back from the new release to the one before."
    )


def _refuse_unknown_names(subject: str, text: str, known: tuple[str, ...]) -> None:
    try:
        names = {name for _, name, _, _ in Formatter().parse(text) if name is not None}
    except ValueError as error:
        raise ValueError(f"{subject}: {error}; double a brace that is meant") from None
    if unknown := sorted(names - set(known)):
        listed = ", ".join(f"{{{name}}}" for name in known)
        raise ValueError(f"{subject}: {{{unknown[0]}}} is not known; known are {listed}")
