"""Hostile answers in a cluster's place: one sentence, in bounded time, whatever comes."""

from __future__ import annotations

import resource
import socket
import ssl
import time
from functools import partial
from pathlib import Path

import pytest
import trustme

from cutover_gates.config.deployment import ClusterSettings
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.probes.deployment.kubernetes.client import DeploymentClient, load_client
from cutover_gates.util.http import SourceUnavailable
from tests.calibration import scale_seconds
from tests.standins.hostile_answers import HOSTILE, Answer, send
from tests.standins.http_server import running_socket_server

SECONDS = 1.0
ADDED_MEMORY = 200 * 1024
"""Kibibytes that one answer may add to the process at most."""
SAYS = {
    "gzip": "after gzip is decoded",
    "closed lists": "nested 200000 levels",
}


class TlsServer:
    """Answers over TLS, as a cluster does, and trusted by `ca_file`."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        self.ca_file = folder / "ca.pem"
        authority.cert_pem.write_to_path(str(self.ca_file))
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(self._context)

    def speak(self, connection: socket.socket, answer: Answer) -> None:
        with self._context.wrap_socket(connection, server_side=True) as wrapped:
            send(wrapped, answer)


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> TlsServer:
    return TlsServer(tmp_path_factory.mktemp("tls"))


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            name, marks=[] if name in (*SAYS, "a head that drips") else pytest.mark.thorough
        )
        for name in sorted(HOSTILE)
    ],
)
def test_a_hostile_cluster_is_told_in_a_sentence(name: str, tmp_path: Path, tls: TlsServer) -> None:
    token = tmp_path / "token"
    token.write_text("t0ken-of-nobody-1234567890")
    load_client()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with running_socket_server(partial(tls.speak, answer=HOSTILE[name])) as url:
        secure = url.replace("http:", "https:")
        settings = ClusterSettings(api=secure, namespace="n", deployment="d", token_file=token)
        client = DeploymentClient(settings, tls.ca_file, token, Redactor(), SECONDS)
        started = time.monotonic()
        with pytest.raises(SourceUnavailable) as raised:
            client.load_state().get_part("deployment")
    assert time.monotonic() - started < SECONDS + scale_seconds(2)
    said = str(raised.value)
    assert SAYS.get(name, "") in said
    assert len(said) < 400
    assert "t0ken" not in said
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < ADDED_MEMORY
