"""The load by hand, with locust's own page (port 8089): `locust -f performance/locustfile.py`.

Without it: `… --headless -u 10 -r 2 -t 1m`.

The target is CUTOVER_TARGET, or that of cutover.toml. Ten users are the rate of its settings, and
each of them is a stream of people.
"""

from __future__ import annotations

from pathlib import Path

from cutover_gates.cli.interactive_load import InteractiveUser, prepare_locust

__all__ = ["InteractiveUser"]  # locust looks here for its users

prepare_locust(Path(__file__).parent)
