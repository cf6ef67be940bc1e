"""A real path is what the file system says, whichever part of it is a link."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover_gates.util.real_paths import resolve_file


@pytest.mark.parametrize("name", ["real/a.py", "folder/a.py", "real/link.py", "folder/../b.py"])
def test_links_of_files_and_folders_are_followed(tmp_path: Path, name: str) -> None:
    for file in ("real/deep/a.py", "real/deep/b.py", "real/b.py"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    (tmp_path / "real/a.py").touch()
    (tmp_path / "real/link.py").symlink_to(tmp_path / "real/deep/b.py")
    (tmp_path / "folder").symlink_to(tmp_path / "real/deep", target_is_directory=True)
    path = tmp_path / name
    assert path.exists()
    assert resolve_file(path) == path.resolve()
