"""A hospital without a fault, for gates that are killed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import hospitals
from tests.faults.serve import NONE


@pytest.fixture
def hospital(cluster: hospitals.Cluster, tmp_path: Path) -> Iterator[hospitals.Hospital]:
    """An open hospital on a database of its own."""
    with hospitals.hospital(cluster, NONE, tmp_path) as running:
        yield running
