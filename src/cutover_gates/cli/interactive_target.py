"""The settings, the target and the ledger of a load by hand.

This module knows nothing of locust.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from cutover_gates.config.demonstration import load_demonstration
from cutover_gates.config.loader import FILE_NAME, load_settings
from cutover_gates.config.settings import Settings
from cutover_gates.core.evidence.ledger import Ledger
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.targets import containers, embedded, running_target
from cutover_gates.targets.running_target import RunningTarget
from cutover_gates.targets.target_binding import open_ledger
from cutover_gates.util.shipped_files import is_installed, shipped_root

log = logging.getLogger("cutover")


def load_interactive_settings(suite: Path) -> Settings:
    """Return the settings for the journeys in the folder `suite`.

    They stand beside that folder. Those of an installed package stand in the folder in which locust
    was started; where it has none, the demonstration's are used. Raises `SettingsError`.
    """
    project = Path.cwd() if is_installed() and suite.parent == shipped_root() else suite.parent
    if (project / FILE_NAME).is_file():
        return load_settings(None, project)
    return load_demonstration(project)


def create_tag() -> str:
    """Return the tag of everything that this load creates on the target."""
    return f"hand{datetime.now(UTC):%y%m%d%H%M}{secrets.token_hex(2)}"


@contextmanager
def open_target(settings: Settings, redactor: Redactor) -> Iterator[RunningTarget]:
    """Yield the target; an embedded one or one in containers is started and stopped at the end."""
    with ExitStack() as stack:
        if settings.chosen_target.kind == "embedded":
            hospital = embedded.start_embedded_target(settings, shipped_root())
            stack.callback(hospital.stop)
            target = hospital.standing
        elif settings.chosen_target.kind == "containers":
            target = stack.enter_context(containers.run_containers(settings))
        else:
            target = running_target.describe_remote(settings)
        for name, value in target.secrets().items():
            redactor.learn(name, value)
        yield target


@contextmanager
def open_load_ledger(
    settings: Settings, target: RunningTarget, tag: str, redactor: Redactor
) -> Iterator[Ledger]:
    """Yield a ledger among those of the target.

    The next gate reads it too, and retires what a killed load has left.
    """
    folder = settings.resolve_path(settings.reports).parent / "ledgers" / settings.target
    ledger = open_ledger(folder / f"{tag}.jsonl", tag, settings, target, redactor)
    try:
        yield ledger
    finally:
        left = ledger.remaining_records() if settings.chosen_target.kind == "remote" else []
        if left:
            log.warning(
                "%d records are still on %s: the next gate, or `pytest --sweep`, retires them",
                len(left),
                settings.target,
            )
        ledger.close()
