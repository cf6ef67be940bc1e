"""`[targets.NAME.infrastructure.balancer]`: the load balancer and its backends."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from cutover_gates.config.base import LOOSER_ABOVE, SettingsTable
from cutover_gates.config.network import NetworkSeconds, parse_ip_address


class LoadBalancerSettings(SettingsTable):
    """The load balancer in front of the backends."""

    url: str | None = Field(
        default=None, description="Where it answers. Default: the target's own url."
    )
    ca_file: Path | None = Field(
        default=None,
        description="A file with the authority of its certificate. Default: that of `tls`.",
    )
    backends: tuple[str, ...] = Field(
        default=(),
        description="The address of each backend behind it, such as `http://10.0.0.11:8080`.",
    )
    health_path: str = Field(
        default="/health/ready",
        pattern="^/",
        description=(
            "The path that is asked, of the backends and through the balancer: "
            "reading it changes nothing."
        ),
    )
    instance_header: str | None = Field(
        default=None,
        description=(
            "A header of the answers that names the backend: its `host:port`, or the name that "
            "it gives itself when it is asked directly."
        ),
    )
    kill: tuple[str, ...] = Field(
        default=(),
        description=(
            "A command, as a list, that makes one backend die. Never run on a production target."
        ),
    )
    back_seconds: float = Field(
        default=30,
        gt=0,
        le=45,
        json_schema_extra=LOOSER_ABOVE,
        description="Seconds after its death within which a backend must be back in rotation.",
    )
    client_address: str | None = Field(
        default=None,
        description=(
            "An address of this machine to ask from. Default: the one that the machine chooses; "
            "that proves nothing where all stands on one machine."
        ),
    )
    client_field: str | None = Field(
        default=None, description="The field of the target's log that holds the client's address."
    )
    seconds: NetworkSeconds = Field(
        default=3, description="Seconds within which one request must be answered."
    )

    @field_validator("url", "backends")
    @classmethod
    def _check_urls(cls, value: str | tuple[str, ...] | None) -> str | tuple[str, ...] | None:
        for address in (value,) if isinstance(value, str) else value or ():
            # A password here would show in the findings.
            parts = urlsplit(address)
            if (
                parts.scheme not in ("http", "https")
                or not parts.hostname
                or parts.username
                or parts.query
            ):
                raise ValueError(
                    'this is not a URL: write one such as "http://10.0.0.11:8080", without user,'
                    " password or query"
                )
        return value

    @field_validator("client_address")
    @classmethod
    def _check_client_address(cls, value: str | None) -> str | None:
        return value if value is None else parse_ip_address(value)
