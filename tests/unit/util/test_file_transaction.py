"""Files that are written together: all of them, or none."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cutover_gates.util.file_transaction import (
    STAGING,
    AppendedText,
    FileTransaction,
    ReplacedFile,
    create_change,
)

NAMES = ("verdict.json", "verdict.html", "status.md")
OLD = {name: f"NO-GO {name}".encode() for name in NAMES}
NEW = {name: f"GO {name}".encode() for name in NAMES}
MAX_STEPS = 200


class Disk:
    """The file system's calls, of which the one with the number `fails_at` fails."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, fails_at: int) -> None:
        self._fails_at = fails_at
        self.calls = 0
        self.failures = 0
        for owner, name in ((os, "fsync"), (os, "link"), (Path, "replace"), (Path, "open")):
            monkeypatch.setattr(owner, name, self._count(getattr(owner, name)))

    def _count(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*words: Any, **named: Any) -> Any:
            self.calls += 1
            if self.calls == self._fails_at:
                self.failures += 1
                raise OSError(errno.ENOSPC, "No space left on device")
            return call(*words, **named)

        return counted


def write_old(folder: Path) -> None:
    """Write what stands there before."""
    for name, data in OLD.items():
        (folder / name).write_bytes(data)


def replace_all(folder: Path, summary: Path) -> None:
    """Replace all files, and append to a summary."""
    with FileTransaction() as transaction:
        for name, data in NEW.items():
            keeps_old = name == "verdict.json"
            transaction.add(ReplacedFile(folder / name, data, keeps_old=keeps_old))
        transaction.add(AppendedText(summary, b"GO"))
        transaction.commit()


def read_all(folder: Path) -> dict[str, bytes]:
    """Return the files of the folder, hidden ones too."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_a_failure_at_any_step_leaves_everything_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every call of the file system fails once: the outputs are all old or all new."""
    summary = tmp_path / "summary.md"
    for step in range(1, MAX_STEPS):
        folder = tmp_path / str(step)
        folder.mkdir()
        write_old(folder)
        summary.write_bytes(b"before ")
        with monkeypatch.context() as patch:
            disk = Disk(patch, step)
            failed = False
            try:
                replace_all(folder, summary)
            except OSError:
                failed = True
        expected = OLD if failed else NEW
        assert read_all(folder) == expected, step
        assert summary.read_bytes() == (b"before " if failed else b"before GO"), step
        assert not (folder / STAGING).exists()
        if not disk.failures:
            assert step > len(NAMES) * 4
            return
    pytest.fail("there are more steps than were tried")


def test_while_files_are_replaced_no_two_contradict_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill at any moment leaves old files or new ones, and always `verdict.json`."""
    write_old(tmp_path)
    seen: list[set[bytes]] = []
    replace = Path.replace

    def look(self: Path, target: Path) -> Path:
        moved = replace(self, target)
        found = read_all(tmp_path)
        assert "verdict.json" in found
        seen.append({data.split()[0] for data in found.values()})
        return moved

    monkeypatch.setattr(Path, "replace", look)
    replace_all(tmp_path, tmp_path.parent / "summary.md")
    assert seen
    assert all(len(words) == 1 for words in seen)


def test_the_last_change_is_made_last_though_it_is_staged_before_others(tmp_path: Path) -> None:
    """What is made of all the files (their sums) needs the content of the last one, too."""
    with FileTransaction() as transaction:
        transaction.add(ReplacedFile(tmp_path / "status.md", b"GO"), is_last=True)
        staged = transaction.staged_paths()[tmp_path / "status.md"]
        transaction.add(ReplacedFile(tmp_path / "SHA256SUMS", staged.read_bytes()))
        transaction.commit()
    assert (tmp_path / "SHA256SUMS").read_bytes() == b"GO"
    sums, status = (tmp_path / name for name in ("SHA256SUMS", "status.md"))
    assert sums.stat().st_ctime_ns <= status.stat().st_ctime_ns


def test_the_path_that_failed_is_known(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with FileTransaction() as transaction, pytest.raises(OSError, match="Not a directory"):
        transaction.add(ReplacedFile(tmp_path / "file" / "status.md", b"GO"))
    assert transaction.failed == tmp_path / "file" / "status.md"


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """The file of `--junitxml` may be a link into a folder of the pipeline."""
    (tmp_path / "link.xml").symlink_to("real.xml")
    (tmp_path / "real.xml").write_bytes(b"old")
    with FileTransaction() as transaction:
        transaction.add(create_change(tmp_path / "link.xml", b"new"))
        transaction.commit()
    assert (tmp_path / "link.xml").is_symlink()
    assert (tmp_path / "real.xml").read_bytes() == b"new"


def test_a_device_is_written_and_not_replaced() -> None:
    with FileTransaction() as transaction:
        transaction.add(create_change(Path(os.devnull), b"new"))
        transaction.commit()
    assert Path(os.devnull).is_char_device()


def test_a_full_device_is_a_failure() -> None:
    with FileTransaction() as transaction:
        transaction.add(create_change(Path("/dev/full"), b"new"))
        with pytest.raises(OSError, match="No space left"):
            transaction.commit()
