"""A fault of what tells of a step beside its answers, and the check that must catch it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from tests.faults.fault import Fault
from tests.faults.watch.watch_fault import load_checks

STEP_CHECKS = load_checks("performance/test_rollout.py")
"""The checks that judge a step, by their names."""
Object = dict[str, Any]


class StepSourceFault(Fault):
    """A subclass's name says the harm, its docstring who would suffer what.

    `declared` is the table `[targets.NAME.rollout]`.
    """

    item, gate = "canary-deployment", "phase2-10"
    declared: ClassVar[Mapping[str, Any]] = {}
