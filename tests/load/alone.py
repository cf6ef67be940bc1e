"""A conductor that can be killed: starts the load processes, says when they are at work, and
listens on.
"""

from __future__ import annotations

import sys

from cutover.load.brief import Brief
from cutover.load.processes import LoadProcesses
from cutover.settings import Performance


def main() -> None:
    """The brief comes on standard input, the settings on the command line."""
    brief = Brief.from_line(sys.stdin.buffer.readline())
    with LoadProcesses(brief, Performance.model_validate_json(sys.argv[1])) as processes:
        at_work = set[int]()
        for block in processes.hear(60):
            if block.head.records and block.head.process not in at_work:
                at_work.add(block.head.process)
                if len(at_work) == 3:
                    print("in its middle", flush=True)


if __name__ == "__main__":
    main()
