"""A gate with a backup, whose checks share one restored copy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.util.lease import hold_lease
from tests.integration.database.backup import dump_files
from tests.integration.database.conftest import BEFORE, CopyDatabase
from tests.integration.database.contexts import make_database_context


@pytest.fixture
def evidence() -> list[Assessment]:
    """The evidence of the gate."""
    return []


@pytest.fixture
def gate(
    unchanged: CopyDatabase, tmp_path: Path, evidence: list[Assessment]
) -> Iterator[DatabaseContext]:
    """A context of a gate, with a backup."""
    dsn = unchanged(BEFORE)
    dump_files.archive(dsn, tmp_path)
    context = make_database_context(dsn, tmp_path, seconds=200, backup={"path": "a.*"})
    lease = hold_lease(tmp_path / "run" / "gate.lease")
    yield replace(context, lease=lease.path, record=evidence.append, name_check=lambda: "one")
    assert lease.release(20)
