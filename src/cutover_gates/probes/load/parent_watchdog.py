"""Importing this ties the process to its standard input: soon after that has ended the process is
gone, whatever it is doing, and be it importing.
"""

from __future__ import annotations

import _thread  # not `threading`, which gevent changes later on
import os
import select
from time import sleep  # taken here, before gevent changes it

EXIT_SECONDS = 1.0
"""For the last words."""


def _exit_with_stdin(hung_up: select.poll) -> None:
    hung_up.poll()  # a pipe says so before it is read to its end
    sleep(EXIT_SECONDS)
    os._exit(0)


_poll = select.poll()
_poll.register(0, getattr(select, "POLLRDHUP", 0))
_thread.start_new_thread(_exit_with_stdin, (_poll,))
