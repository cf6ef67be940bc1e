"""A hospital without a fault, to put load on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import hospitals
from tests.faults.serve import NONE


@pytest.fixture
def hospital(cluster: hospitals.Cluster, tmp_path: Path) -> Iterator[hospitals.Hospital]:
    """An open hospital; its log is `hospital.jsonl` in the test's folder."""
    with hospitals.hospital(cluster, NONE, tmp_path) as running:
        yield running
