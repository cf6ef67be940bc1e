"""A kept connection that the server closes: asked again once, where nothing can have happened."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import inf

import httpx
import pytest

from cutover_gates.core.evidence.record import Recorder
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.drivers.factory import make_client
from cutover_gates.drivers.request_context import RequestContext
from cutover_gates.drivers.transport import GuardedTransport

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class ClosingServer:
    """Answers the first request of each connection, and to the second sends `rest` and closes.

    `closes` is the number of connections that it treats so; later ones are kept. `requests` has the
    methods that it read.
    """

    closes: int
    rest: bytes = b""
    requests: list[str] = field(default_factory=list)

    @contextmanager
    def serve(self) -> Iterator[str]:
        """Yield the address."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            threading.Thread(target=self._accept, args=[listener], daemon=True).start()
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"

    def _accept(self, listener: socket.socket) -> None:
        number = 0
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            number += 1
            threading.Thread(
                target=self._answer, args=[connection, number <= self.closes], daemon=True
            ).start()

    def _answer(self, connection: socket.socket, is_closed: bool) -> None:
        with connection:
            count = 0
            while head := connection.recv(65536):
                self.requests.append(head.split(b" ")[0].decode())
                count += 1
                if is_closed and count == 2:
                    connection.sendall(self.rest)
                    return
                connection.sendall(ANSWER)


def make_transport(*, asks_again: bool = True) -> GuardedTransport:
    return GuardedTransport(Recorder(Redactor(), cap=1), patience=inf, asks_again=asks_again)


def send_twice(transport: GuardedTransport, url: str, method: str) -> httpx.Response:
    """Send a GET, and on the kept connection a request of `method`."""
    with make_client(transport) as client:
        assert client.get(url).status_code == 200
        return client.request(method, url)


def test_a_reading_request_is_sent_once_more_and_counted() -> None:
    server = ClosingServer(closes=1)
    with server.serve() as url:
        answer = send_twice(make_transport(), url, "GET")
    assert answer.status_code == 200
    assert RequestContext.of(answer.request).asked_again
    assert server.requests == ["GET", "GET", "GET"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_request_that_writes_is_a_failure(method: str) -> None:
    server = ClosingServer(closes=1)
    with server.serve() as url, pytest.raises(httpx.RemoteProtocolError):
        send_twice(make_transport(), url, method)
    assert server.requests == ["GET", method]


def test_after_the_first_byte_of_an_answer_it_is_a_failure() -> None:
    server = ClosingServer(closes=1, rest=b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nha")
    with server.serve() as url, pytest.raises(httpx.RemoteProtocolError):
        send_twice(make_transport(), url, "GET")
    assert server.requests == ["GET", "GET"]


def test_a_new_connection_that_is_closed_is_a_failure() -> None:
    """Where a connection was opened for the request, nobody was about to close it."""

    class ClosesAtOnce(ClosingServer):
        def _answer(self, connection: socket.socket, is_closed: bool) -> None:
            assert is_closed
            self.requests.append(connection.recv(65536).split(b" ")[0].decode())
            connection.close()

    server = ClosesAtOnce(closes=9)
    with (
        server.serve() as url,
        make_client(make_transport()) as client,
        pytest.raises(httpx.RemoteProtocolError),
    ):
        client.get(url)
    assert server.requests == ["GET"]


def test_the_checks_of_a_gate_ask_once() -> None:
    server = ClosingServer(closes=1)
    with server.serve() as url, pytest.raises(httpx.RemoteProtocolError):
        send_twice(make_transport(asks_again=False), url, "GET")


def test_a_watcher_still_asks_after_many_refused_connections() -> None:
    transport = make_transport()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with make_client(transport) as client:
        for _ in range(6):
            with pytest.raises(httpx.ConnectError):
                client.get(url)
    assert transport.breaker.why is None
