"""A target that is brought up in containers: `[targets.NAME.container]`."""

from __future__ import annotations

from string import Formatter

from pydantic import Field, field_validator

from cutover_gates.config.base import Seconds, SettingsTable

DATABASE = ("host", "port", "user", "password", "name")
"""What a value of `environment` may say of the PostgreSQL that is brought along: `{host}` and so
on.
"""


class Container(SettingsTable):
    """The backend's image, with a PostgreSQL of its own beside it."""

    image: str | None = Field(default=None, min_length=1, description="The backend's image.")
    port: int = Field(
        default=8080,
        gt=0,
        lt=65536,
        description="The port at which it answers, inside of its container.",
    )
    environment: dict[str, str] = Field(
        default={},
        description=(
            "Its environment. `{host}`, `{port}`, `{user}`, `{password}` and `{name}` are "
            "those of the PostgreSQL that is brought along; a brace that is meant is doubled."
        ),
    )
    ready_path: str = Field(
        default="/health/ready",
        description="Asked over and over until the answer is 200 to 299: then it is ready.",
    )
    postgres: str = Field(
        default="postgres:17", min_length=1, description="The image of PostgreSQL."
    )
    start_seconds: Seconds = Field(
        default=90,
        le=3600,
        description="Seconds that each of the two may take to come up, its image included.",
    )

    @field_validator("environment")
    @classmethod
    def _check_variable_names(cls, value: dict[str, str]) -> dict[str, str]:
        for variable, text in value.items():
            try:
                names = {name for _, name, _, _ in Formatter().parse(text) if name is not None}
            except ValueError as error:
                raise ValueError(f"{variable}: {error}; double a brace that is meant") from None
            if unknown := sorted(names - set(DATABASE)):
                raise ValueError(
                    f"{variable}: {{{unknown[0]}}} is not known; known are"
                    f" {', '.join(f'{{{name}}}' for name in DATABASE)}"
                )
        return value

    @field_validator("ready_path")
    @classmethod
    def _check_ready_path(cls, value: str) -> str:
        if not value.startswith("/"):
            raise ValueError(f"a path starts with a slash, this one is {value!r}")
        return value
