"""Reading a file that may be compressed, to its end. What is damaged says so."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import lzma
import shutil
import subprocess
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from cutover.database.backup.kinds import HEAD, Backup, NoBackup
from cutover.evidence.examination import NotProven

_OWN: dict[str, Any] = {"gzip": gzip.open, "bzip2": bz2.open, "xz": lzma.open}


@contextlib.contextmanager
def opened(backup: Backup) -> Iterator[IO[bytes]]:
    """Its content, uncompressed. Raises `NoBackup` when it is damaged or ends too early."""
    with _opened(backup.path, backup.compression) as stream:
        yield stream


def head_of(path: Path, compression: str) -> bytes:
    """The first bytes of what is compressed."""
    with _opened(path, compression, to_its_end=False) as stream:
        return stream.read(HEAD)


@contextlib.contextmanager
def _opened(path: Path, compression: str | None, *, to_its_end: bool = True) -> Iterator[IO[bytes]]:
    if compression in ("zstd", "lz4"):
        with _by_program(path, compression, to_its_end) as stream:
            yield stream
        return
    try:
        with _OWN[compression](path) if compression else path.open("rb") as stream:
            yield stream
    except (gzip.BadGzipFile, EOFError, zlib.error, lzma.LZMAError) as error:
        raise _damaged(path, compression, str(error)) from None
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise _damaged(path, compression, error.strerror or str(error)) from None


@contextlib.contextmanager
def _by_program(path: Path, compression: str, to_its_end: bool) -> Iterator[IO[bytes]]:
    program = shutil.which(compression)
    if program is None:
        raise NotProven(
            f"{path.name} is compressed with {compression}, and there is no program {compression}"
            " here to read it: install it"
        )
    process = subprocess.Popen(
        [program, "-dc", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None
    try:
        yield process.stdout
        if to_its_end and not process.stdout.read(1) and process.wait() != 0:
            raise _damaged(
                path, compression, f"{compression} ended with status {process.returncode}"
            )
    finally:
        process.kill()
        process.stdout.close()
        process.wait()


def _damaged(path: Path, compression: str | None, why: str) -> NoBackup:
    return NoBackup(
        f"the backup {path.name} is damaged and cannot be read to its"
        f" end{f' ({compression})' if compression else ''}: {why}"
    )
