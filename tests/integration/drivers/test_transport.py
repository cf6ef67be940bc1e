"""Rules of the way out: every wait has an end, everything is recorded, production is guarded."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from cutover_gates.core.evidence.record import Recorder
from cutover_gates.drivers.bounded_response import AnswerTooLarge
from cutover_gates.drivers.factory import make_client
from cutover_gates.drivers.production_guard import GuardError
from cutover_gates.drivers.request_context import RequestContext
from cutover_gates.drivers.transport import GuardedTransport, TargetUnavailable
from tests.standins.http_server import (
    HttpServerStandin,
    ReceivedRequest,
    Reply,
    json_reply,
    running_socket_server,
)

DEADLINE = 0.4
SLACK = 0.35  # seconds for a busy machine


def drip_headers(connection: socket.socket) -> None:
    connection.recv(65536)
    for byte in b"HTTP/1.1 200 OK\r\nX: " + b"a" * 1000:
        connection.sendall(bytes([byte]))
        time.sleep(0.05)


def drip_body(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(1000):
        connection.sendall(b"a")
        time.sleep(0.05)


def say_nothing(connection: socket.socket) -> None:
    connection.recv(65536)
    time.sleep(3)


def take_slowly(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    while connection.recv(1024):
        time.sleep(0.02)


def reset(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def cut(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")


def garbage(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"\x00\x01 not HTTP at all\r\n\r\n")


@pytest.mark.parametrize("speak", [drip_headers, drip_body, say_nothing])
def test_the_deadline_bounds_a_request_from_start_to_last_byte(
    speak: Callable[[socket.socket], None], recorder: Recorder
) -> None:
    """Also when bytes keep coming, in the head or in the body."""
    with (
        running_socket_server(speak) as url,
        make_client(GuardedTransport(recorder, deadline=DEADLINE)) as client,
    ):
        started = time.monotonic()
        with pytest.raises(httpx.TimeoutException):
            client.get(url)
        assert DEADLINE - 0.05 <= time.monotonic() - started <= DEADLINE + SLACK


def test_the_deadline_bounds_a_slowly_taken_upload(recorder: Recorder) -> None:
    """A server that reads a little now and then does not stretch it."""
    with (
        running_socket_server(take_slowly) as url,
        make_client(GuardedTransport(recorder, deadline=DEADLINE)) as client,
    ):
        started = time.monotonic()
        with pytest.raises(httpx.TimeoutException):
            client.post(url, content=b"x" * 12_000_000)
        assert time.monotonic() - started <= DEADLINE + SLACK


@pytest.mark.parametrize("speak", [reset, cut, garbage])
def test_a_broken_answer_is_an_error_and_is_recorded(
    speak: Callable[[socket.socket], None], recorder: Recorder
) -> None:
    """With the reason in its words, and no status."""
    recorder.begin("check")
    with (
        running_socket_server(speak) as url,
        make_client(GuardedTransport(recorder, deadline=DEADLINE)) as client,
        pytest.raises(httpx.TransportError),
    ):
        client.get(url)
    (entry,) = recorder.end()
    assert entry["status"] is None
    assert entry["error"]


def test_a_silent_target_is_given_up_after_the_patience(recorder: Recorder) -> None:
    """Every later request fails at once and says when the target stopped answering."""
    with (
        running_socket_server(say_nothing) as url,
        make_client(GuardedTransport(recorder, deadline=DEADLINE, patience=1.0)) as client,
    ):
        started = time.monotonic()
        for _ in range(3):
            with pytest.raises(httpx.TimeoutException):
                client.get(url)
        assert time.monotonic() - started <= 1.0 + SLACK
        started = time.monotonic()
        for _ in range(20):
            with pytest.raises(
                TargetUnavailable, match=r"the target stopped answering at \d\d:\d\d:\d\d UTC"
            ):
                client.get(url)
        assert time.monotonic() - started < 0.2


def test_threads_that_wait_at_the_same_time_lose_that_time_once(recorder: Recorder) -> None:
    """Sixteen at once do not use up the patience sixteen times faster."""
    transport = GuardedTransport(recorder, deadline=DEADLINE, patience=2.0)
    with running_socket_server(say_nothing) as url, make_client(transport) as client:

        def ask(_: int) -> None:
            with pytest.raises(httpx.TimeoutException):
                client.get(url)

        with ThreadPoolExecutor(16) as pool:
            list(pool.map(ask, range(16)))
    assert transport.breaker.why is None


def test_any_answer_sets_the_patience_back(target: HttpServerStandin, recorder: Recorder) -> None:
    """One slow path does not make a dead target."""

    def slow(_: ReceivedRequest) -> Reply:
        time.sleep(DEADLINE * 2)
        return json_reply({})

    target.answers = {"GET /fast": json_reply({}), "GET /slow": slow}
    transport = GuardedTransport(recorder, deadline=DEADLINE, patience=DEADLINE * 1.5)
    with make_client(transport) as client:
        for _ in range(3):
            with pytest.raises(httpx.TimeoutException):
                client.get(f"{target.url}/slow")
            client.get(f"{target.url}/fast")
    assert transport.breaker.why is None


def test_three_refused_connections_in_a_row_are_enough(recorder: Recorder) -> None:
    """Nobody is there: no need to ask a fourth time."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with make_client(GuardedTransport(recorder)) as client:
            for _ in range(3):
                with pytest.raises(httpx.ConnectError):
                    client.get(url)
            with pytest.raises(TargetUnavailable, match="3 connections in a row were refused"):
                client.get(url)


def test_an_answer_without_end_is_not_read_to_its_end(recorder: Recorder) -> None:
    """The size limit holds against a server that never stops."""

    def pour(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    with (
        running_socket_server(pour) as url,
        make_client(GuardedTransport(recorder, size_limit=1_000_000)) as client,
        pytest.raises(AnswerTooLarge),
    ):
        client.get(url)


def test_on_production_nothing_is_written_but_the_drivers_own_synthetic_operations(
    target: HttpServerStandin, recorder: Recorder
) -> None:
    """The guard stands in the transport: no check can go round it, and nothing is sent."""
    target.answers = {"GET /x": json_reply({}), "POST /x": json_reply({})}
    with make_client(GuardedTransport(recorder, production=True)) as client:
        for method in ("POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"):
            with pytest.raises(GuardError, match="production"):
                client.request(method, f"{target.url}/x")
        assert target.asked == []
        client.get(f"{target.url}/x")
        client.post(f"{target.url}/x", extensions=RequestContext(True).as_extensions())
    assert target.paths() == ["GET /x", "POST /x"]


def test_redirects_are_not_followed(target: HttpServerStandin, recorder: Recorder) -> None:
    """Where it leads is recorded, without its query: a login page may carry a token there."""
    target.answers = {"GET /x": (302, {"Location": "https://login.example/in?ticket=abc"}, b"")}
    recorder.begin("check")
    with make_client(GuardedTransport(recorder)) as client:
        assert client.get(f"{target.url}/x").status_code == 302
    assert recorder.end()[0]["answer"]["location"] == "https://login.example/in"


def test_every_exchange_is_recorded_without_its_token(
    target: HttpServerStandin, recorder: Recorder
) -> None:
    """Also a token that nobody taught the redactor."""
    target.answers = {"GET /x": json_reply({}, X_Request_Id="r-1")}
    recorder.begin("check")
    with make_client(GuardedTransport(recorder)) as client:
        client.get(
            f"{target.url}/x",
            headers={"Authorization": "Bearer opaque-token-123", "X-Api-Key": "k3y"},
        )
    (entry,) = recorder.end()
    assert (entry["method"], entry["status"], entry["request_id"]) == ("GET", 200, "r-1")
    assert entry["headers"] == {"authorization": "Bearer $TOKEN"}
    assert "opaque" not in str(entry)
    assert "k3y" not in str(entry)


def test_an_unresolvable_name_fails_soon(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name server that does not answer is not waited for longer than for a connection."""
    over = threading.Event()

    def never_resolved(*_: object, **__: object) -> list[object]:
        over.wait(5)
        return []

    monkeypatch.setattr("cutover_gates.util.request_deadline.socket.getaddrinfo", never_resolved)
    started = time.monotonic()
    with (
        make_client(GuardedTransport(recorder, connect_seconds=0.3)) as client,
        pytest.raises(httpx.ConnectTimeout, match="no complete answer"),
    ):
        client.get("http://hospital.invalid/")
    assert time.monotonic() - started < 0.3 + SLACK
    over.set()


def test_an_own_driver_marks_its_operations_by_a_plain_key(
    target: HttpServerStandin, recorder: Recorder
) -> None:
    """The key is part of the documented interface (docs/target-protocol.md)."""
    target.answers = {"POST /x": json_reply({})}
    with make_client(GuardedTransport(recorder, production=True)) as client:
        client.post(f"{target.url}/x", extensions={"cutover.synthetic": True})
        with pytest.raises(GuardError):
            client.post(f"{target.url}/x", extensions={"cutover.synthetic": False})
    assert target.paths() == ["POST /x"]
