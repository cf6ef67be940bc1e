"""A fault of what a release runs on, and the check that must catch it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from cutover_gates.core.findings import Rule
from tests.faults.deployment.deployment_environment import DeploymentEnvironment


class DeploymentFault:
    """A subclass's name says the harm, its docstring who would suffer what.

    The check `check` of `item` must end in `outcome` with a finding (or a gap) of `rule` whose
    values, written as "subject | expected | actual |", hold `shows`.

    `file` is that of its check: no other one can see the fault. `also` maps the checks of that file
    which cannot help failing with it to the reason why; it is empty wherever it can be. `asked` are
    settings over the usual ones, by table of `infrastructure`.
    """

    item: ClassVar[str]
    file: ClassVar[str]
    check: ClassVar[str]
    outcome: ClassVar[str] = "failed"
    rule: ClassVar[Rule]
    shows: ClassVar[str]
    also: ClassVar[Mapping[str, str]] = {}
    asked: ClassVar[Mapping[str, Mapping[str, Any]]] = {}

    def harm(self, environment: DeploymentEnvironment) -> None:
        """Do the harm."""
