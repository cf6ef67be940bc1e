"""A backend's image, made from what is on this machine: this Python's own files, and a hospital
that can say that it is there.
"""

from __future__ import annotations

import io
import sys
import sysconfig
import tarfile
from pathlib import Path
from typing import Any

# another image, made in the same way
from tests.integration.database.scratch.postgres_image import (
    _libraries,
    _text,
)

NAME, TAG = "cutover-backend", "1"
_SERVED = """
import http.server, json, os, socket, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            socket.create_connection((os.environ["DB_HOST"], int(os.environ["DB_PORT"])), 1).close()
            status = 200
        except OSError:
            status = 503
        body = json.dumps({"status": "ready" if status == 200 else "waiting", "release": "3.1.4", "user": os.environ["DB_USER"]}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
if os.environ.get("FAILS"):
    sys.exit("no licence: " + os.environ["FAILS"])
http.server.ThreadingHTTPServer(("0.0.0.0", 8000), Handler).serve_forever()
"""
_LEFT_OUT = {
    "site-packages",
    "test",
    "tests",
    "__pycache__",
    "idlelib",
    "tkinter",
    "ensurepip",
    "lib2to3",
    "turtledemo",
}


def build(engine: Any) -> str:
    """The image's name with its tag."""
    changes = [
        "ENV LD_LIBRARY_PATH=/libraries PYTHONHOME=/python PYTHONUNBUFFERED=1",
        "EXPOSE 8000",
        'ENTRYPOINT ["/python/bin/python", "/served.py"]',
    ]
    engine.api.import_image_from_data(_tree(), repository=NAME, tag=TAG, changes=changes)
    return f"{NAME}:{TAG}"


def _tree() -> bytes:
    python = Path(sys.executable).resolve()
    library = Path(sysconfig.get_paths()["stdlib"])
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        tar.add(python, "python/bin/python")
        tar.add(
            library,
            f"python/lib/{library.name}",
            filter=lambda entry: None if Path(entry.name).name in _LEFT_OUT else entry,
        )
        for one in sorted(_libraries(python, *(library / "lib-dynload").glob("*.so"))):
            tar.add(
                one.resolve(),
                str(one).lstrip("/") if one.name.startswith("ld-") else f"libraries/{one.name}",
            )
        _text(tar, "served.py", _SERVED)
    return content.getvalue()
