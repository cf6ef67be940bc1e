"""Exit the process when standard input closes, even during import.

Importing this module is enough.
"""

from __future__ import annotations

import _thread  # not `threading`, which gevent replaces later
import os
import select
from time import sleep  # imported before gevent replaces it

EXIT_SECONDS = 1.0
"""Seconds for the process to write its last block."""


def _exit_with_stdin(hung_up: select.poll) -> None:
    hung_up.poll()  # a pipe reports this before it is read to its end
    sleep(EXIT_SECONDS)
    os._exit(0)


_poll = select.poll()
_poll.register(0, getattr(select, "POLLRDHUP", 0))
_thread.start_new_thread(_exit_with_stdin, (_poll,))
