"""Load by hand with locust's own web page (port 8089).

    locust -f performance/locustfile.py

Without the page: `… --headless -u 10 -r 2 -t 1m`.

The target is CUTOVER_TARGET, or that of cutover.toml. Ten users make the rate of its settings. Each
user is a stream of people.
"""

from __future__ import annotations

from pathlib import Path

from cutover_gates.cli.interactive_load import InteractiveUser, prepare_locust

__all__ = ["InteractiveUser"]  # locust looks here for its users

prepare_locust(Path(__file__).parent)
