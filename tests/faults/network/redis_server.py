"""A real redis-server for one test."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from shutil import which
from typing import Any

import redis

from cutover_gates.config.redis import RedisSettings as Declared
from cutover_gates.probes.network.redis.assessments import RedisAssessments
from cutover_gates.util.concurrency import wait_for
from tests.faults.network.network_fault import CONTEXT
from tests.faults.network.tls_fronts import closed_port

PASSWORD = "correct-horse-battery"
HIGHEST = 55_535
MISSING = (
    None
    if which("redis-server")
    else "redis-server is not on the PATH: install the Debian package redis-server"
)


@dataclass
class RedisServer:
    """A server with `options` over the usual ones.

    `harm` is done to it. `declared` are settings, `password` the one that the settings have. `tls`
    is a file with certificate and key: the server then also listens by TLS, and the settings
    declare that address.
    """

    options: dict[str, str] = field(default_factory=dict)
    harm: Callable[[Any], None] = field(default=lambda _client: None)
    declared: dict[str, Any] = field(default_factory=dict)
    password: str | None = PASSWORD
    alive: bool = True
    tls: Path | None = None


@contextmanager
def running_redis(server: RedisServer, folder: Path) -> Iterator[RedisAssessments]:
    """Yield the questions about it."""
    port, secure = _port(), closed_port()
    url = f"rediss://localhost:{secure}/0" if server.tls else f"redis://127.0.0.1:{port}/0"
    declared = Declared.model_validate(
        {"url": url, "seconds": 5, "persistence": "aof", **server.declared}
    )
    questions = RedisAssessments(declared, CONTEXT, password=server.password)
    if not server.alive:
        yield questions
        return
    options = {
        "port": str(port),
        "bind": "127.0.0.1",
        "dir": str(folder),
        "requirepass": PASSWORD,
        "save": "",
        "appendonly": "yes",
        "appendfsync": "no",
        "maxmemory": "64mb",
        "maxmemory-policy": "noeviction",
        **server.options,
    }
    if server.tls:
        options |= {
            "tls-port": str(secure),
            "tls-cert-file": str(server.tls),
            "tls-key-file": str(server.tls),
            "tls-auth-clients": "no",
            "tls-ca-cert-file": str(server.tls),
        }
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    with subprocess.Popen(
        ["redis-server", *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            with redis.Redis(port=port, password=PASSWORD) as client:
                assert wait_for(lambda: _answers(client), 10, 0.02), "redis-server did not start"
                server.harm(client)
            yield questions
        finally:
            process.kill()  # one that cannot save its data would not end for less


def _port() -> int:
    """Return a free port, with room for the port of the cluster bus, which is 10,000 above it."""
    while (port := closed_port()) > HIGHEST:
        pass
    return port


def _answers(client: Any) -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
