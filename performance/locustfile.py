"""The load by hand, on locust's own page: `locust -f performance/locustfile.py`, or with `--headless -u 10 -r 2 -t 1m`. See docs/load.md."""

from __future__ import annotations

from pathlib import Path

from cutover.by_hand import People, prepare

__all__ = ["People"]  # locust looks here for its users

prepare(Path(__file__).parent)
