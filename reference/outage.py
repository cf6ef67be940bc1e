"""An outage of the database on demand: it is closed for some seconds when SIGUSR1 comes.

Whoever judges the hospital tries with it what readiness says meanwhile. The database is open again
by itself, also where they are killed; and the whole hospital ends with the process that started it.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import Any

from reference.postgres import Server

SECONDS = 4.0
FALL_SECONDS = 1.5
"""Seconds within which readiness must fall: `Settings.readiness_wait`, and some more."""


def close_on_signal(server: Server, database: str) -> None:
    """Close the database for `SECONDS` whenever this process gets SIGUSR1."""
    outage = threading.Lock()

    def close() -> None:
        # Two signals at once are one outage.
        if not outage.acquire(blocking=False):
            return
        try:
            server.allow_connections(database, False)
            time.sleep(SECONDS)
        finally:
            server.allow_connections(database, True)
            outage.release()

    def start(*_: object) -> None:
        threading.Thread(target=close, daemon=True, name="outage").start()

    signal.signal(signal.SIGUSR1, start)


def describe_outage() -> dict[str, Any]:
    """Return how this process is told to close its database, as keys of the settings."""
    return {
        "command": ["sh", "-c", f"kill -USR1 {os.getpid()}"],
        "fall_seconds": FALL_SECONDS,
    }
