"""Keeps one PostgreSQL alive for exactly as long as the process that asked for it.

A script of its own, standard library only.

`postgres.py` starts it as `python keeper.py '<json>'` with a pipe as standard input. The JSON
object says `directory` (removed at the end), `command` (the postmaster's argument list) and `user`
(a numeric user id, or null for our own).

- The pipe ends because its other end was closed, or because that process died in whatever way:
  PostgreSQL is stopped at once, the
  directory is removed, exit status 0.
- PostgreSQL ends first (it could not start, or was asked to stop): exit status 1, and the directory
  stays to be looked at.
- The keeper itself is killed: on Linux the kernel kills PostgreSQL; elsewhere PostgreSQL notices
  within a minute that the next start
  has swept its directory.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import select
import shutil
import signal
import subprocess
import sys
from typing import Any

_PR_SET_PDEATHSIG = 1
_GLANCE = 0.05  # seconds between two looks at whether PostgreSQL still runs


def main() -> int:
    order: dict[str, Any] = json.loads(sys.argv[1])
    identity = (
        {}
        if order["user"] is None
        else {"user": order["user"], "group": order["group"], "extra_groups": []}
    )
    postmaster = subprocess.Popen(
        order["command"],
        stdin=subprocess.DEVNULL,
        preexec_fn=_die_with_the_keeper if sys.platform == "linux" else None,
        cwd=order["directory"],
        **identity,
    )
    while postmaster.poll() is None:
        if select.select([sys.stdin], [], [], _GLANCE)[0]:
            _stop(postmaster)
            shutil.rmtree(order["directory"], ignore_errors=True)
            return 0
    return 1


def _die_with_the_keeper() -> None:
    """Runs in the child, after it has become its user: the kernel forgets the wish when a process
    changes its user.
    """
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _stop(postmaster: subprocess.Popen[bytes]) -> None:
    """An immediate shutdown: nobody will ever read this directory again, so there is nothing worth
    a checkpoint.
    """
    with contextlib.suppress(ProcessLookupError):
        postmaster.send_signal(signal.SIGQUIT)
    try:
        postmaster.wait(timeout=1.5)
    except subprocess.TimeoutExpired:
        postmaster.kill()
        postmaster.wait()


if __name__ == "__main__":
    sys.exit(main())
