"""What the headers of a target's answers may say: `[targets.NAME.headers]`."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from cutover_gates.config.base import LEAVES_OUT, SettingsTable

HEADER_NAME = re.compile(r"[a-z0-9-]+")


def _check_origin(value: str) -> str:
    parts = urlsplit(value)
    is_bare = parts.path in ("", "/") and not parts.query and not parts.fragment
    if parts.scheme not in ("http", "https") or not parts.hostname or not is_bare:
        raise ValueError(
            f'{value!r} is no origin; write scheme and host, such as "https://ward.example.org"'
        )
    return value.rstrip("/").lower()


def _check_names(value: dict[str, str]) -> dict[str, str]:
    for name, reason in value.items():
        if not HEADER_NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a header in lower case, such as server")
        if not reason.strip():
            raise ValueError(f"{name} needs a reason: an auditor will ask for it")
    return value


def _check_cookies(value: dict[str, str]) -> dict[str, str]:
    for name, reason in value.items():
        if not reason.strip():
            raise ValueError(f"{name} needs a reason: an auditor will ask for it")
    return value


Origin = Annotated[str, AfterValidator(_check_origin)]


class Headers(SettingsTable):
    """What the headers of its answers may say, beside what every target's may."""

    allowed_origins: tuple[Origin, ...] = Field(
        default=(),
        examples=[["https://ward.example.org"]],
        description=(
            "Origins of web pages that may read the API from a browser (CORS). Each of them must be"
            " allowed, and no other."
        ),
    )
    link_origins: tuple[Origin, ...] = Field(
        default=(),
        examples=[["https://files.example.org"]],
        description=(
            "Origins beside the target's own to which its redirects and links may lead, such as a"
            " file store."
        ),
    )
    internal_domains: tuple[str, ...] = Field(
        default=(),
        examples=[["clinic.example.net"]],
        description=(
            "Domains of the inside, which no answer may name. Private addresses and names such as"
            " `*.local`, `*.internal` and `*.svc` belong to the inside anyway."
        ),
    )
    harmless_cookies: Annotated[dict[str, str], AfterValidator(_check_cookies)] = Field(
        default={},
        json_schema_extra=LEAVES_OUT,
        examples=[{"AWSALB": "the balancer's, it names an instance"}],
        description=(
            "Cookies of a sign-in that open nothing, so that scripts and other sites may have them,"
            " each with the reason."
        ),
    )
    not_judged: Annotated[dict[str, str], AfterValidator(_check_names)] = Field(
        default={},
        json_schema_extra=LEAVES_OUT,
        examples=[{"server": "the appliance cannot hide it"}],
        description="Headers that are not judged, in lower case, each with the reason.",
    )
