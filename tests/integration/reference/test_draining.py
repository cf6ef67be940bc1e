"""SIGTERM: what is under way ends, and nothing new begins."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx
import pytest

from tests.calibration import scale_seconds
from tests.integration.reference.started_hospital import (
    Json,
    launch,
    patient_data,
    read_announcement,
)

UPLOAD_SECONDS = 4.0
LEAVE_SECONDS = 1.0
_PIECES = 20
_SIZE = 2 * 1024 * 1024  # the largest document: more than sockets hold between them
_SLOW_RECEIVER = 16 * 1024  # bytes of the socket's buffer


@pytest.fixture
def started() -> Iterator[tuple[subprocess.Popen[bytes], Json]]:
    """Start a hospital that stays reachable for a moment after SIGTERM, and what it announces."""
    process = launch("--tied", "--leave-seconds", str(LEAVE_SECONDS))
    yield process, read_announcement(process)
    process.kill()
    process.communicate()


def _sign_in(announced: Json) -> tuple[dict[str, str], str]:
    """Return the administrator's headers, and the path of a new patient's documents."""
    base = f"{announced['url']}/api/v1"
    session = httpx.post(f"{base}/auth/sign-in", json=announced["users"]["administrator"]).json()
    headers = {"Authorization": f"Bearer {session['access_token']}"}
    patient = httpx.post(f"{base}/patients", json=patient_data(), headers=headers).json()
    return headers, f"/api/v1/patients/{patient['id']}/documents"


def _upload_slowly(
    announced: Json, headers: dict[str, str], path: str, seconds: float
) -> httpx.Response:
    content = b"x" * _SIZE

    def body() -> Iterator[bytes]:
        yield (
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="slow.txt"\r\n'
            b"Content-Type: text/plain\r\n\r\n"
        )
        for start in range(0, _SIZE, _SIZE // _PIECES):
            yield content[start : start + _SIZE // _PIECES]
            time.sleep(seconds / _PIECES)
        yield b"\r\n--b--\r\n"

    return httpx.post(
        announced["url"] + path,
        headers={**headers, "Content-Type": "multipart/form-data; boundary=b"},
        content=body(),
        timeout=scale_seconds(30),
    )


def _download_slowly(announced: Json, headers: dict[str, str], path: str) -> bytes:
    """Return an answer, head and body, read a piece at a time until the connection ends."""
    place = urlsplit(announced["url"])
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SLOW_RECEIVER)
        connection.settimeout(scale_seconds(30))
        connection.connect((place.hostname, place.port))
        connection.sendall(
            f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {headers['Authorization']}\r\n"
            "\r\n".encode()
        )
        received = bytearray()
        while piece := connection.recv(_SIZE // _PIECES):
            received += piece
            time.sleep(UPLOAD_SECONDS / _PIECES / 8)
        return bytes(received)


def _watch_readiness(announced: Json) -> list[int]:
    """Return the answers of readiness, one a moment, until the connection is refused."""
    answers = list[int]()
    ends = time.monotonic() + scale_seconds(10)
    while time.monotonic() < ends:
        try:
            answers.append(httpx.get(f"{announced['url']}/health/ready").status_code)
        except httpx.TransportError:
            return answers
        time.sleep(0.05)
    raise AssertionError("connections are taken ten seconds after SIGTERM")


def test_what_is_under_way_ends_and_nothing_begins(
    started: tuple[subprocess.Popen[bytes], Json],
) -> None:
    """An upload of four seconds and a slow download are whole; SIGTERM comes after one second.

    Meanwhile a balancer hears that it is not ready, and a moment later no connection is taken.
    """
    process, announced = started
    headers, path = _sign_in(announced)
    stored = _upload_slowly(announced, headers, path, seconds=0).json()
    content = f"{path}/{stored['id']}/content"
    with ThreadPoolExecutor(2) as both:
        upload = both.submit(_upload_slowly, announced, headers, path, UPLOAD_SECONDS)
        download = both.submit(_download_slowly, announced, headers, content)
        time.sleep(1)
        process.send_signal(signal.SIGTERM)
        readiness = _watch_readiness(announced)
        assert not upload.done(), "the upload was no slow one"
        answer, downloaded = upload.result(), download.result()
    assert (answer.status_code, answer.json()["sha256"]) == (201, stored["sha256"])
    assert downloaded.partition(b"\r\n\r\n")[2] == b"x" * _SIZE
    assert 503 in readiness
    assert readiness == sorted(readiness), "it was ready again after it was asked to stop"
    assert process.wait(scale_seconds(10)) == 0
