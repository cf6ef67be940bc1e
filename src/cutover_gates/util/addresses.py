"""One form for each web address, so that two ways to write it are seen as one."""

from __future__ import annotations

import ipaddress
import posixpath
import socket
from urllib.parse import unquote, urlsplit

DEFAULT_PORTS = {"http": 80, "https": 443}
LOOPBACK = "localhost"


def normalize_address(url: str) -> str:
    """Return `host[:port]/path` of a web address, in one form for all ways to write it.

    The case of the host, a dot behind it, its form in punycode, the forms of an IP address, a
    default port, a slash at the end, dots and percent signs in the path, user and query make no
    difference. Neither does the scheme: `http://h` and `https://h` are one machine. A name is not
    resolved.
    """
    parts = urlsplit(url)
    port = parts.port if parts.port != DEFAULT_PORTS.get(parts.scheme.lower()) else None
    path = posixpath.normpath("/" + unquote(parts.path).strip("/"))
    return f"{normalize_host(parts.hostname or '')}{f':{port}' if port else ''}{path}"


def origin_of(url: str) -> str:
    """Return scheme, host and port of an address, the default port written out.

    Raises ValueError for a text that is no address.
    """
    parts = urlsplit(url)
    port = parts.port or DEFAULT_PORTS.get(parts.scheme) or ""
    return f"{parts.scheme}://{parts.hostname or ''}:{port}"


def normalize_host(host: str) -> str:
    """Return one form of a host: a name in lower case and punycode, or an IP address."""
    address = _parse_ip_address(host)
    if address is not None:
        return LOOPBACK if address.is_loopback or address.is_unspecified else str(address)
    name = host.rstrip(".").lower()
    if name == LOOPBACK or name.endswith(f".{LOOPBACK}"):  # RFC 6761
        return LOOPBACK
    try:
        return name.encode("idna").decode()
    except UnicodeError:
        return name


def _parse_ip_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the IP address that a host is, also in the old forms such as `127.1` and `0x7f.1`."""
    try:
        address = ipaddress.ip_address(host.rstrip("."))
    except ValueError:
        try:
            return ipaddress.IPv4Address(socket.inet_aton(host.rstrip(".")))
        except (OSError, UnicodeError):
            return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address
