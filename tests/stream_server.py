"""A stand-in for a target's streams: server-sent events and WebSockets, cut and refused on demand."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

EVENT_SECONDS = 0.1


@dataclass
class StreamSwitch:
    """What the server does. `retry` is the pause in milliseconds that it asks clients for."""

    port: int = 0
    retry: int | None = None
    refuses: threading.Event = field(default_factory=threading.Event)
    generation: int = 0
    opened: int = 0

    def cut(self, *, refuse: bool = False) -> None:
        """End all streams; with `refuse` none is opened until `take_again`."""
        if refuse:
            self.refuses.set()
        self.generation += 1

    def take_again(self) -> None:
        """Open streams from now on."""
        self.refuses.clear()


@contextmanager
def serve_events(switch: StreamSwitch) -> Iterator[StreamSwitch]:
    """Serve events at every path of a free port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if switch.refuses.is_set():
                self.send_error(503)
                return
            mine, switch.opened = switch.generation, switch.opened + 1
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            if switch.retry is not None:
                self.wfile.write(b"retry: %d\ndata: hello\n\n" % switch.retry)
            with suppress(OSError):  # the watcher has gone
                while mine == switch.generation:
                    self.wfile.write(b"data: tick\n\n")
                    time.sleep(EVENT_SECONDS)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    switch.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield switch
    finally:
        switch.cut(refuse=True)
        server.shutdown()
        server.server_close()


@contextmanager
def serve_messages(switch: StreamSwitch) -> Iterator[StreamSwitch]:
    """Serve WebSockets at every path of a free port."""

    def handle(connection: ServerConnection) -> None:
        mine, switch.opened = switch.generation, switch.opened + 1
        with suppress(ConnectionClosed):
            while mine == switch.generation and not switch.refuses.is_set():
                connection.send("tick")
                time.sleep(EVENT_SECONDS)

    with serve(handle, "127.0.0.1", 0) as server:
        switch.port = server.socket.getsockname()[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield switch
        switch.cut(refuse=True)
        server.shutdown()
