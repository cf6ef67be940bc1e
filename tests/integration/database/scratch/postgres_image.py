"""A container image of PostgreSQL, built from the wheel's programs, a shell and their libraries.

It takes POSTGRES_USER and POSTGRES_PASSWORD, as the official image does.
"""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import tarfile
from pathlib import Path, PurePosixPath
from typing import Any

from cutover_gates.probes.database.scratch.postgres_binaries import find_server_programs

NAME, TAG = "cutover-postgres", "18"
_HOME = "/opt/postgresql"
_START = f"""#!/bin/sh
set -e
umask 077
printf '%s' "$POSTGRES_PASSWORD" > /tmp/password
{_HOME}/bin/initdb -D /tmp/data -U "$POSTGRES_USER" --pwfile=/tmp/password -A scram-sha-256 --locale=C --encoding=UTF8 --no-sync
echo 'host all all all scram-sha-256' >> /tmp/data/pg_hba.conf
exec {_HOME}/bin/postgres -D /tmp/data -c listen_addresses='*' -c unix_socket_directories=/tmp -c fsync=off
"""
_CHANGES = [
    "USER postgres",
    f"ENV PATH={_HOME}/bin:/bin LD_LIBRARY_PATH=/libraries",
    'ENTRYPOINT ["/bin/sh", "/start.sh"]',
    "EXPOSE 5432",
]


class ImageTar(tarfile.TarFile):
    """A tar file that has an entry for each folder, before what is in it.

    Some engines give a folder without an entry to root alone.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._folders: set[str] = set()
        super().__init__(*arguments, **options)

    def addfile(self, tarinfo: tarfile.TarInfo, fileobj: Any = None) -> None:
        """Add a file, after the folders above it."""
        for parent in reversed(PurePosixPath(tarinfo.name).parents[:-1]):
            if str(parent) not in self._folders:
                folder = tarfile.TarInfo(str(parent))
                folder.type, folder.mode = tarfile.DIRTYPE, 0o755
                self._folders.add(folder.name)
                super().addfile(folder)
        if tarinfo.isdir():
            self._folders.add(tarinfo.name)
        super().addfile(tarinfo, fileobj)


def build(engine: Any) -> str:
    """Build the image (a second or two), and return its name with its tag."""
    engine.api.import_image_from_data(_tree(), repository=NAME, tag=TAG, changes=_CHANGES)
    return f"{NAME}:{TAG}"


def _tree() -> bytes:
    installed = find_server_programs(18).parent
    shell = Path(str(shutil.which("dash") or shutil.which("bash")))
    content = io.BytesIO()
    with ImageTar.open(fileobj=content, mode="w") as tar:
        tar.add(installed, _HOME.lstrip("/"))
        tar.add(shell.resolve(), "bin/sh")
        for library in sorted(_libraries(shell, *(installed / "bin").iterdir())):
            tar.add(
                library.resolve(),
                (
                    str(library).lstrip("/")
                    if library.name.startswith("ld-")
                    else f"libraries/{library.name}"
                ),
            )
        _text(tar, "start.sh", _START)
        _text(tar, "etc/passwd", "postgres:x:999:999::/tmp:/bin/sh\n")
        folder = tarfile.TarInfo("tmp")
        folder.type, folder.mode = tarfile.DIRTYPE, 0o1777
        tar.addfile(folder)
    return content.getvalue()


def _libraries(*programs: Path) -> set[Path]:
    """Return the libraries that the dynamic loader takes for the programs, and the loader."""
    said = subprocess.run(["ldd", *programs], capture_output=True, text=True, check=False).stdout
    return {Path(path) for path in re.findall(r"(/\S+) \(0x", said)}


def _text(tar: tarfile.TarFile, name: str, text: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(text.encode()), 0o755
    tar.addfile(entry, io.BytesIO(text.encode()))
