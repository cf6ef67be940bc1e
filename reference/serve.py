"""Serve an ASGI application on a socket that is already bound, so that no process takes the port.

    with serve.listen() as listener:                  # a free loopback port
        print(serve.url(listener))
        serve.serve(app, listener)                    # until SIGTERM or Ctrl-C

A parent may stop it through a pipe (`stop_with_parent`).
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

_STANDARD_INPUT = 0
_SECONDS_TO_FINISH = 1  # for requests that are still running at the stop


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


def serve(app: ASGIApp, listener: socket.socket) -> None:
    """Answer until SIGTERM or Ctrl-C, then let running requests finish."""
    config = uvicorn.Config(
        app,
        access_log=False,  # The application writes its own lines.
        log_level="error",
        server_header=False,
        timeout_graceful_shutdown=_SECONDS_TO_FINISH,
        lifespan="on",
        ws="none",
        # Clients usually keep an idle connection for less, so the client closes it, not the server.
        timeout_keep_alive=75,
    )
    uvicorn.Server(config).run([listener])


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
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()
