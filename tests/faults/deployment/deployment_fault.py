"""A fault of what a release runs on, and the check that must catch it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from tests.faults.deployment.deployment_environment import DeploymentEnvironment
from tests.faults.fault import Fault


class DeploymentFault(Fault):
    """A subclass's name says the harm, its docstring who would suffer what.

    `file` is that of its check: no other one can see the fault. `asked` are settings over the usual
    ones, by table of `infrastructure`.
    """

    file: ClassVar[str]
    asked: ClassVar[Mapping[str, Mapping[str, Any]]] = {}

    def harm(self, environment: DeploymentEnvironment) -> None:
        """Do the harm."""
