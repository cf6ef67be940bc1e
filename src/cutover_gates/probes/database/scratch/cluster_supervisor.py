"""A supervisor that keeps one scratch server alive as long as the process that asked for it.

It is a script of its own that imports the standard library only: `python cluster_supervisor.py
PARENT DIRECTORY UID GID COMMAND…` with a pipe as standard input. When the pipe closes, or the
parent is gone, the server is stopped at once and the directory removed. When the supervisor itself
is killed, Linux kills the server, and the next run removes the directory.
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
# Seconds between two checks that the server and the parent still live.
_POLL_SECONDS = 0.1
# Seconds for an immediate shutdown; then the server is killed.
_STOP_SECONDS = 3


def main(parent: str, directory: str, user: str, group: str, *command: str) -> int:
    """Run the server, and return the exit status of the supervisor.

    0: the parent ended it; 1: the server ended by itself, because it could not start for example.
    """
    identity = {"user": int(user), "group": int(group), "extra_groups": []}
    if os.geteuid() != 0:  # only root can become another user
        identity = {}
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
    """Ask the kernel to kill this process when the supervisor is gone.

    It runs in the child after the change of user, because that change resets the request.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _stop_server(server: subprocess.Popen[bytes]) -> None:
    """Stop the server without a checkpoint: its directory is never read again."""
    with contextlib.suppress(ProcessLookupError):
        server.send_signal(signal.SIGQUIT)
    try:
        server.wait(timeout=_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
