"""The second instance of the application: a process of its own on the same database.

    python -m reference.environment.instance

It reads one line from standard input, a JSON object: the values that it needs of `Settings`, the
`port` to listen on, and `open_marker`, a file that exists once the database may be used. It ends
when standard input ends.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reference import releases, serve
from reference.environment.part import Part
from reference.settings import Settings

NAME = "instance"


def part(
    settings: Settings, port: int, open_marker: Path, name: str = NAME, *, restart: bool = True
) -> Part:
    """Return this module as a part; with `restart` it is started again whenever it dies."""
    config = {
        "database": settings.database,
        "signing_key": settings.signing_key,
        "release": settings.release,
        "log": str(settings.log),
        "port": port,
        "open_marker": str(open_marker),
    }
    paths = [str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])]
    return Part(
        name,
        [sys.executable, "-m", __name__],
        {"PYTHONPATH": os.pathsep.join(paths)},
        stdin=json.dumps(config),
        restart=restart,
    )


def main() -> None:
    """Serve until standard input ends."""
    config: Mapping[str, Any] = json.loads(sys.stdin.readline())
    serve.stop_in_order()
    serve.stop_with_parent()
    settings = Settings(
        config["database"],
        config["signing_key"],
        release=config["release"],
        log=Path(config["log"]),
    )
    app = releases.create_app(settings)
    while not Path(config["open_marker"]).exists():
        time.sleep(0.02)
    with serve.listen(config["port"]) as listener:
        serve.serve(app, listener)


if __name__ == "__main__":
    main()
