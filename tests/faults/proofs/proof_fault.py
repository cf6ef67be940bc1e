"""A fault of what proves an item that a person attested before, and the checks that must catch it."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from tests.faults.fault import Fault
from tests.faults.results import CheckResults, run_check

FILES = ("smoke.infrastructure.test_release_proofs", "smoke.monitoring.test_review")


class ProofFault(Fault):
    """A subclass's name says the harm, its docstring who would suffer what.

    `fixture` is the name under which its check takes what `asked` returns.
    """

    fixture: ClassVar[str]

    @classmethod
    def asked(cls, folder: Path) -> object:
        """Return the questions about a target with the fault in it."""
        raise NotImplementedError

    @classmethod
    def try_in(cls, folder: Path) -> CheckResults:
        """Return how its check ends."""
        return run_proof_check(cls.check, cls.fixture, cls.asked(folder))


def run_proof_check(name: str, fixture: str, asked: object) -> CheckResults:
    return CheckResults({name: run_check(PROOF_CHECKS[name], {fixture: asked})})


PROOF_CHECKS: dict[str, Callable[..., None]] = {
    name: check
    for file in FILES
    for name, check in vars(importlib.import_module(file)).items()
    if name.startswith("test_")
}
