"""A backend's image, made from what is on this machine: this Python's own files, and a hospital
that can say that it is there.
"""

from __future__ import annotations

import io
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import Any

# another image, made in the same way
from tests.integration.database.scratch.postgres_image import (
    ImageTar,
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


CHANGES = [
    "ENV LD_LIBRARY_PATH=/libraries PYTHONHOME=/python PYTHONPATH=/served PYTHONUNBUFFERED=1",
    "EXPOSE 8000",
    'ENTRYPOINT ["/python/bin/python", "/served.py"]',
]


def build(engine: Any) -> str:
    """Build the image of the small hospital, and return its name with its tag."""
    return build_python_image(engine, NAME, _SERVED)


def build_python_image(
    engine: Any, name: str, program: str, files: Mapping[str, Path] | None = None
) -> str:
    """Build an image that runs `program` with this Python, and return its name with its tag.

    `files` can be imported by it: the path of each from the folder of packages, and where it is.
    """
    tree = _tree(program, files or {})
    engine.api.import_image_from_data(tree, repository=name, tag=TAG, changes=CHANGES)
    return f"{name}:{TAG}"


def _tree(program: str, files: Mapping[str, Path]) -> bytes:
    python = Path(sys.executable).resolve()
    library = Path(sysconfig.get_paths()["stdlib"])
    content = io.BytesIO()
    with ImageTar.open(fileobj=content, mode="w") as tar:
        tar.add(python, "python/bin/python")
        tar.add(
            library,
            f"python/lib/{library.name}",
            filter=lambda entry: None if Path(entry.name).name in _LEFT_OUT else entry,
        )
        for inside, path in files.items():
            tar.add(path, f"served/{inside}", recursive=False)
        compiled = [path for path in files.values() if path.suffix == ".so"]
        for one in sorted(_libraries(python, *(library / "lib-dynload").glob("*.so"), *compiled)):
            tar.add(
                one.resolve(),
                str(one).lstrip("/") if one.name.startswith("ld-") else f"libraries/{one.name}",
            )
        _text(tar, "served.py", program)
    return content.getvalue()
