"""The certificates that an endpoint sends, and how a client verifies them."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509

from cutover_gates.core.clock_slack import EXACT_CLOCK, ClockSlack
from cutover_gates.util.http import SourceUnavailable
from cutover_gates.util.text import format_utc

NO_ISSUER, WRONG_NAME = (2, 20, 21), (62, 64)
"""Error numbers of OpenSSL (X509_V_ERR_…) for a missing issuer, and for another name."""


@dataclass(frozen=True)
class Endpoint:
    """A host name and a port, and one of the name's addresses where it has several."""

    host: str
    port: int
    address: str = ""

    def __str__(self) -> str:
        return f"{self.name} at {self.address}" if self.address else self.name

    @property
    def name(self) -> str:
        """Return `host:port`."""
        return _format_host_port(self.host, self.port)

    @property
    def socket_address(self) -> tuple[str, int]:
        """Return what to connect to."""
        return self.address or self.host, self.port

    @property
    def openssl_command(self) -> str:
        """Return the command that shows the same."""
        address = _format_host_port(*self.socket_address)
        return f"openssl s_client -connect {address} -servername {self.host}"


def resolve_endpoint(endpoint: Endpoint, seconds: float) -> list[Endpoint]:
    """Return the endpoint at each of its addresses; the endpoint itself where it has one.

    Beside IPv4 addresses an IPv6 address counts only where it can be reached: not every machine has
    IPv6, and browsers do without it. Raises `TlsConnectionError`.
    """
    addresses = _look_up(endpoint)
    # A machine without IPv6 must not report the IPv6 address as dead.
    has_ipv4 = any(":" not in address for address in addresses)
    reached = [
        address
        for address in addresses
        if ":" not in address or not has_ipv4 or _is_reachable((address, endpoint.port), seconds)
    ]
    if len(reached) < 2:
        return [endpoint]
    return [replace(endpoint, address=address) for address in reached]


def _look_up(endpoint: Endpoint) -> list[str]:
    try:
        found = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise TlsConnectionError(
            f"the name has no address ({error.strerror or type(error).__name__})"
        ) from None
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class TlsConnectionError(SourceUnavailable):
    """No connection comes about, or no TLS on it."""


@dataclass(frozen=True)
class VerificationFailure:
    """Why a client refuses a chain, by OpenSSL's number and in its words."""

    code: int
    message: str

    def describe(self, chain: list[x509.Certificate]) -> str:
        """Return the failure; for a missing issuer with the name of that issuer."""
        if self.code not in NO_ISSUER or not chain:
            return self.message
        issuer = chain[-1].issuer.rfc4514_string()
        return f"{self.message}: {len(chain)} sent, the last one signed by {issuer}"


def verify_endpoint(
    endpoint: Endpoint, trusting: ssl.SSLContext, seconds: float
) -> VerificationFailure | None:
    """Return why a client with this context refuses the endpoint; None where it does not.

    OpenSSL checks the chain first, then (where the context says so) the name, last the dates.
    Raises `TlsConnectionError`.
    """
    try:
        _fetch_raw_chain(endpoint, trusting, seconds)
    except ssl.SSLCertVerificationError as error:
        return VerificationFailure(error.verify_code, error.verify_message)
    return None


def format_subject(certificate: x509.Certificate) -> str:
    """Return the subject, such as `CN=hospital.example.org`."""
    return certificate.subject.rfc4514_string() or "no subject"


def find_validity_problem(
    certificate: x509.Certificate, days_left: float, clock: ClockSlack = EXACT_CLOCK
) -> str:
    """Return what is wrong with the dates, where so many days must be left; empty if nothing is.

    The certificate must be valid at each moment that `clock` leaves open.
    """
    shown = datetime.now(UTC)
    earliest, now = clock.earliest_time(shown), clock.latest_time(shown)
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if begins > earliest:
        return f"not valid before {format_utc(begins)}"
    if ends <= now:
        return f"expired at {format_utc(ends)}"
    if ends < now + timedelta(days=days_left):
        days = (ends - now) / timedelta(days=1)
        return f"expires at {format_utc(ends)}, in {days:.1f} days"
    return ""


def fetch_chain(endpoint: Endpoint, seconds: float) -> list[x509.Certificate]:
    """Return the chain that the endpoint sends, its own certificate first, trusted or not.

    Raises `TlsConnectionError`.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    # Whatever the server speaks: here the chain is read, protocols are judged elsewhere.
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("ALL:@SECLEVEL=0")
    return [
        x509.load_der_x509_certificate(der) for der in _fetch_raw_chain(endpoint, context, seconds)
    ]


def _fetch_raw_chain(endpoint: Endpoint, context: ssl.SSLContext, seconds: float) -> list[bytes]:
    """Connect once and return the chain as it is sent (DER).

    Raises `ssl.SSLCertVerificationError` and `TlsConnectionError`.
    """
    try:
        with (
            socket.create_connection(endpoint.socket_address, timeout=seconds) as plain,
            context.wrap_socket(plain, server_hostname=endpoint.host) as connection,
        ):
            return read_sent_chain(connection)
    # An answer, and no failed connection: `verify_endpoint` reads it.
    except ssl.SSLCertVerificationError:
        raise
    except TimeoutError:
        raise TlsConnectionError(f"no answer within {seconds:g} s") from None
    except ssl.SSLError as error:
        raise TlsConnectionError(
            f"no TLS connection: {error.reason or 'the server hangs up'}"
        ) from None
    except OSError as error:
        raise TlsConnectionError(error.strerror or type(error).__name__) from None


def _is_reachable(place: tuple[str, int], seconds: float) -> bool:
    try:
        # Half of the bound: the query itself still needs time.
        socket.create_connection(place, timeout=seconds / 2).close()
    except OSError:
        return False
    return True


def _format_host_port(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def read_sent_chain(connection: ssl.SSLSocket | ssl.SSLObject) -> list[bytes]:
    """Return the chain (DER).

    Python has a public method since 3.13. Before, `_sslobj` has the same one, a private part:
    tests/unit/network/test_private_parts.py fails where that is gone.
    """
    public: Any = getattr(connection, "get_unverified_chain", None)
    if public:
        return list(public())
    chain = connection._sslobj.get_unverified_chain()  # type: ignore[union-attr]  # see above
    return [ssl.PEM_cert_to_DER_cert(certificate.public_bytes()) for certificate in chain or ()]
