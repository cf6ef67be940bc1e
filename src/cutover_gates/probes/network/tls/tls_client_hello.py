"""The ClientHello of TLS, built by hand, and the server's answer to it.

Today's OpenSSL no longer offers what must be refused (SSL 3.0, RC4, export keys), so a refusal
through it would prove nothing. The ClientHello has the same form in all versions: RFC 6101 (SSL
3.0), 2246, 4346, 5246 and 8446. No connection is agreed on: it ends after the server's choice.
"""

from __future__ import annotations

import secrets
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from struct import pack, unpack

SSL3, TLS10, TLS11, TLS12, TLS13 = 0x0300, 0x0301, 0x0302, 0x0303, 0x0304
NAMES = {SSL3: "SSL 3.0", TLS10: "TLS 1.0", TLS11: "TLS 1.1", TLS12: "TLS 1.2", TLS13: "TLS 1.3"}

TlsOffer = tuple[int, tuple[int, ...]]
"""A version, and cipher suites."""
_MODERN_CIPHERS = (
    0x1301,
    0x1302,
    0x1303,
    0xC02B,
    0xC02F,
    0xC02C,
    0xC030,
    0xCCA9,
    0xCCA8,
    0x009E,
    0x009F,
    0x009C,
    0x009D,
    0xC023,
    0xC027,
    0x003C,
)
_CBC_CIPHERS = (0xC009, 0xC013, 0xC00A, 0xC014, 0x0033, 0x0039, 0x002F, 0x0035)
"""AES with CBC and SHA-1: suites for every version since SSL 3.0."""
_WEAK_CIPHERS = {
    "no encryption": (0x0001, 0x0002, 0x003B, 0xC001, 0xC006, 0xC00B, 0xC010),
    "export keys": (
        0x0003,
        0x0006,
        0x0008,
        0x000B,
        0x000E,
        0x0011,
        0x0014,
        0x0017,
        0x0019,
        0x0062,
        0x0064,
    ),
    "RC4": (0x0004, 0x0005, 0xC002, 0xC007, 0xC00C, 0xC011),
    "DES": (0x0009, 0x000C, 0x000F, 0x0012, 0x0015),
    "3DES": (0x000A, 0x000D, 0x0010, 0x0013, 0x0016, 0xC003, 0xC008, 0xC00D, 0xC012),
    "no authentication": (
        0x0018,
        0x001A,
        0x001B,
        0x0034,
        0x003A,
        0x006C,
        0x006D,
        0x00A6,
        0x00A7,
        0xC015,
        0xC016,
        0xC017,
        0xC018,
        0xC019,
    ),
}
"""Cipher suites that must be refused, by what is wrong with them (numbers of IANA's registry)."""

MODERN_OFFER: TlsOffer = (TLS13, _MODERN_CIPHERS + _CBC_CIPHERS)
"""The offer that every server must accept: TLS 1.3 or 1.2 with any usual cipher suite."""
OLD_PROTOCOL_OFFERS: dict[str, TlsOffer] = {
    NAMES[version]: (version, sum(_WEAK_CIPHERS.values(), _CBC_CIPHERS))
    for version in (SSL3, TLS10, TLS11)
}
WEAK_CIPHER_OFFERS: dict[str, TlsOffer] = {
    kind: (TLS12, ciphers) for kind, ciphers in _WEAK_CIPHERS.items()
}
"""Offers that no server may accept, by name."""

# x25519, secp256r1, secp384r1 and secp521r1.
_GROUPS = (29, 23, 24, 25)
_SIGNATURES = (
    0x0403,
    0x0503,
    0x0603,
    0x0804,
    0x0805,
    0x0806,
    0x0401,
    0x0501,
    0x0601,
    0x0203,
    0x0201,
)
_ALERT, _HANDSHAKE, _SERVER_HELLO = 21, 22, 2
_SESSION_ID_OFFSET = 43
"""Position of the length of the session id in the record with the ServerHello."""


@dataclass(frozen=True)
class ServerChoice:
    """The version and the cipher suite that the server chose."""

    version: int
    cipher: int

    @property
    def version_name(self) -> str:
        """Return the name of the version, such as TLS 1.2."""
        return NAMES.get(self.version, hex(self.version))


def send_client_hello(
    place: tuple[str, int], host: str, version: int, ciphers: Iterable[int], seconds: float
) -> ServerChoice | None:
    """Offer a version and cipher suites to `host`, with TLS 1.3 also TLS 1.2; None: refused.

    A server that hangs up refuses. A refusal therefore proves something only where the same server
    accepts a good offer. Raises `OSError` where no server answers.
    """
    with socket.create_connection(place, timeout=seconds) as connection:
        connection.sendall(build_client_hello(host, version, ciphers))
        try:
            return _parse_choice(_read_first_record(connection))
        except ConnectionError:
            return None


def build_client_hello(host: str, version: int, ciphers: Iterable[int]) -> bytes:
    """Return the record that is sent."""
    suites = b"".join(pack("!H", cipher) for cipher in ciphers)
    body = (
        # TLS 1.3 is offered in an extension; this field stays at TLS 1.2 (RFC 8446, 4.1.2).
        pack("!H", min(version, TLS12))
        + secrets.token_bytes(32)
        + b"\0"
        + pack("!H", len(suites))
        + suites
        + b"\1\0"
    )
    # SSL 3.0 knows no extensions.
    if version > SSL3:
        extensions = _build_extensions(host, version)
        body += pack("!H", len(extensions)) + extensions
    return (
        # The record's own version is 1.0 at most: old servers hang up on a newer one.
        pack("!BHH", _HANDSHAKE, min(version, TLS10), len(body) + 4)
        + b"\1"
        + pack("!I", len(body))[1:]
        + body
    )


def _build_extensions(host: str, version: int) -> bytes:
    groups = pack(f"!{len(_GROUPS)}H", *_GROUPS)
    signatures = pack(f"!{len(_SIGNATURES)}H", *_SIGNATURES)
    # supported_groups, ec_point_formats, extended_master_secret, renegotiation_info.
    parts = [(10, _prefix_length(groups)), (11, b"\1\0"), (23, b""), (0xFF01, b"\0")]
    # server_name, which may not be an address (RFC 6066, 3).
    if not _is_address(host):
        parts.insert(0, (0, _prefix_length(b"\0" + _prefix_length(host.encode("idna")))))
    if version >= TLS12:
        # signature_algorithms.
        parts.append((13, _prefix_length(signatures)))
    # supported_versions, and an empty key_share.
    if version >= TLS13:
        parts += [
            (43, b"\4" + pack("!HH", TLS13, TLS12)),
            (51, b"\0\0"),
        ]  # No key share: a server that needs one sends HelloRetryRequest, and that is a choice.
    return b"".join(pack("!H", kind) + _prefix_length(content) for kind, content in parts)


def _prefix_length(content: bytes) -> bytes:
    return pack("!H", len(content)) + content


def _is_address(host: str) -> bool:
    try:
        return bool(ip_address(host))
    except ValueError:
        return False


def _read_first_record(connection: socket.socket) -> bytes:
    """Return the first record as far as it is needed; less where the server hangs up."""
    got = b""
    # 5 bytes of header; the choice stands within the first 80 bytes of the content.
    while len(got) < 5 or len(got) < 5 + min(unpack("!H", got[3:5])[0], 80):
        part = connection.recv(4096)
        if not part:
            break
        got += part
    return got


def _parse_choice(record: bytes) -> ServerChoice | None:
    """Return the server's choice; None for an alert. Raises `OSError` for an answer not in TLS."""
    if not record or record[0] == _ALERT:
        return None
    if record[0] != _HANDSHAKE or len(record) <= _SESSION_ID_OFFSET or record[5] != _SERVER_HELLO:
        raise OSError("the answer is not TLS")
    # The cipher suite follows the session id, whose length is one byte.
    after = _SESSION_ID_OFFSET + 1 + record[_SESSION_ID_OFFSET]
    if len(record) < after + 2:
        raise OSError("the answer ends in the middle of a TLS record")
    version, cipher = unpack("!H", record[9:11])[0], unpack("!H", record[after : after + 2])[0]
    # The suites of TLS 1.3 begin with 0x13; the version field says 1.2 for them, too.
    return ServerChoice(TLS13 if cipher >> 8 == 0x13 else version, cipher)
