"""The second instance of the application: `python -m reference.surroundings.instance`, a process of
its own on the same database.

Its one line of standard input is a JSON object: what it needs of `Settings`, the `port` to listen
on, and `opens`, a file that is there once the database may be used. It ends when standard input
does.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reference import serve
from reference.app import create_app
from reference.settings import Settings
from reference.surroundings.part import Part

NAME = "instance"


def part(settings: Settings, port: int, opens: Path) -> Part:
    """This module as a part; it is started anew whenever it dies."""
    brief = {
        "database": settings.database,
        "signing_key": settings.signing_key,
        "release": settings.release,
        "log": str(settings.log),
        "port": port,
        "opens": str(opens),
    }
    paths = [str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])]
    return Part(
        NAME,
        [sys.executable, "-m", __name__],
        {"PYTHONPATH": os.pathsep.join(paths)},
        says=json.dumps(brief),
        again=True,
    )


def main() -> None:
    brief: Mapping[str, Any] = json.loads(sys.stdin.readline())
    serve.stop_in_order()
    serve.stop_with_parent()
    settings = Settings(
        brief["database"], brief["signing_key"], release=brief["release"], log=Path(brief["log"])
    )
    app = create_app(settings)
    while not Path(brief["opens"]).exists():
        time.sleep(0.02)
    with serve.listen(brief["port"]) as listener:
        serve.serve(app, listener)


if __name__ == "__main__":
    main()
