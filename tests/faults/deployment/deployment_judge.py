"""The judge of faults of the deployment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Protocol

from cutover_gates.core.findings import Rule
from tests.faults.deployment.deployment_environment import CheckResult
from tests.findings import values_of


class Fault(Protocol):
    """A `DeploymentFault` or a `DatabaseFault`."""

    item: ClassVar[str]
    check: ClassVar[str]
    outcome: ClassVar[str]
    rule: ClassVar[Rule]
    shows: ClassVar[str]

    @property
    def also(self) -> Mapping[str, str]: ...


def find_problems(fault: Fault, found: Mapping[str, CheckResult]) -> list[str]:
    """Return why the results do not count as catching this fault, a sentence each.

    Empty: its own check caught it, and no other check was blamed.
    """
    came = found[fault.check]
    wrong = [] if came.word == fault.outcome else [f"{fault.check} is {came.word}: {came.why}"]
    values = values_of(came.error, fault.rule) if came.error else []
    if not any(fault.shows.lower() in text.lower() for text in values):
        wrong.append(f"{fault.check} does not show {fault.shows!r}: {came.why}")
    wrong += [
        f"{name} was blamed ({one.word}): {one.why}"
        for name, one in found.items()
        if one.word != "passed" and name not in {fault.check, *fault.also}
    ]
    return wrong + [
        f"`also` names {name}, which is passed"
        for name in fault.also
        if found[name].word == "passed"
    ]
