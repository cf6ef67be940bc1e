"""The file of a snapshot: written as a whole or not at all, and refused when it was changed.

The file is `<UTC>.json.gz` in `context.snapshots`. It holds a SHA-256 of its own content, so a file
that was cut short or edited is recognised.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from cutover_gates.core.findings import gap_error
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.snapshot import rules
from cutover_gates.probes.database.snapshot.model import Snapshot, content_digest
from cutover_gates.util.files import write_atomically

FORMAT = 1
SUFFIX = ".json.gz"
_FILE_NAME = "%Y%m%dT%H%M%S.%fZ"
# Errors that reading a cut or edited file raises: gzip, JSON and missing or odd keys.
_DAMAGE_ERRORS = (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError, AttributeError)


def save_snapshot(snapshot: Snapshot, folder: Path) -> Path:
    """Write a snapshot into a new file of `folder`, and return the file."""
    content = snapshot.to_plain()
    plain = {"format": FORMAT, "sha256": content_digest(content), "content": content}
    folder.mkdir(parents=True, exist_ok=True)
    moment = datetime.fromtimestamp(snapshot.taken_at, UTC)
    path = folder / f"{moment.strftime(_FILE_NAME)}{SUFFIX}"
    # Without the time in the header, equal content gives an equal file.
    return write_atomically(path, gzip.compress(json.dumps(plain).encode(), mtime=0))


def load_snapshot(path: Path) -> Snapshot:
    """Return the snapshot in a file. Raise `NotProven` for a file that was cut short or edited."""
    try:
        snapshot = _parse_snapshot(path)
    except _DAMAGE_ERRORS:
        snapshot = None
    if snapshot is None:
        reason = "the file is damaged or was edited, so nothing can be compared with it"
        raise gap_error(rules.SNAPSHOT_INTACT, path.name, reason)
    return snapshot


def _parse_snapshot(path: Path) -> Snapshot | None:
    plain = json.loads(gzip.decompress(path.read_bytes()))
    content = plain["content"]
    if plain["format"] != FORMAT or plain["sha256"] != content_digest(content):
        return None
    return Snapshot.from_plain(content, path)


def iter_snapshots(context: DatabaseContext) -> Iterator[Snapshot]:
    """Return the snapshots of the context's target, the newest first.

    Raise `NotProven` at one that was cut short or edited: it may be the target's newest.
    """
    for path in sorted(context.snapshots.glob(f"*{SUFFIX}"), reverse=True):
        snapshot = load_snapshot(path)
        if snapshot.target == context.target:
            yield snapshot
