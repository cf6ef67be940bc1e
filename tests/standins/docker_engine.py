"""Stands for a Docker engine that answers and has nothing: no image, no network but those that are
made now.
"""

from __future__ import annotations

import json
import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.standins.https_server import QuietHandler


@dataclass
class Engine:
    """`asked` are its requests, without the API's version."""

    asked: list[str] = field(default_factory=list)


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


@contextmanager
def running_engine(path: Path) -> Iterator[Engine]:
    """An engine at the socket `path`."""
    engine = Engine()

    class Handler(QuietHandler):
        def serve(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked = re.sub(r"^/v[\d.]+", "", self.path)
            engine.asked.append(f"{self.command} {asked}")
            status, said = _answer(f"{self.command} {asked.partition('?')[0]}")
            self.reply(status, json.dumps(said).encode(), {"Content-Type": "application/json"})

        do_GET = do_POST = do_DELETE = do_HEAD = serve

    with _Server(str(path), Handler) as server:
        thread = threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        thread.start()
        try:
            yield engine
        finally:
            server.shutdown()
            thread.join()


def _answer(asked: str) -> tuple[int, object]:
    fixed: dict[str, tuple[int, object]] = {
        "GET /_ping": (200, "OK"),
        "GET /version": (200, {"ApiVersion": "1.41", "Version": "20"}),
        "GET /info": (200, {}),
        "GET /containers/json": (200, []),
        "GET /networks": (200, []),
        "POST /networks/create": (201, {"Id": "n1", "Warning": ""}),
        "GET /networks/n1": (200, {"Id": "n1", "Name": "made", "Labels": {}}),
        "DELETE /networks/n1": (204, None),
    }
    return fixed.get(asked, (404, {"message": "there is no such image"}))
