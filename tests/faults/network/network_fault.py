"""A fault of the network in front of a target, and the one check that must catch it."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, ClassVar

from cutover_gates.probes.network.network_context import NetworkContext
from tests.faults.fault import Fault

CHECKS = Path(__file__).resolve().parents[3] / "smoke/infrastructure"
CONTEXT = NetworkContext("staging")

Check = Callable[[Any], None]


class NetworkFault(Fault):
    """A subclass's name says the harm, its docstring who would suffer what.

    `checks` is the file of its check.
    """

    checks: ClassVar[str]

    def way(self, folder: Path) -> AbstractContextManager[Any]:
        """Yield the check's fixture, with this fault in it. `folder` is empty."""
        raise NotImplementedError


def checks_of(name: str) -> dict[str, Check]:
    """Return the checks of a file of `smoke/infrastructure`, by their names."""
    spec = importlib.util.spec_from_file_location(f"checks_of_{name}", CHECKS / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return dict(_checks(module))


def _checks(module: Any) -> Iterator[tuple[str, Check]]:
    for name, value in vars(module).items():
        if name.startswith("test_"):
            yield name, value
