"""A conductor that can be killed: starts the load processes, says when they are at work, and
listens on.
"""

from __future__ import annotations

import sys

from cutover_gates.config.performance import Performance
from cutover_gates.probes.load.worker_config import WorkerConfig
from cutover_gates.probes.load.worker_pool import WorkerPool


def main() -> None:
    """The brief comes on standard input, the settings on the command line."""
    brief = WorkerConfig.from_line(sys.stdin.buffer.readline())
    with WorkerPool(brief, Performance.model_validate_json(sys.argv[1])) as processes:
        at_work = set[int]()
        for block in processes.read_blocks(60):
            if block.header.records and block.header.process not in at_work:
                at_work.add(block.header.process)
                if len(at_work) == 3:
                    print("in its middle", flush=True)


if __name__ == "__main__":
    main()
