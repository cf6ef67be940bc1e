"""The dialects: small hospitals with other protocols, each judged by its team's settings only.

A new one is a folder of its own, whose module `dialect` holds it as `DIALECT`.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import cast

from tests.dialects import running
from tests.dialects.dialect import Dialect
from tests.faults.registry import faults_of
from tests.faults.results import Verdict


def _judged(name: str, fault: str | None, folder: Path, compiled: Path, *files: str) -> Verdict:
    with running.hospital(name, fault) as opened:
        return running.run_gate(opened, folder, compiled, *files)


def _of_ours(name: str, *more: str) -> Dialect:
    faults = importlib.import_module(f"tests.dialects.{name}.faults")
    named = [
        kind.__name__
        for kind in vars(faults).values()
        if isinstance(kind, type) and kind.__module__ == faults.__name__
    ]
    written = tuple(running.HERE / name / file for file in ("cutover.toml", *more))
    return Dialect(
        name,
        written,
        {fault: faults_of("functional")[fault] for fault in named},
        partial(_judged, name),
    )


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
    )
}
