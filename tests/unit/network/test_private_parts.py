"""Private parts of other libraries that the network probe uses: a test for each says when it
breaks.
"""

from __future__ import annotations

import ssl
from pathlib import Path

from cutover_gates.probes.network.tls.certificates import read_sent_chain
from tests.faults.network.certificate_factory import NAME, IssuedCertificate


def test_the_chain_that_a_server_sends_can_be_read(tmp_path: Path) -> None:
    """Python before 3.13 has `get_unverified_chain` only on the private `_sslobj` of a connection."""
    root = IssuedCertificate("Root", authority=True)
    between = IssuedCertificate("Between", root, authority=True)
    server_context = IssuedCertificate(NAME, between).served(tmp_path, between)
    client_context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client_context.check_hostname, client_context.verify_mode = False, ssl.CERT_NONE
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context.wrap_bio(incoming, outgoing)
    server = server_context.wrap_bio(outgoing, incoming, server_side=True)
    for _ in range(4):
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    assert len(read_sent_chain(client)) == 2
