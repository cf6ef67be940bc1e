"""Supervisor of one PostgreSQL: it runs exactly as long as the process that asked for it.

This is a script that uses the standard library only.

`postgres.py` starts it as `python supervisor.py '<json>'` with a pipe as standard input. The JSON
object has `directory` (removed at the end), `command` (the postmaster's argument list), `user` and
`group` (numeric ids, or null for the current user).

- The pipe ends because its other end was closed, or because that process died: PostgreSQL is
  stopped at once, the directory is removed, and the exit status is 0.
- PostgreSQL ends first (it could not start, or was asked to stop): the exit status is 1, and the
  directory stays for inspection.
- The supervisor itself is killed: on Linux the kernel kills PostgreSQL. Elsewhere PostgreSQL
  notices within a minute that the next start has removed its directory.
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
_POLL_SECONDS = 0.05  # between two checks of PostgreSQL


def main() -> int:
    """Run PostgreSQL until standard input ends. The exit status is 1 where it ends first."""
    order: dict[str, Any] = json.loads(sys.argv[1])
    identity = (
        {}
        if order["user"] is None
        else {"user": order["user"], "group": order["group"], "extra_groups": []}
    )
    postmaster = subprocess.Popen(
        order["command"],
        stdin=subprocess.DEVNULL,
        preexec_fn=_die_with_supervisor if sys.platform == "linux" else None,
        cwd=order["directory"],
        **identity,
    )
    while postmaster.poll() is None:
        if select.select([sys.stdin], [], [], _POLL_SECONDS)[0]:
            _stop(postmaster)
            shutil.rmtree(order["directory"], ignore_errors=True)
            return 0
    return 1


def _die_with_supervisor() -> None:
    """Ask the kernel to kill this process when the supervisor dies.

    It runs in the child after the change of user: that change clears the request.
    """
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _stop(postmaster: subprocess.Popen[bytes]) -> None:
    """Shut PostgreSQL down immediately.

    The directory is removed next, so a checkpoint would be of no use.
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
