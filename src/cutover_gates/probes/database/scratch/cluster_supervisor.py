"""Keeps one scratch server alive for exactly as long as the process that asked for it.

A script of its own, standard library only.

`python keeper.py PARENT DIRECTORY UID GID COMMAND…` with a pipe as standard input. When the pipe
ends, or the parent is gone in whatever way, the server is stopped at once and the directory
removed. When the keeper itself is killed, Linux kills the server, and the next run sweeps.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import shutil
import signal
import subprocess
import sys

_PR_SET_PDEATHSIG = 1
_POLL_SECONDS = 0.1  # seconds between two looks at whether the server and the parent still live


def main(parent: str, directory: str, user: str, group: str, *command: str) -> int:
    """Exit status 0 when the parent ended it, 1 when the server ended by itself (it could not
    start, for example).
    """
    identity = (
        {"user": int(user), "group": int(group), "extra_groups": []} if os.geteuid() == 0 else {}
    )
    server = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        cwd=directory,
        preexec_fn=_die_with_supervisor,
        **identity,
    )  # type: ignore[call-overload]
    while server.poll() is None:
        if select.select([sys.stdin], [], [], _POLL_SECONDS)[0] or os.getppid() != int(parent):
            _stop_server(server)
            shutil.rmtree(directory, ignore_errors=True)
            return 0
    return 1


def _die_with_supervisor() -> None:
    """Runs in the child, after it has become its user: the kernel forgets the wish when a process
    changes its user.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _stop_server(server: subprocess.Popen[bytes]) -> None:
    """An immediate shutdown: nobody will ever read this directory again, so there is nothing worth
    a checkpoint.
    """
    with contextlib.suppress(ProcessLookupError):
        server.send_signal(signal.SIGQUIT)
    try:
        server.wait(timeout=3)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
