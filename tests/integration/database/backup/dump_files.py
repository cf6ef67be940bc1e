"""Backups of every kind, made with PostgreSQL's own programs, and ways to damage them."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from cutover_gates.probes.database.scratch.postgres_binaries import find_client_program

HOUR = 3600.0


def dump(dsn: str, to: Path, *options: str, major: int = 18) -> Path:
    """Make a dump with `pg_dump` of that version."""
    subprocess.run(
        [find_client_program("pg_dump", major), *options, "--file", to, dsn],
        check=True,
        capture_output=True,
    )
    return to


def archive(dsn: str, to: Path, *options: str) -> Path:
    """Make a custom archive."""
    return dump(dsn, to / "a.dump", "--format=custom", *options)


def plain(dsn: str, to: Path, *options: str) -> Path:
    """Make a plain SQL dump."""
    return dump(dsn, to / "a.sql", *options)


def of_kind(kind: str, dsn: str, to: Path, major: int = 18) -> Path:
    """Make a backup of one kind.

    The kinds are `custom`, `stored` (uncompressed), `directory`, `tar`, `plain`, `inserts`, and
    plain SQL compressed by `gzip`, `bzip2`, `xz`, `zstd`, `lz4`.
    """
    if kind in ("gzip", "bzip2", "xz", "zstd", "lz4"):
        return gzip_file(kind, plain(dsn, to))
    options = {
        "custom": ["--format=custom"],
        "stored": ["--format=custom", "--compress=0"],
        "directory": ["--format=directory"],
        "tar": ["--format=tar"],
        "plain": [],
        "inserts": ["--inserts"],
        "packed": ["--format=custom"],
    }[kind]
    made = dump(dsn, to / kind, *options, major=major)
    return gzip_file("gzip", made) if kind == "packed" else made


def gzip_file(program: str, path: Path) -> Path:
    """Compress a file with the program of that name, or with Python's own gzip."""
    to = path.with_suffix(".z")
    if program == "gzip":
        to.write_bytes(gzip.compress(path.read_bytes(), 1))
    else:
        with to.open("wb") as out:
            subprocess.run([program, "-1", "-c", path], check=True, stdout=out)
    path.unlink()
    return to


def base(dsn: str, to: Path, *options: str) -> Path:
    """Make a base backup."""
    made = to / "base"
    subprocess.run(
        [
            find_client_program("pg_basebackup", 18),
            "--pgdata",
            made,
            "--dbname",
            dsn,
            "--checkpoint=fast",
            *options,
        ],
        check=True,
        capture_output=True,
    )
    return made


def database(dsn: str) -> str:
    """Return the database of a DSN."""
    return str(conninfo_to_dict(dsn)["dbname"])


def truncate_file(path: Path, share: float = 0.7) -> None:
    """Keep only the beginning of a file."""
    os.truncate(path, int(path.stat().st_size * share))


def flip_bit(path: Path, at: int) -> None:
    """Flip one bit of a file."""
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 1]))


def place_of(pattern: bytes, path: Path) -> int:
    """Return the position of the first match."""
    found = re.search(pattern, path.read_bytes())
    assert found is not None
    return found.start()


def replace_bytes(path: Path, old: bytes, new: bytes) -> None:
    """Replace the first match in a file."""
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new, 1))


def age(path: Path, hours: float) -> None:
    """Set the time of a file back by that many hours."""
    then = time.time() - hours * HOUR
    os.utime(path, (then, then))


def without(folder: Path, pattern: str) -> str:
    """Remove the largest file of that pattern, and return its name."""
    largest = max(folder.glob(pattern), key=lambda path: path.stat().st_size)
    largest.unlink()
    return largest.name


def have(program: str) -> bool:
    """Return whether a compressor is installed.

    Python reads the first three formats itself; the tests write them with the programs.
    """
    return program not in ("bzip2", "xz", "zstd", "lz4") or shutil.which(program) is not None
