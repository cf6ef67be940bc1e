"""The ClientHello, byte by byte, and what is read from an answer."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from struct import pack

import pytest

from cutover_gates.probes.network.tls import tls_client_hello
from cutover_gates.probes.network.tls.tls_client_hello import (
    ServerChoice,
    build_client_hello,
    send_client_hello,
)

USUAL = tls_client_hello.MODERN_OFFER[1]


@contextmanager
def answering(content: bytes) -> Iterator[tuple[str, int]]:
    """Yield the address of a server that reads one message, sends this answer, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(content)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()
        thread.join(2)


def server_hello(version: int, cipher: int, session: bytes = b"") -> bytes:
    body = (
        pack("!H", version)
        + bytes(32)
        + bytes([len(session)])
        + session
        + pack("!H", cipher)
        + b"\0"
    )
    return pack("!BHH", 22, version, len(body) + 4) + b"\2" + pack("!I", len(body))[1:] + body


@pytest.mark.parametrize(
    "version",
    [
        tls_client_hello.SSL3,
        tls_client_hello.TLS10,
        tls_client_hello.TLS11,
        tls_client_hello.TLS12,
        tls_client_hello.TLS13,
    ],
)
def test_the_word_is_as_long_as_it_says_and_names_its_version(version: int) -> None:
    word = build_client_hello("hospital.example.org", version, USUAL)
    assert len(word) == 5 + int.from_bytes(word[3:5]) == 9 + int.from_bytes(word[6:9])
    assert (word[0], word[5], int.from_bytes(word[9:11])) == (
        22,
        1,
        min(version, tls_client_hello.TLS12),
    )
    assert (b"hospital.example.org" in word) == (version > tls_client_hello.SSL3)
    assert b"127.0.0.1" not in build_client_hello("127.0.0.1", version, USUAL)


@pytest.mark.parametrize(
    ("version", "cipher"), [(tls_client_hello.TLS10, 0x002F), (tls_client_hello.TLS12, 0xC02F)]
)
def test_what_the_server_chooses_is_read(version: int, cipher: int) -> None:
    for session in (b"", bytes(32)):
        with answering(server_hello(version, cipher, session)) as place:
            assert send_client_hello(place, "localhost", version, USUAL, 2) == ServerChoice(
                version, cipher
            )


def test_a_choice_of_tls_1_3_is_known_by_its_cipher() -> None:
    with answering(server_hello(tls_client_hello.TLS12, 0x1301)) as place:
        assert send_client_hello(
            place, "localhost", *tls_client_hello.MODERN_OFFER, 2
        ) == ServerChoice(tls_client_hello.TLS13, 0x1301)


@pytest.mark.parametrize("content", [b"\x15\x03\x01\x00\x02\x02\x46", b""])
def test_an_alert_and_hanging_up_are_refusals(content: bytes) -> None:
    with answering(content) as place:
        assert send_client_hello(place, "localhost", tls_client_hello.TLS10, USUAL, 2) is None


@pytest.mark.parametrize(
    "content",
    [b"HTTP/1.1 400 Bad Request\r\n\r\n", server_hello(tls_client_hello.TLS10, 0x2F)[:44]],
)
def test_what_is_no_tls_is_no_refusal(content: bytes) -> None:
    """Otherwise any server at the port would prove that TLS 1.0 is refused."""
    with (
        answering(content) as place,
        pytest.raises(OSError, match=r"^the answer (is not TLS|ends in the middle)"),
    ):
        send_client_hello(place, "localhost", tls_client_hello.TLS10, USUAL, 2)


def test_silence_is_no_refusal() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, pytest.raises(TimeoutError):
        send_client_hello(listening.getsockname(), "localhost", tls_client_hello.TLS10, USUAL, 0.1)


def test_openssl_takes_the_word_for_one() -> None:
    """OpenSSL never finds it malformed: it looks for a certificate, or refuses the version."""
    for version in (tls_client_hello.TLS10, tls_client_hello.TLS12, tls_client_hello.TLS13):
        incoming = ssl.MemoryBIO()
        incoming.write(build_client_hello("localhost", version, tls_client_hello.MODERN_OFFER[1]))
        with pytest.raises(ssl.SSLError) as said:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).wrap_bio(
                incoming, ssl.MemoryBIO(), server_side=True
            ).do_handshake()
        assert said.value.reason in {
            "UNSUPPORTED_PROTOCOL",
            "NO_SHARED_CIPHER",
            "NO_SUITABLE_SIGNATURE_ALGORITHM",
            "NO_CERTIFICATE_SET",
        }
