"""The record of the release before: its image, and hashes of its configuration.

It is written before the cutover and compared after a rollback. The file holds a sum of its content,
so that one that was cut short or edited is recognised.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from cutover_gates.core.findings import gap_error
from cutover_gates.probes.deployment.kubernetes import rules
from cutover_gates.util.files import write_atomically

FORMAT = 1


@dataclass(frozen=True)
class ConfigurationRecord:
    """What a deployment had. `taken` is in seconds since 1970, `salt` is hexadecimal.

    `parts` are hashes of what its template configures. `objects` are the hashes of its ConfigMaps
    and Secrets, `versions` their versions at that moment.
    """

    deployment: str
    digest: str
    taken: float
    salt: str
    parts: Mapping[str, str] = field(default_factory=dict)
    objects: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)


def save_record(path: Path, record: ConfigurationRecord) -> None:
    """Write the record, over the one before."""
    content = asdict(record)
    plain = {"format": FORMAT, "sha256": _digest(content), "content": content}
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps(plain, indent=1))


def load_record(path: Path) -> ConfigurationRecord:
    """Return the record. Raises `NotProven` where there is none, or it was edited."""
    if not path.is_file():
        reason = "there is none: the gate t12 takes it while the release before runs"
        raise gap_error(rules.CONFIGURATION_RECORDED, path.name, reason)
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        content: dict[str, Any] = plain["content"]
        intact = plain["format"] == FORMAT and plain["sha256"] == _digest(content)
        record = ConfigurationRecord(**content) if intact else None
    except (OSError, ValueError, KeyError, TypeError):
        record = None
    if record is None:
        reason = "the file is damaged or was edited, so nothing can be compared with it"
        raise gap_error(rules.CONFIGURATION_RECORDED, path.name, reason)
    return record


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
