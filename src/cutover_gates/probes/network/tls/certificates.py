"""The certificates that an endpoint sends, and what a client that trusts certain authorities says
of them.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509

from cutover_gates.util.http import SourceUnavailable

NO_ISSUER, WRONG_NAME = (2, 20, 21), (62, 64)
"""Numbers of OpenSSL (X509_V_ERR_…): what is wrong with a chain."""


@dataclass(frozen=True)
class Endpoint:
    """Where people meet a certificate: by a name, and where that has several addresses, at one of
    them.
    """

    host: str
    port: int
    address: str = ""

    def __str__(self) -> str:
        return f"{self.name} at {self.address}" if self.address else self.name

    @property
    def name(self) -> str:
        """As people write it."""
        return _format_host_port(self.host, self.port)

    @property
    def socket_address(self) -> tuple[str, int]:
        return self.address or self.host, self.port

    @property
    def openssl_command(self) -> str:
        """What shows the same to who reads the verdict."""
        return f"openssl s_client -connect {_format_host_port(*self.socket_address)} -servername {self.host}"


def resolve_endpoint(endpoint: Endpoint, seconds: float) -> list[Endpoint]:
    """The endpoint at each of its addresses; itself where there is one. Raises `TlsConnectionError`.

    Beside IPv4 an address of IPv6 counts only where it can be reached: not every machine has IPv6,
    and browsers do without.
    """
    try:
        found = list(
            dict.fromkeys(
                str(one[4][0])
                for one in socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
            )
        )
    except OSError as error:
        raise TlsConnectionError(
            f"the name leads nowhere ({error.strerror or type(error).__name__})"
        ) from None
    old = [address for address in found if ":" not in address]
    reached = [
        address
        for address in found
        if address in old or not old or _is_reachable((address, endpoint.port), seconds)
    ]
    return (
        [replace(endpoint, address=address) for address in reached]
        if len(reached) > 1
        else [endpoint]
    )


class TlsConnectionError(SourceUnavailable):
    """No connection, or no TLS on it."""


@dataclass(frozen=True)
class VerificationFailure:
    """Why a client refuses a chain, by OpenSSL's number and in its words."""

    code: int
    message: str

    def describe(self, chain: list[x509.Certificate]) -> str:
        """The sentence; `chain` is what was sent."""
        if self.code in NO_ISSUER and chain:
            return (
                f"what it sends ends with a certificate that {chain[-1].issuer.rfc4514_string()}"
                f" signed, and that is not known here ({self.message}): an intermediate certificate"
                f" is missing behind the {len(chain)} sent, or ca_file does not name the authority"
            )
        return f"its certificate is refused: {self.message}"


def verify_endpoint(
    endpoint: Endpoint, trusting: ssl.SSLContext, seconds: float
) -> VerificationFailure | None:
    """What a client would complain of that trusts as this context does; None where it is content.

    Raises `TlsConnectionError`.

    OpenSSL looks at the chain first, then (where the context asks for it) at the name, last at the
    days.
    """
    try:
        _fetch_raw_chain(endpoint, trusting, seconds)
    except ssl.SSLCertVerificationError as error:
        return VerificationFailure(error.verify_code, error.verify_message)
    return None


def format_subject(certificate: x509.Certificate) -> str:
    """Whose it is."""
    return certificate.subject.rfc4514_string() or "nobody"


def find_validity_problems(certificate: x509.Certificate, least: float) -> Iterator[str]:
    """What is wrong with its days, where it must be valid for so many more."""
    now, begins, ends = (
        datetime.now(UTC),
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
    )
    who = f"the certificate of {format_subject(certificate)}"
    if begins > now:
        yield f"{who} is not valid before {begins:%Y-%m-%d %H:%M} UTC"
    if ends <= now:
        yield f"{who} expired at {ends:%Y-%m-%d %H:%M} UTC"
    elif ends < now + timedelta(days=least):
        yield (
            f"{who} expires at {ends:%Y-%m-%d %H:%M} UTC, in {(ends - now) / timedelta(days=1):.1f}"
            f" days, and {least:g} is the least"
        )


def fetch_chain(endpoint: Endpoint, seconds: float) -> list[x509.Certificate]:
    """What it sends, its own certificate first, whether anybody trusts it or not.

    Raises `TlsConnectionError`.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("ALL:@SECLEVEL=0")
    return [
        x509.load_der_x509_certificate(der) for der in _fetch_raw_chain(endpoint, context, seconds)
    ]


def _fetch_raw_chain(endpoint: Endpoint, context: ssl.SSLContext, seconds: float) -> list[bytes]:
    """Connects once; the chain as it is sent.

    Raises `ssl.SSLCertVerificationError` and `TlsConnectionError`.
    """
    try:
        with (
            socket.create_connection(endpoint.socket_address, timeout=seconds) as plain,
            context.wrap_socket(plain, server_hostname=endpoint.host) as connection,
        ):
            return _read_chain(connection)
    except ssl.SSLCertVerificationError:
        raise
    except TimeoutError:
        raise TlsConnectionError(f"no answer within {seconds:g} s") from None
    except ssl.SSLError as error:
        raise TlsConnectionError(
            f"no connection by TLS comes about ({error.reason or 'it is hung up'})"
        ) from None
    except OSError as error:
        raise TlsConnectionError(error.strerror or type(error).__name__) from None


def _is_reachable(place: tuple[str, int], seconds: float) -> bool:
    try:
        socket.create_connection(place, timeout=seconds / 2).close()
    except OSError:
        return False
    return True


def _format_host_port(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _read_chain(connection: ssl.SSLSocket) -> list[bytes]:
    """Public since Python 3.13; before that it is there under another name."""
    public: Any = getattr(connection, "get_unverified_chain", None)
    if public:
        return list(public())
    chain = connection._sslobj.get_unverified_chain()  # type: ignore[attr-defined]  # see above
    return [ssl.PEM_cert_to_DER_cert(certificate.public_bytes()) for certificate in chain or ()]
