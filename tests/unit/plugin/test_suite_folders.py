"""Files of suites have one node id each, wherever the suites stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover_gates.plugin.suite_folders import SuiteFolders
from cutover_gates.util.shipped_files import shipped_root


@pytest.fixture
def folders(tmp_path: Path) -> SuiteFolders:
    """Shipped and own suites, with one file of the same name in both."""
    for name in ("shipped/smoke/test_a.py", "own/smoke/test_a.py", "own/smoke/test_b.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return SuiteFolders(tmp_path / "own", tmp_path / "shipped")


@pytest.mark.parametrize(
    ("path", "node_path"),
    [
        ("shipped/smoke/test_a.py", "smoke/test_a.py"),
        ("own/smoke/test_a.py", "own/smoke/test_a.py"),
        ("own/smoke/test_b.py", "smoke/test_b.py"),
        ("own/tests/test_b.py", None),
        ("elsewhere/smoke/test_b.py", None),
    ],
)
def test_a_file_has_one_node_path(
    folders: SuiteFolders, tmp_path: Path, path: str, node_path: str | None
) -> None:
    assert folders.node_path(tmp_path / path) == node_path


def test_no_two_files_share_a_node_path(folders: SuiteFolders) -> None:
    names = [name for name, _ in folders.test_files()]
    assert sorted(names) == ["own/smoke/test_a.py", "smoke/test_a.py", "smoke/test_b.py"]


@pytest.mark.parametrize(
    ("node_id", "suite"),
    [
        ("smoke/test_a.py::test_x", "smoke"),
        ("own/migrations/test_a.py::test_x[1]", "migrations"),
        ("tests/smoke/test_a.py::test_x", None),
    ],
)
def test_a_node_id_tells_its_suite(folders: SuiteFolders, node_id: str, suite: str | None) -> None:
    assert folders.suite_of_node(node_id) == suite


def test_an_own_file_goes_over_a_shipped_one(folders: SuiteFolders, tmp_path: Path) -> None:
    """Journeys of the hospital's own, for example."""
    assert folders.find("smoke/test_a.py") == tmp_path / "own/smoke/test_a.py"
    (tmp_path / "shipped/smoke/test_c.py").touch()
    assert folders.find("smoke/test_c.py") == tmp_path / "shipped/smoke/test_c.py"


def test_suites_of_another_folder_are_found(folders: SuiteFolders, tmp_path: Path) -> None:
    """A folder with suites that the run does not collect, and no suite of the run itself."""
    check = tmp_path / "other/smoke/test_c.py"
    check.parent.mkdir(parents=True)
    assert folders.find_uncollected_suite(tmp_path / "other") is None
    check.touch()
    assert folders.find_uncollected_suite(tmp_path / "other") == tmp_path / "other/smoke"
    assert folders.find_uncollected_suite(tmp_path / "own") is None


def test_an_own_check_is_told_from_a_shipped_one_in_a_checkout() -> None:
    """There, own files stand beside the shipped ones, and an own check may stand in one."""
    folders, file = SuiteFolders(shipped_root()), "smoke/test_visits.py"
    shipped = f"{file}::test_an_open_visit_can_be_cancelled"
    assert not folders.is_own_check(shipped_root() / file, shipped)
    assert folders.is_own_check(shipped_root() / file, f"{file}::test_a_visit_of_our_own")
    assert folders.is_own_check(shipped_root() / "smoke/test_ours.py", "smoke/test_ours.py::test_a")
