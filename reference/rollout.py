"""The rollout of a cutover: both releases behind the proxy, on the migrated database.

`python -m reference --stage rollout` migrates the database while 1.9.0 serves, starts two instances
of 2.0.0 beside it, and announces the hospital. All traffic still goes to 1.9.0: how each step
begins, and how all goes back, stands in the announcement (`environment/advance.py`).
"""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reference import cutover, stages
from reference.environment import advance, switch
from reference.environment.launcher import Environment
from reference.postgres import Server

STAGE = "rollout"


@dataclass
class Rollout:
    """One rollout. `migrated` is set once the new release may use the database."""

    server: Server
    database: str
    environment: Environment
    migrated: threading.Event = field(default_factory=threading.Event)
    backup: Path | None = None

    def run(self, *_: object) -> None:
        """Serve 1.9.0, migrate below it, and start the new release beside it."""
        self.environment.wait_for_release_before()
        self.backup = stages.back_up(self.server, self.database)
        cutover.perform(self.server, self.database, [], by=cutover.flyway())
        self.migrated.set()
        self.environment.open()
        self.environment.wait_for_new_release()

    def describe(self) -> dict[str, Any]:
        """Return the commands that begin a step, take the rollout back and tell the weights."""
        assert self.environment.switch is not None
        words = [sys.executable, "-m", advance.__name__]
        words += ["--socket", str(self.environment.directory / switch.SOCKET)]
        words += ["--old", self.environment.switch.address]
        words += ["--new", self.environment.first, "--new", self.environment.second]
        return {
            "advance": [*words, "{percent}"],
            "abort": [*words, "0"],
            "weights": {"command": words},
            "pin_header": f"{switch.PIN_FIELD}: {{release}}",
        }
