"""One of these hospitals in a process of its own: `python -m tests.dialects.serve`.

It reads its configuration as a line of JSON from standard input, and prints its addresses as one.
It ends when its standard input ends.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import socket
import sys
import threading
from typing import Any

import uvicorn


def kind_of(dialect: str, fault: str | None) -> Any:
    """Return the class of the hospital, correct or with a fault."""
    module = importlib.import_module(f"tests.dialects.{dialect}.{'faults' if fault else 'server'}")
    return getattr(module, fault or dialect.capitalize())


def apps_of(dialect: str, hospital: Any) -> list[Any]:
    """Return the application of each address.

    The hospital provides them itself, or the module `routes` beside it does.
    """
    if hasattr(hospital, "apps"):
        return list(hospital.apps())
    return list(importlib.import_module(f"tests.dialects.{dialect}.routes").apps(hospital))


def main() -> None:
    """Serve until standard input ends."""
    told = json.loads(sys.stdin.readline())
    kind = kind_of(told["dialect"], told["fault"])
    sockets = [_listening() for _ in range(kind.sockets)]
    addresses = [f"http://127.0.0.1:{one.getsockname()[1]}" for one in sockets]
    apps = apps_of(told["dialect"], kind(addresses, told["passwords"], **told["options"]))
    threading.Thread(target=_end_with_input, daemon=True).start()
    print(json.dumps({"url": addresses[0]}), flush=True)
    asyncio.run(_serve(apps, sockets))


def _listening() -> socket.socket:
    listener = socket.socket(proto=socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(512)
    return listener


async def _serve(apps: list[Any], sockets: list[socket.socket]) -> None:
    servers = [
        uvicorn.Server(
            uvicorn.Config(
                app,
                access_log=False,
                log_level="critical",
                server_header=False,
                lifespan="off",
                ws="none",
                timeout_keep_alive=75,
            )
        )
        for app in apps
    ]
    await asyncio.gather(
        *(server.serve([one]) for server, one in zip(servers, sockets, strict=True))
    )


def _end_with_input() -> None:
    while os.read(0, 1024):
        pass
    os._exit(0)  # all that it knows is in memory, and goes with it


if __name__ == "__main__":
    main()
