"""`SHA256SUMS` of a run's folder, in the format of coreutils: `sha256sum -c` accepts it.

A name with a line break or a backslash is escaped, and its line then begins with a backslash
(coreutils manual, "md5sum invocation"). Names that are not UTF-8 keep their bytes.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

SUMS_FILE = "SHA256SUMS"
STATEMENT_FILE = "verdict.intoto.json"
BUNDLE_FILE = "verdict.sigstore.json"
UNSUMMED_FILES = frozenset({SUMS_FILE, STATEMENT_FILE, BUNDLE_FILE})
"""Files of the folder itself that are written after the sums.

The statement names the sums by their digest, and its signature covers it.
"""
MAX_SUMS_BYTES = 16 * 2**20
MAX_FILE_BYTES = 4 * 2**30
"""No file of a run comes near: a larger one is reported and not read."""
_SHOWN_CHARACTERS = 120
_LINE = re.compile(rb"(\\?)([0-9a-f]{64}) [ *](.+)", re.DOTALL)
_ESCAPE = re.compile(rb"\\.", re.DOTALL)
_ESCAPES = {b"\\\\": b"\\", b"\\n": b"\n", b"\\r": b"\r"}


class AttestationError(ValueError):
    """A file of the attestation is missing or is not what it must be; the message is a sentence."""


@dataclass(frozen=True)
class FolderDifferences:
    """The differences between a folder and its sums: names, sorted.

    `unreadable` has sentences: a link, a device, a file that is too large or not permitted.
    """

    changed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()


def compute_sums(folder: Path) -> bytes:
    """Return the content of `SHA256SUMS` for all files below a folder, in the order of their names.

    Raises `AttestationError` for what is not a plain file, and `OSError`.
    """
    return compute_sums_of({name: folder / name for name in list_files(folder)})


def compute_sums_of(paths: Mapping[str, Path]) -> bytes:
    """Return the content of `SHA256SUMS` for files by their names in the folder.

    Their content may stand elsewhere, as it does before all files take their places. Raises
    `AttestationError` for what is not a plain file, and `OSError`.
    """
    lines = []
    for name in sorted(paths, key=os.fsencode):
        if name in UNSUMMED_FILES:
            continue
        if problem := _describe_unreadable(paths[name]):
            raise AttestationError(f"{show_name(name)} {problem}")
        lines.append(_format_line(name, hash_file(paths[name])))
    return b"".join(lines)


def list_files(folder: Path) -> Iterator[str]:
    """Yield the path below `folder` of everything in it that is not a folder. No link is followed.

    Raises `OSError` for a folder that cannot be read: a file in it would go unseen.
    """

    def refuse(error: OSError) -> None:
        raise error

    for parent, folders, files in os.walk(folder, onerror=refuse):
        # os.walk lists a link to a folder among the folders, and does not enter it.
        links = [name for name in folders if Path(parent, name).is_symlink()]
        for name in (*files, *links):
            yield Path(parent, name).relative_to(folder).as_posix()


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file, read piece by piece. Raises `OSError`."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def parse_sums(data: bytes) -> dict[str, str]:
    """Return the digests of `SHA256SUMS` by name.

    Raises `AttestationError` for a line in another format, a name that stands twice, and a name
    that leads out of the folder.
    """
    if data and not data.endswith(b"\n"):
        raise AttestationError(f"{SUMS_FILE} ends within a line")
    sums: dict[str, str] = {}
    for number, line in enumerate(data.split(b"\n")[:-1], start=1):
        name, digest = _parse_line(line, number)
        if name in sums:
            raise AttestationError(f"{SUMS_FILE} names {show_name(name)} twice")
        sums[name] = digest
    return sums


def compare_folder(folder: Path, sums: Mapping[str, str]) -> FolderDifferences:
    """Compare a folder with its sums. Raises `OSError` for a folder that cannot be listed."""
    present = set(list_files(folder))
    changed, unreadable = [], []
    for name in sorted(present & set(sums)):
        try:
            problem = _describe_unreadable(folder / name)
            if not problem and hash_file(folder / name) != sums[name]:
                changed.append(name)
        except OSError as error:
            problem = f"cannot be read ({error.strerror})"
        if problem:
            unreadable.append(f"{show_name(name)} {problem}")
    missing = sorted(set(sums) - present)
    added = sorted(present - set(sums) - UNSUMMED_FILES)
    return FolderDifferences(tuple(changed), tuple(missing), tuple(added), tuple(unreadable))


def show_name(name: str) -> str:
    """Return a file's name for a sentence: what cannot be printed stands as its escape."""
    shown = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in name)
    return shown if len(shown) <= _SHOWN_CHARACTERS else f"{shown[:_SHOWN_CHARACTERS]}…"


def _describe_unreadable(path: Path) -> str:
    """Return why a file is not read; empty where it can be."""
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        return "is a symbolic link: a run's folder holds files only"
    if not stat.S_ISREG(status.st_mode):
        return "is not a file"
    if status.st_size > MAX_FILE_BYTES:
        return f"has {status.st_size} bytes, and at most {MAX_FILE_BYTES} are read"
    return ""


def _format_line(name: str, digest: str) -> bytes:
    raw = os.fsencode(name)
    escaped = raw.replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b"\r", b"\\r")
    mark = b"\\" if escaped != raw else b""
    return mark + digest.encode() + b"  " + escaped + b"\n"


def _parse_line(line: bytes, number: int) -> tuple[str, str]:
    match = _LINE.fullmatch(line)
    if match is None:
        raise AttestationError(f"line {number} of {SUMS_FILE} is not a digest and a name")
    mark, digest, raw = match.groups()
    if mark:
        raw = _ESCAPE.sub(lambda escape: _ESCAPES.get(escape[0], escape[0]), raw)
    name = os.fsdecode(raw)
    if not _is_inside(name):
        raise AttestationError(
            f"line {number} of {SUMS_FILE} names {show_name(name)}, which is not in the folder"
        )
    if name in UNSUMMED_FILES:
        raise AttestationError(f"{SUMS_FILE} names {name}, which is written after it")
    return name, digest.decode()


def _is_inside(name: str) -> bool:
    """Return True for a path in its plain form that stays in the folder."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\0" in name:
        return False
    return path.as_posix() == name
