"""The dialects: small hospitals with other protocols, each judged by its team's settings only.

A new one is a folder of its own, whose module `dialect` holds it as `DIALECT`.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from tests.dialects import running
from tests.dialects.dialect import Caught, Dialect
from tests.faults.judge import FUNCTIONAL
from tests.faults.registry import faults_of
from tests.faults.results import Verdict

DOCUMENT_CHECKS = "contract/test_served_document.py"


def _judged(
    name: str,
    faults: Mapping[str, Caught],
    fault: str | None,
    folder: Path,
    compiled: Path,
    *files: str,
) -> Verdict:
    with running.hospital(name, fault) as opened:
        if fault is None or faults[fault].item in FUNCTIONAL:
            return running.run_gate(opened, folder, compiled, *files)
        # The functional suite has no check of its item: the checks of the served document do.
        gate = "phase3 and contract"
        return running.run_gate(opened, folder, compiled, DOCUMENT_CHECKS, gate=gate)


def _of_ours(name: str, *more: str) -> Dialect:
    module = importlib.import_module(f"tests.dialects.{name}.faults")
    faults = {fault.__name__: _described(fault) for fault in _faults_in(module)}
    written = tuple(running.HERE / name / file for file in ("cutover.toml", *more))
    return Dialect(name, written, faults, partial(_judged, name, faults))


def _faults_in(module: ModuleType) -> list[type[Any]]:
    """Return the faults of a module: the classes that are its own, without the bases of others."""
    kinds = [kind for kind in vars(module).values() if isinstance(kind, type)]
    own = [kind for kind in kinds if kind.__module__ == module.__name__]
    return [kind for kind in own if not kind.__name__.startswith("_") and kind.__name__ != "Fault"]


def _described(fault: type[Any]) -> Caught:
    """Return what says which item must catch a fault: itself, or the reference's of its name."""
    return fault if hasattr(fault, "item") else faults_of("functional")[fault.__name__]


def _from_elsewhere() -> list[Dialect]:
    names = sorted(path.parent.name for path in running.HERE.glob("*/dialect.py"))
    return [
        cast(Dialect, importlib.import_module(f"tests.dialects.{name}.dialect").DIALECT)
        for name in names
    ]


DIALECTS: Mapping[str, Dialect] = {
    one.name: one
    for one in (
        _of_ours("ward"),
        _of_ours("clinic"),
        _of_ours("rpc", "driver.py"),
        *_from_elsewhere(),
        _of_ours("district"),
        _of_ours("county"),
        _of_ours("infirmary"),
    )
}
