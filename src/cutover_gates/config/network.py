"""The way to a target: certificates, names, the load balancer.

`[targets.NAME.infrastructure.tls]`, `.dns`, `.balancer`, `.redis`.
"""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from cutover_gates.config.base import SettingsTable

NetworkSeconds = Annotated[float, Field(gt=0, le=5)]
"""Seconds that one question to one place may take: a dead place must not hold up the others for
long.
"""


class TlsSettings(SettingsTable):
    """The certificates that people meet, and what they promise."""

    endpoints: tuple[str, ...] = Field(
        default=(),
        description=(
            "Where people meet them, as `host:port`. Default: the target's own url, where that is "
            "https."
        ),
    )
    ca_file: Path | None = Field(
        default=None,
        description=(
            "A file with the authorities that people's machines trust. Default: the system's."
        ),
    )
    days_left: float = Field(
        default=30,
        gt=0,
        allow_inf_nan=False,
        description=(
            "Days that every certificate must still be valid, also the "
            "intermediate ones that are sent with it."
        ),
    )
    redirects: tuple[str, ...] = Field(
        default=(),
        description=(
            "Addresses in plain HTTP that must lead to https. Default: `http://HOST/` of each "
            "endpoint at port 443; where none listens there, `unsupported.plain-http` says so."
        ),
    )
    hsts_path: str = Field(
        default="/",
        pattern="^/",
        description="The path whose answer must carry Strict-Transport-Security.",
    )
    hsts_seconds: int = Field(
        default=15_552_000,
        gt=0,
        description="Seconds for which browsers must be told to stay with https (180 days).",
    )
    seconds: NetworkSeconds = Field(
        default=4, description="Seconds that one look at one endpoint may take."
    )

    @field_validator("endpoints")
    @classmethod
    def _check_endpoints(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for endpoint in value:
            host, port = _parse_host_port(endpoint)
            if not host or port is None:
                raise ValueError(
                    f'{endpoint!r} is no endpoint: write one such as "hospital.example.org:443"'
                )
        return value

    @field_validator("redirects")
    @classmethod
    def _check_redirects(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for address in value:
            if not address.startswith("http://"):
                raise ValueError(
                    f"{address!r} is no address in plain HTTP: write one such as"
                    ' "http://hospital.example.org/"'
                )
        return value


class DnsSettings(SettingsTable):
    """The names, and where they must lead."""

    records: dict[str, tuple[str, ...]] = Field(
        default={},
        description=(
            "Each name with all addresses (IPv4 and IPv6) that it must lead to, and no others."
        ),
    )
    resolvers: tuple[str, ...] = Field(
        default=(),
        description=(
            "The resolvers that people's machines ask, as addresses, with a port where it is not "
            '53: `"10.0.1.53:5353"`.'
        ),
    )
    authorities: tuple[str, ...] = Field(
        default=(),
        description=(
            "The zone's own servers, written as resolvers are. They are asked for the time to "
            "live where a resolver answers from a cache."
        ),
    )
    ttl_seconds: int = Field(
        default=300, gt=0, description="Seconds for which anybody may keep an answer."
    )
    seconds: NetworkSeconds = Field(
        default=3, description="Seconds that a resolver has for one name."
    )

    @field_validator("records")
    @classmethod
    def _check_records(cls, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for name, addresses in value.items():
            if not addresses:
                raise ValueError(f"{name} leads nowhere: give the addresses that it must lead to")
        return {name: tuple(map(_parse_ip_address, addresses)) for name, addresses in value.items()}

    @field_validator("resolvers", "authorities")
    @classmethod
    def _check_servers(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for server in value:
            parse_name_server(server)
        return value


class LoadBalancerSettings(SettingsTable):
    """What stands before the backends."""

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
            parts = urlsplit(address)
            if (
                parts.scheme not in ("http", "https")
                or not parts.hostname
                or parts.username
                or parts.query
            ):
                raise ValueError(
                    'that is no address: write one such as "http://10.0.0.11:8080", without user,'
                    " password or query"
                )
        return value

    @field_validator("client_address")
    @classmethod
    def _check_client_address(cls, value: str | None) -> str | None:
        return value if value is None else _parse_ip_address(value)


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
        description="How it must keep its data: `aof`, `rdb`, `none`, or `any` of the first two.",
    )
    memory_share: float = Field(
        default=0.9, gt=0, le=1, description="Share of its memory that may be in use."
    )
    seconds: NetworkSeconds = Field(default=3, description="Seconds within which it must answer.")

    @field_validator("url")
    @classmethod
    def _check_url(cls, value: str | None) -> str | None:
        parts = urlsplit(value or "redis://localhost")
        if (
            parts.scheme not in ("redis", "rediss")
            or not parts.hostname
            or parts.username is not None
            or parts.query
        ):
            raise ValueError(
                "that is no address of a Redis: write one such as"
                ' "rediss://redis.example.org:6379/0", without user and password'
            )
        return value


def parse_name_server(server: str) -> tuple[str, int]:
    """Address and port of a name server. Raises `ValueError`."""
    try:
        return _parse_ip_address(server), 53
    except ValueError:
        host, port = _parse_host_port(server)
        return _parse_ip_address(host), port or 53


def _parse_host_port(text: str) -> tuple[str, int | None]:
    """Host and port of `host:port`; IPv6 addresses stand in brackets."""
    try:
        parts = urlsplit(f"//{text}")
        whole = not (parts.path or parts.query or parts.fragment or parts.username is not None)
        return (parts.hostname or "", parts.port) if whole else ("", None)
    except ValueError:
        return "", None


def _parse_ip_address(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        raise ValueError(f'{text!r} is no address: write one such as "10.0.0.53"') from None
