"""The plan that the tests use: a copy of the shipped one.

So nobody who edits `plan.toml`, or writes a plan of their own, has to edit a test.
"""

from __future__ import annotations

from pathlib import Path

PLAN_FILE = Path(__file__).with_name("plan.toml")
PLAN_VARIABLE = {"CUTOVER_PLAN": str(PLAN_FILE)}
"""The variable of the environment by which a gate uses it."""
