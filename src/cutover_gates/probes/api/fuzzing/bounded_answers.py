"""Bounds on what a hostile or broken target can do to the fuzzing process.

Each answer is bounded in bytes, seconds and depth (`util.urllib3_bounds`). The process as a whole
is bounded in memory by the system, for whatever no bound of an answer foresees, and in time by the
process that started it.
"""

from __future__ import annotations

import resource
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from cutover_gates.util.urllib3_bounds import AnswerOutOfBounds, bound_pools

MEMORY_LIMIT = 1 << 30
"""Bytes of memory that the process may allocate.

A safe run over the embedded hospital takes 313 MB. A larger document was not measured.
"""


class AnswerNotReadable(requests.RequestException):
    """An answer that exceeds a bound. schemathesis takes it for an error of the network.

    The message is ours and quotes nothing of the answer.
    """


class _BoundedAdapter(HTTPAdapter):
    """Sends the requests of every session of this process."""

    def init_poolmanager(self, *sizes: Any, **options: Any) -> None:
        """Create the pools (called by requests)."""
        super().init_poolmanager(*sizes, **options)
        bound_pools(self.poolmanager)

    def send(
        self, request: requests.PreparedRequest, *place: Any, **options: Any
    ) -> requests.Response:
        """Return the answer (called by requests). Raises `AnswerNotReadable`."""
        try:
            return super().send(request, *place, **options)
        except AnswerOutOfBounds as error:
            raise AnswerNotReadable(str(error), request=request) from None


def bound_answers() -> None:
    """Bound every answer that a session of requests reads, from now on.

    A session mounts the class that stands under this name; schemathesis makes its sessions itself.
    """
    requests.sessions.HTTPAdapter = _BoundedAdapter


def limit_memory() -> None:
    """Let the system refuse memory beyond the limit: the run then ends, and proves nothing."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_LIMIT, hard))


def find_bound_reason(error: BaseException) -> str:
    """Return which bound was exceeded; empty for any other error."""
    return str(error) if isinstance(error, AnswerNotReadable) else ""
