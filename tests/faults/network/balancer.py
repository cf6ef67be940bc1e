"""Backends that can die and come back, behind a small load balancer with adjustable behaviour."""

from __future__ import annotations

import http.client
import itertools
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cutover_gates.config.load_balancer import LoadBalancerSettings
from cutover_gates.probes.network.load_balancer.assessments import LoadBalancerAssessments
from tests.faults.network.network_fault import CONTEXT

DEAD_SECONDS = 0.6
"""That a backend stays dead after it was made to die."""
CLIENT = "127.0.0.2"
BACK_SECONDS = 10.0


@dataclass
class BalancerBehaviour:
    """How the load balancer behaves. The defaults are right."""

    only_first: bool = False
    """Traffic only ever goes to the first backend."""
    notices: bool = True
    """Asks the next one when one does not answer, and leaves out the silent one."""
    forgives: bool = True
    """Asks a silent one again after a while."""
    passes_on: bool = True
    """Says from which address was asked."""
    strangers: tuple[int, ...] = ()
    """Ports of backends that nobody declared."""


class _Quiet(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Write no log."""

    def answer(self, status: int, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": "0"}.items():
            self.send_header(name, value)
        self.end_headers()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore it: connections break when a backend dies."""


@contextmanager
def _serving(handler: type[_Quiet], port: int = 0) -> Iterator[int]:
    with _Server(("127.0.0.1", port), handler) as server:
        thread = threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


@dataclass
class Backend:
    """A backend that names itself and logs who asked. It can die for a while, or for good.

    `status` is what it answers.
    """

    name: str
    log: list[dict[str, Any]]
    status: int = 200
    returns: bool = True
    port: int = 0
    _life: ExitStack = field(default_factory=ExitStack)
    _return: threading.Timer | None = None

    def live(self) -> None:
        backend = self

        class Handler(_Quiet):
            def do_GET(self) -> None:
                client = self.headers.get("X-Forwarded-For") or self.client_address[0]
                backend.log.append(
                    {"request_id": self.headers.get("X-Request-Id"), "client": client}
                )
                self.answer(backend.status, {"X-Instance": backend.name})

        self.port = self._life.enter_context(_serving(Handler, self.port))

    def die(self) -> None:
        """Close the port; open it again later."""
        self._life.close()
        if self.returns:
            self._return = threading.Timer(DEAD_SECONDS, self.live)
            self._return.start()

    def end(self) -> None:
        if self._return:
            self._return.cancel()
            self._return.join()
        self._life.close()


@contextmanager
def _balancer(behaviour: BalancerBehaviour, ports: list[int]) -> Iterator[int]:
    turn, out = itertools.count(), dict[int, float]()

    def candidates() -> list[int]:
        every = ports[:1] if behaviour.only_first else [*ports, *behaviour.strangers]
        begin = next(turn) % len(every)
        inside = [
            port
            for port in every[begin:] + every[:begin]
            if port not in out or (behaviour.forgives and time.monotonic() - out[port] > 0.3)
        ]
        return inside if behaviour.notices else inside[:1]

    class Handler(_Quiet):
        def do_GET(self) -> None:
            forwarded = {"X-Forwarded-For": self.client_address[0]} if behaviour.passes_on else {}
            passed = {"X-Request-Id": self.headers.get("X-Request-Id") or "", **forwarded}
            for port in candidates():
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
                try:
                    connection.request("GET", self.path, headers=passed)
                    came = connection.getresponse()
                    came.read()
                except OSError:
                    if behaviour.notices:
                        out[port] = time.monotonic()
                    continue
                finally:
                    connection.close()
                out.pop(port, None)
                self.answer(came.status, {"X-Instance": came.headers["X-Instance"]})
                return
            self.answer(502)

    with _serving(Handler) as port:
        yield port


@contextmanager
def running_balancer(
    behaviour: BalancerBehaviour | None = None,
    *,
    backends: int = 2,
    dead: int = 0,
    fate: Mapping[str, Any] | None = None,
    stranger: bool = False,
    **declared: Any,
) -> Iterator[LoadBalancerAssessments]:
    """Yield the questions about a load balancer.

    The last `dead` backends are dead from the start. `fate` sets fields of the last one, which the
    command `kill` stops.
    """
    behaviour, log = behaviour or BalancerBehaviour(), list[dict[str, Any]]()
    alive = [
        Backend(f"backend-{number}", log, **((fate or {}) if number == backends - 1 else {}))
        for number in range(backends)
    ]
    with ExitStack() as stack:
        for backend in alive:
            backend.live()
            stack.callback(backend.end)
        if stranger:
            unknown = Backend("backend-of-old", log)
            unknown.live()
            stack.callback(unknown.end)
            behaviour.strangers = (unknown.port,)
        for backend in alive[backends - dead :]:
            backend.end()

        class Control(_Quiet):
            def do_GET(self) -> None:
                alive[-1].die()
                self.answer(200)

        control, port = (
            stack.enter_context(_serving(Control)),
            stack.enter_context(_balancer(behaviour, [backend.port for backend in alive])),
        )
        kill = [
            sys.executable,
            "-S",
            "-c",
            f"import urllib.request as r; r.urlopen('http://127.0.0.1:{control}/')",
        ]
        settings = {
            "backends": [f"http://127.0.0.1:{backend.port}" for backend in alive],
            "instance_header": "X-Instance",
            "kill": kill,
            "client_address": CLIENT,
            "client_field": "client",
            "back_seconds": BACK_SECONDS,
            "seconds": 5,
            **declared,
        }
        yield LoadBalancerAssessments(
            LoadBalancerSettings.model_validate(settings),
            f"http://127.0.0.1:{port}",
            CONTEXT,
            log_seconds=1,
            search_log=lambda marker: [
                entry for entry in list(log) if entry["request_id"] == marker
            ],
        )
