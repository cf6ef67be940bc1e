"""`[targets.NAME.infrastructure.tls]` and `.dns`: certificates and names."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from cutover_gates.config.base import LOOSER_ABOVE, LOOSER_BELOW, SettingsTable

NetworkSeconds = Annotated[float, Field(gt=0, le=5)]
"""Seconds for one query to one server: a dead server must not hold up the others for long."""


class TlsSettings(SettingsTable):
    """The certificates that users meet, and what they must fulfil."""

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
        ge=1,
        allow_inf_nan=False,
        json_schema_extra=LOOSER_BELOW,
        description=(
            "Days that every certificate must still be valid, also the "
            "intermediate ones that are sent with it."
        ),
    )
    redirects: tuple[str, ...] = Field(
        default=(),
        description=(
            "Addresses in plain HTTP that must lead to https. Default: `http://HOST/` of each "
            "endpoint at port 443; where none listens there, `capabilities.plain-http` says so."
        ),
    )
    hsts_path: str = Field(
        default="/",
        pattern="^/",
        description="The path whose answer must carry Strict-Transport-Security.",
    )
    hsts_seconds: int = Field(
        default=15_552_000,
        ge=86_400,
        json_schema_extra=LOOSER_BELOW,
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
            # No default port: 443 and 8443 look alike in a settings file.
            if not host or port is None:
                raise ValueError(
                    f'{endpoint!r} is not an endpoint: write one such as "hospital.example.org:443"'
                )
        return value

    @field_validator("redirects")
    @classmethod
    def _check_redirects(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for address in value:
            if not address.startswith("http://"):
                raise ValueError(
                    f"{address!r} is not an address in plain HTTP: write one such as"
                    ' "http://hospital.example.org/"'
                )
        return value


class DnsSettings(SettingsTable):
    """The names, and the addresses that they must have."""

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
        default=300,
        le=86_400,
        gt=0,
        json_schema_extra=LOOSER_ABOVE,
        description="Seconds for which anybody may keep an answer.",
    )
    seconds: NetworkSeconds = Field(
        default=3, description="Seconds that a resolver has for one name."
    )

    @field_validator("records")
    @classmethod
    def _check_records(cls, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for name, addresses in value.items():
            if not addresses:
                raise ValueError(f"{name} has no addresses: give all that it must have")
        return {name: tuple(map(parse_ip_address, addresses)) for name, addresses in value.items()}

    @field_validator("resolvers", "authorities")
    @classmethod
    def _check_servers(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for server in value:
            # Only to refuse a name: a resolver that must be resolved first proves little.
            parse_name_server(server)
        return value


def parse_name_server(server: str) -> tuple[str, int]:
    """Return the address and the port of a name server. Raises `ValueError`."""
    try:
        return parse_ip_address(server), 53
    except ValueError:
        host, port = _parse_host_port(server)
        return parse_ip_address(host), port or 53


def _parse_host_port(text: str) -> tuple[str, int | None]:
    """Return host and port of `host:port`; IPv6 addresses stand in brackets."""
    try:
        # urlsplit knows the brackets of IPv6.
        parts = urlsplit(f"//{text}")
        whole = not (parts.path or parts.query or parts.fragment or parts.username is not None)
        return (parts.hostname or "", parts.port) if whole else ("", None)
    except ValueError:
        return "", None


def parse_ip_address(text: str) -> str:
    """Return the address in its usual form. Raises `ValueError`."""
    try:
        return str(ip_address(text))
    except ValueError:
        raise ValueError(f'{text!r} is not an IP address: write one such as "10.0.0.53"') from None
