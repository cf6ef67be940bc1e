"""The wait for the first good answer of a process or a container that was just started."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Callable

PAUSE_SECONDS = 0.1
_ANSWER_SECONDS = 2
# A proxy of the environment is for other addresses than that of a process beside this one.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def wait_for_answer(address: str, seconds: float, require_running: Callable[[], None]) -> str:
    """Return an empty text once `address` answers with a success, else the last problem.

    `require_running` is called before each request, and raises where there is nothing to wait for.
    """
    deadline, problem = time.monotonic() + seconds, "no request was sent"
    while time.monotonic() < deadline:
        require_running()
        problem = _find_problem(address)
        if not problem:
            return ""
        time.sleep(PAUSE_SECONDS)
    return problem


def _find_problem(address: str) -> str:
    try:
        with _OPENER.open(address, timeout=_ANSWER_SECONDS):
            return ""
    except urllib.error.HTTPError as refused:
        return f"HTTP {refused.code}"
    except (OSError, ValueError) as error:  # ValueError: what answers speaks no HTTP
        return f"{type(error).__name__}: {error}"
