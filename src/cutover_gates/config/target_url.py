"""The address of a target or of a service that knows it, as the settings give it."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator


def _check_url(value: str | None) -> str | None:
    if value is not None and any(sign in value for sign in "@?#"):
        raise ValueError(
            "a url holds neither user nor password, query nor fragment: accounts stand in"
            " users, their passwords in the environment"
        )
    if value is not None and not _is_web_address(value):
        raise ValueError(
            f'{value!r} is no address; write one such as "https://hospital.example.org"'
        )
    return value


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number
        return False


TargetUrl = Annotated[str | None, AfterValidator(_check_url)]
"""An address without user, password, query and fragment."""


def _check_web_address(value: str) -> str:
    """A web address without user, password or query."""
    parts = urlsplit(value)
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or any(sign in value for sign in "@?#")
    ):
        raise ValueError(
            'that is no address; write one such as "http://prometheus.example.org:9090", without'
            " user, password or query"
        )
    return value.rstrip("/")


WebAddress = Annotated[str, AfterValidator(_check_web_address)]
