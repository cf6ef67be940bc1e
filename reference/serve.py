"""Serve an ASGI application on a socket that is already bound, so that no process takes the port.

    with serve.listen() as listener:                  # a free loopback port
        print(serve.url(listener))
        serve.serve(app, listener)                    # until SIGTERM or Ctrl-C

At SIGTERM readiness fails first, then new connections are refused, and what is under way (a slow
upload, a slow download) has `SECONDS_TO_DRAIN` to end. A server without requests stops at once. A
parent may stop it through a pipe (`stop_with_parent`): then nobody waits for an answer any more.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from reference import draining

SECONDS_TO_DRAIN = 30
"""For requests that run at SIGTERM. It is what Kubernetes grants a pod by default."""
_STANDARD_INPUT = 0
_SECONDS_WITHOUT_PARENT = 1
_parent_is_gone = threading.Event()


@contextlib.contextmanager
def listen(port: int = 0) -> Iterator[socket.socket]:
    """Open a socket on 127.0.0.1; connections wait in it until `serve` answers them."""
    # asyncio sends small answers at once (TCP_NODELAY) only for a socket whose protocol is named.
    with socket.socket(proto=socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(1024)
        yield listener


def url(listener: socket.socket) -> str:
    """Return `http://127.0.0.1:port`."""
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


def serve(app: ASGIApp, listener: socket.socket, *, leave_seconds: float = 0) -> None:
    """Answer until SIGTERM or Ctrl-C, then let running requests finish.

    For `leave_seconds` it says that it is not ready and still takes connections: time for a
    balancer to notice.
    """
    config = uvicorn.Config(
        app,
        access_log=False,  # The application writes its own lines.
        log_level="error",
        server_header=False,
        timeout_graceful_shutdown=SECONDS_TO_DRAIN,
        lifespan="on",
        ws="none",
        # Clients usually keep an idle connection for less, so the client closes it, not the server.
        timeout_keep_alive=75,
    )
    _DrainingServer(config, leave_seconds).run([listener])


class _DrainingServer(uvicorn.Server):
    """A server that says it is not ready before it refuses a connection."""

    def __init__(self, config: uvicorn.Config, leave_seconds: float) -> None:
        super().__init__(config)
        self._leave_seconds = leave_seconds

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop, as a signal asks."""
        draining.requested.set()
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop: wait for the balancer, refuse connections, wait for running requests."""
        if not _parent_is_gone.is_set():
            await asyncio.sleep(self._leave_seconds)
        else:
            self.config.timeout_graceful_shutdown = _SECONDS_WITHOUT_PARENT
        await super().shutdown(sockets)


def stop_in_order() -> None:
    """Let SIGTERM and Ctrl-C end the process through its `with` and `finally` blocks."""
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: sys.exit(0))


def stop_with_parent(descriptor: int = _STANDARD_INPUT) -> None:
    """End the process as SIGTERM does when this pipe ends.

    The pipe ends when the parent closes its end or dies.
    """

    def wait() -> None:
        # The read is unbuffered: a lock of `sys.stdin` would block another way to end the process.
        while os.read(descriptor, 1024):
            pass
        _parent_is_gone.set()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()
