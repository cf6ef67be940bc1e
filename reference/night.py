"""The night of a cutover on demand: Phase 1 while the release before serves, and one plain switch.

`python -m reference --stage night --json` prints a first line once 1.9.0 answers behind the proxy:
the way in, the accounts, and the file `begin`. When somebody makes that file, the database is
backed up and migrated, the new instances start, the proxy is switched to them, and 1.9.0 ends. The
second line is that of any started hospital.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reference import cutover, stages
from reference.environment.launcher import Environment
from reference.postgres import Server
from reference.seed import Account

STAGE = "night"
_PAUSE_SECONDS = 0.05


@dataclass
class Night:
    """One night. `migrated` is set once the new release may use the database."""

    server: Server
    database: str
    environment: Environment
    migrated: threading.Event = field(default_factory=threading.Event)
    backup: Path | None = None

    def run(self, staff: Sequence[Account], announce: Callable[[dict[str, Any]], None]) -> None:
        """Serve 1.9.0, tell it, wait for the word to begin, and carry the cutover out."""
        self.environment.wait_for_release_before()
        begin = self.environment.directory / "begin"
        announce({"night": self._describe(staff, begin)})
        while not begin.exists():
            time.sleep(_PAUSE_SECONDS)
        self.backup = stages.back_up(self.server, self.database)
        cutover.perform(self.server, self.database, [], by=cutover.flyway())
        self.migrated.set()
        self.environment.open()
        self.environment.switch_to_new_release()

    def _describe(self, staff: Sequence[Account], begin: Path) -> dict[str, Any]:
        return {
            "url": f"https://localhost:{self.environment.ports.tls}",
            "ca_file": str(self.environment.certificate_files.authority),
            "users": {one.username: one.password for one in staff},
            "begin": str(begin),
        }
