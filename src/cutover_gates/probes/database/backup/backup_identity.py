"""Which file a backup is: its path, sizes and times, and its SHA-256, computed once a gate.

The times alone can be kept by a copy job; the time of the last change of a file (`ctime`) is set by
the kernel on each write and cannot be set back. So the hash is computed again where anything of it
differs, and only then.
"""

from __future__ import annotations

import hashlib
import json
from functools import partial
from pathlib import Path

from cutover_gates.probes.database.backup.backup_files import BackupFile
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.util.files import compute_once, hash_file

_FOLDER = "restored-copies"


def shared_folder(context: DatabaseContext) -> Path:
    """Return the folder for what all processes of a gate know of its backups."""
    # Beside the lease: a copy's context has a folder of results of its own.
    return (context.lease.parent if context.lease else context.cache_folder) / _FOLDER


def identify_backup(backup: BackupFile) -> str:
    """Return a key that is another one once any file of the backup was written, added or removed.

    Raise `OSError` where a file is gone.
    """
    folder = backup.path.resolve()
    files = sorted(path for path in folder.rglob("*") if path.is_file()) or [folder]
    facts = [_describe_file(path) for path in files]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]


def hash_backup(context: DatabaseContext, backup: BackupFile) -> str:
    """Return the SHA-256 of a backup: of its file, or of the names and sums of its files.

    It is empty where the file cannot be read.
    """
    try:
        key = identify_backup(backup)
    except OSError:
        return ""
    compute = partial(_compute_hash, context, backup)
    return str(compute_once(shared_folder(context), f"sha256-{key}", compute)["sha256"])


def _compute_hash(context: DatabaseContext, backup: BackupFile) -> dict[str, str]:
    with context.record_step("hashing the backup"):
        return {"sha256": _hash_files(backup.path)}


def _hash_files(path: Path) -> str:
    if path.is_file():
        return hash_file(path)
    files = sorted(each for each in path.rglob("*") if each.is_file())
    lines = [f"{each.relative_to(path)} {hash_file(each)}\n" for each in files]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _describe_file(path: Path) -> list[str | int]:
    about = path.stat()
    times = [about.st_mtime_ns, about.st_ctime_ns]
    return [str(path), about.st_dev, about.st_ino, about.st_size, *times]
