"""Hostile replies in the place of a Redis: one sentence, in bounded time and memory."""

from __future__ import annotations

import resource
import socket
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import chain, repeat

import pytest

from cutover_gates.config.redis import RedisSettings
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.probes.network.redis.client import RedisClient, read_info
from cutover_gates.util.http import SourceUnavailable
from tests.calibration import scale_seconds
from tests.standins.http_server import running_socket_server

SECONDS = 1.0
ADDED_MEMORY = 100 * 1024
"""Kibibytes."""
BLOCK = b"a" * 65536
REPLIES: dict[str, tuple[Callable[[], Iterable[bytes]], str]] = {
    "a bulk of two gigabytes": (lambda: chain([b"$2000000000\r\n"], repeat(BLOCK)), "bytes"),
    "nested arrays": (lambda: [b"*1\r\n" * 200_000], "no reply of a Redis"),
    "a line without an end": (lambda: chain([b"+"], repeat(BLOCK)), "bytes"),
    "an array without an end": (
        lambda: chain([b"*2000000000\r\n"], repeat(b":1\r\n" * 9000)),
        "it gave",
    ),
    "a reply that drips": (lambda: chain([b"$90\r\n"], repeat(b"a")), "time"),
    "noise": (lambda: [b"\x00\xff\x1b[2J\r\n" * 100], "Protocol Error"),
    "another type": (lambda: [b":1\r\n" * 9], "no reply of a Redis"),
}


@pytest.mark.parametrize("name", REPLIES)
def test_a_hostile_redis_is_told_in_a_sentence(name: str) -> None:
    parts, says = REPLIES[name]

    def speak(connection: socket.socket) -> None:
        connection.settimeout(20)
        connection.recv(65536)
        with suppress(OSError):
            for part in parts():
                connection.sendall(part)
                time.sleep(0.2 if len(part) == 1 else 0)
            connection.recv(65536)

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with running_socket_server(speak) as url:
        settings = RedisSettings(url=url.replace("http", "redis"), seconds=SECONDS)
        client = RedisClient(settings, None, None, Redactor())
        started = time.monotonic()
        with pytest.raises(SourceUnavailable) as raised:
            client.query(read_info)
    assert time.monotonic() - started < SECONDS + scale_seconds(2)
    assert says in str(raised.value)
    assert "\x1b" not in str(raised.value)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < ADDED_MEMORY
