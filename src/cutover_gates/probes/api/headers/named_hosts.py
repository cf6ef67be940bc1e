"""What an answer names: hosts of the inside, software, and the addresses of its links."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from urllib.parse import urlsplit

from cutover_gates.hospital import ObservedAnswer
from cutover_gates.util.addresses import origin_of

_PRIVATE_IPV4 = (
    r"(?<![\d.])(?:(?:10|127)(?:\.\d{1,3}){3}|(?:192\.168|169\.254)(?:\.\d{1,3}){2}"
    r"|172\.(?:1[6-9]|2\d|3[01])(?:\.\d{1,3}){2}"
    r"|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])(?:\.\d{1,3}){2})(?![\d.])"
)
_PRIVATE_IPV6 = (
    r"(?<![\w:])(?:f[cd][0-9a-f]{2}|fe[89ab][0-9a-f]):[0-9a-f:]*[0-9a-f](?![\w:])|\[::1\]"
)
_INTERNAL_NAME = (
    r"(?<![\w.-])(?:[\w-]+\.)+(?:local|internal|intranet|lan|corp|localdomain|home\.arpa|svc"
    r"|cluster|consul)(?![\w-])|(?<![\w.-])localhost(?![\w-])"
)
# Kubernetes names a pod by its Deployment, ten characters of a template and five of its own.
_POD = r"(?<![\w.-])[a-z][a-z0-9]*(?:-[a-z0-9]+)*-[0-9a-f]{8,10}-[a-z0-9]{5}(?![\w-])"
_CLOUD_HOST = r"(?<![\w.-])ip-\d{1,3}(?:-\d{1,3}){3}(?![\w-])"
_INTERNAL = re.compile(
    "|".join((_PRIVATE_IPV4, _PRIVATE_IPV6, _INTERNAL_NAME, _POD, _CLOUD_HOST)), re.IGNORECASE
)
_SOFTWARE = re.compile(r"(?<![\w/])(?!HTTP/)[A-Za-z][\w.+-]*/v?\d+(?:\.\d+)*", re.IGNORECASE)
SOFTWARE_HEADERS = frozenset(
    {
        "x-powered-by",
        "x-aspnet-version",
        "x-aspnetmvc-version",
        "x-application-context",
        "x-generator",
        "x-backend-server",
        "x-served-by",
        "x-debug-token",
        "x-debug-token-link",
        "x-runtime",
        "x-jenkins",
        "x-envoy-decorator-operation",
    }
)
"""Headers that tell nothing but what runs behind the answer."""


@lru_cache(maxsize=4096)
def find_internal_name(text: str, inside: tuple[str, ...] = ()) -> str:
    """Return the first private address or internal name in a text; empty where there is none.

    `inside` are domains that belong to the inside as well.
    """
    if match := _INTERNAL.search(text):
        return match.group()
    lowered = text.lower()
    for domain in inside:
        if match := re.search(rf"(?<![\w.-])(?:[\w-]+\.)*{re.escape(domain.lower())}", lowered):
            return match.group()
    return ""


@lru_cache(maxsize=4096)
def find_software(name: str, value: str) -> str:
    """Return what a header tells of the software; empty where it tells nothing.

    `name` is in lower case.
    """
    if name in SOFTWARE_HEADERS:
        return value
    if name == "server" and re.search(r"\d", value):
        return value
    if name.startswith("x-") or name in ("via", "warning"):
        match = _SOFTWARE.search(value)
        return match.group() if match else ""
    return ""


def without_origins(text: str, addresses: Iterable[str]) -> str:
    """Return a text without the hosts that it may name, each as `host` or `host:port`."""
    for address in addresses:
        text = re.sub(rf"(?<![\w.-]){re.escape(address)}(?![\w.:-])", "", text, flags=re.IGNORECASE)
    return text


MOST_BYTES = 256 * 1024
"""Bytes of a body in which links are looked for. A longer one is data."""
LINK_HEADERS = ("location", "content-location", "refresh")
_LINK_HEADER = re.compile(r"<([^>]*)>")
_FOLLOWED = re.compile(
    r'"(?:next|previous|prev|first|last|self|href|fullUrl)"\s*:\s*"((?:https?:)?//[^"]+)"'
    r'|"relation"\s*:\s*"[^"]*"\s*,\s*"url"\s*:\s*"((?:https?:)?//[^"]+)"'
)
_ADDRESS = re.compile(r'https?://([^/"\\\s?#]+)')


def list_links(answer: ObservedAnswer) -> Iterator[tuple[str, str]]:
    """Yield where a link stands, and its address, for each one that leads to a named host."""
    for name in LINK_HEADERS:
        value = answer.headers.get(name, "")
        address = value.partition("url=")[2] if name == "refresh" else value
        if _has_host(address):
            yield f"header {name}", address
    for address in _LINK_HEADER.findall(answer.headers.get("link", "")):
        if _has_host(address):
            yield "header link", address
    for match in _FOLLOWED.finditer(_read_json_text(answer)):
        yield "a link in the body", match.group(1) or match.group(2)


def list_hosts(answer: ObservedAnswer) -> Iterator[str]:
    """Yield the host, with its port, of each absolute address in a body of JSON."""
    for match in _ADDRESS.finditer(_read_json_text(answer)):
        yield match.group(1).rpartition("@")[2]


def is_on_origin(address: str, origins: frozenset[str]) -> bool:
    """Return whether an address has one of these origins. One without a scheme has each of them."""
    try:
        parts = urlsplit(address)
        if not parts.scheme:
            return any(origin_of(f"{urlsplit(one).scheme}:{address}") == one for one in origins)
        return origin_of(address) in origins
    except ValueError:  # a port that is no number
        return False


def find_host(address: str) -> str:
    """Return the host of an address that a target gave; empty where the address is invalid."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def find_origin(address: str) -> str:
    """Return scheme, host and port of an address that a target gave, as it gave them."""
    try:
        return urlsplit(address)._replace(path="", query="", fragment="").geturl()
    except ValueError:
        return "an invalid address"


def _has_host(address: str) -> bool:
    return address.strip().startswith("//") or "://" in address.partition("?")[0]


def _read_json_text(answer: ObservedAnswer) -> str:
    is_json = "json" in answer.media_type and len(answer.content) <= MOST_BYTES
    if not is_json or b"//" not in answer.content.replace(b"\\/", b"/"):
        return ""
    return answer.content.decode("utf-8", errors="replace").replace("\\/", "/")
