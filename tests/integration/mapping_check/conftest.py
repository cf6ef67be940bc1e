"""One hospital for all mistakes, and a way to make each of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import hospitals


@pytest.fixture(scope="session")
def open_hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[hospitals.Hospital]:
    """A hospital without a fault: whatever is told is the mapping's."""
    with (
        hospitals.cluster() as cluster,
        hospitals.hospital(cluster, "none", tmp_path_factory.mktemp("hospital")) as opened,
    ):
        yield opened


@pytest.fixture
def folder(tmp_path: Path, open_hospital: hospitals.Hospital) -> Path:
    """A folder with everybody's password in a file of its own."""
    for username, password in open_hospital.staff.items():
        (tmp_path / username).write_text(password, encoding="utf-8")
    return tmp_path
