"""Serves an ASGI application on a socket that is already bound, so that nobody can take the port in
between.

with serve.listen() as listener:                  # a free loopback port
    print(serve.url(listener))
    serve.serve(app, listener)                    # until SIGTERM or Ctrl-C
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
_SECONDS_TO_FINISH = 1  # for requests that are still running when we are told to stop


@contextlib.contextmanager
def listen(port: int = 0) -> Iterator[socket.socket]:
    """A socket that listens on 127.0.0.1: connections wait in it until `serve` answers them."""
    # The protocol must be named: asyncio sends small answers at once (TCP_NODELAY) only where it
    # sees that this is TCP.
    with socket.socket(proto=socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(1024)
        yield listener


def url(listener: socket.socket) -> str:
    """`http://127.0.0.1:port`."""
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
        # longer than clients usually keep an idle connection, so that it is they who close it
        timeout_keep_alive=75,
    )
    uvicorn.Server(config).run([listener])


def stop_in_order() -> None:
    """From now on SIGTERM and Ctrl-C end the process by way of its `with` and `finally` blocks."""
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: sys.exit(0))


def stop_with_parent(descriptor: int = _STANDARD_INPUT) -> None:
    """From now on the end of this pipe (our parent closed its end, or is dead) ends the process
    like SIGTERM does.
    """

    def wait() -> None:
        while os.read(
            descriptor, 1024
        ):  # Unbuffered: a lock of `sys.stdin` must not stand in the way when we end otherwise.
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()
