"""The proof that a backup restores to the data of a snapshot, carried from one gate to a later one.

A restore takes most of the time of Phase 1. Where the very file was restored and compared with the
very snapshot before, under the same declarations, it is not restored again: the hash of the file
says that it is the same. A file that is another, or a proof that was edited, proves nothing, and
then the backup is restored as ever.
"""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.core.findings import NotProven
from cutover_gates.probes.database.backup.backup_expectations import format_time
from cutover_gates.probes.database.backup.backup_files import BackupFile
from cutover_gates.probes.database.backup.backup_identity import hash_backup
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.snapshot.model import content_digest
from cutover_gates.probes.database.snapshot.selection import find_newest_snapshot
from cutover_gates.util.files import write_atomically

FORMAT = 1
_FOLDER = "restore-proofs"


def record_restore_proof(
    context: DatabaseContext, backup: BackupFile, digest: str, compared: Assessment
) -> Path | None:
    """Write that the backup with this hash restores to the snapshot; None where it does not.

    `compared` is the comparison of the restored copy with the newest snapshot.
    """
    if compared.findings or compared.not_proven or not compared.checked:
        return None
    # Without a hash it could not be read; with another one it was written anew meanwhile.
    if not digest or hash_backup(context, backup) != digest:
        return None
    content = {
        "bound_to": _describe_binding(context, digest),
        "backup": backup.path.name,
        "proven_at": time.time(),
        "checked": list(compared.checked),
    }
    plain = {"format": FORMAT, "sha256": content_digest(content), "content": content}
    path = _proof_path(context, digest)
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_atomically(path, json.dumps(plain))


def find_restore_proof(context: DatabaseContext, backup: BackupFile) -> Assessment | None:
    """Return the comparison that was made of this very backup and snapshot; None where none was."""
    try:
        digest = hash_backup(context, backup)
        content = _read_proof(_proof_path(context, digest))
        is_bound = content["bound_to"] == _describe_binding(context, digest)
        checked, moment = tuple(content["checked"]), format_time(content["proven_at"])
    except (OSError, ValueError, KeyError, TypeError, NotProven):
        return None
    if not digest or not is_bound or not checked:
        return None
    figures = {"backup": backup.path.name, "sha256": digest, "restored and compared at": moment}
    return Assessment(f"The backup was restored and compared at {moment}", checked, figures=figures)


def _describe_binding(context: DatabaseContext, digest: str) -> dict[str, Any]:
    """Return what a proof holds for: the backup, the snapshot, the declarations and the target."""
    before = find_newest_snapshot(context)
    declared = {name: change.model_dump() for name, change in context.migrations.tables.items()}
    return {
        "backup": digest,
        "snapshot": content_digest(replace(before, path=None).to_plain()),
        "declarations": content_digest(declared),
        "schemas": list(context.migrations.schemas),
        "target": context.target,
    }


def _proof_path(context: DatabaseContext, digest: str) -> Path:
    return context.snapshots / _FOLDER / f"{digest}.json"


def _read_proof(path: Path) -> dict[str, Any]:
    """Return what a proof says. Raise `ValueError` where it was cut short or edited."""
    plain = json.loads(path.read_bytes())
    content: dict[str, Any] = plain["content"]
    if plain["format"] != FORMAT or plain["sha256"] != content_digest(content):
        raise ValueError(f"{path.name} was edited")
    return content
