"""Files that several processes share."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cutover_gates.core.file_lock import lock_file
from cutover_gates.core.findings import Finding, NotProven, Rule
from cutover_gates.util.files import compute_once, write_atomically

RULE = Rule("HIST-001", "The history can be read")


def test_a_write_that_fails_leaves_the_old_file_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk costs the new file, not the old one, and leaves no scraps."""
    path = write_atomically(tmp_path / "verdict.json", "old")

    def full(_file: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="no space left"):
        write_atomically(path, "new")
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_bytes_and_texts_are_written_as_they_are(tmp_path: Path) -> None:
    """A text is UTF-8 with its own line ends; a lone surrogate becomes its escape."""
    assert write_atomically(tmp_path / "a", b"\x00\r\n").read_bytes() == b"\x00\r\n"
    assert write_atomically(tmp_path / "b", "é\n\udcff").read_bytes() == "é\n\\udcff".encode()


def test_the_second_who_asks_reads_what_the_first_computed(tmp_path: Path) -> None:
    """Only the first computes."""
    first = compute_once(tmp_path / "new", "key", lambda: {"rows": 3})
    second = compute_once(tmp_path / "new", "key", lambda: {"rows": 4})
    assert (first, second) == ({"rows": 3}, {"rows": 3})


def test_what_was_not_proven_stays_so_with_its_gaps(tmp_path: Path) -> None:
    """The gaps come back as they were, and nothing is computed again."""
    gap = Finding(RULE, "main", "", "no connection", "psql main")

    def compute() -> dict[str, object]:
        raise NotProven(gaps=(gap,))

    for _ in range(2):
        with pytest.raises(NotProven) as caught:
            compute_once(tmp_path, "key", compute)
        assert caught.value.gaps == (gap,)
        compute = dict


def test_a_half_written_result_is_never_read(tmp_path: Path) -> None:
    """A process that dies while it computes leaves nothing that the next one takes for a result."""
    (tmp_path / f".key.json.{1}.tmp").write_text('{"found": {"ro', encoding="utf-8")
    assert compute_once(tmp_path, "key", lambda: {"rows": 3}) == {"rows": 3}
    assert json.loads((tmp_path / "key.json").read_text(encoding="utf-8")) == {"found": {"rows": 3}}


def test_a_lock_keeps_others_away_until_its_file_is_closed(tmp_path: Path) -> None:
    """Shared locks get along with each other, and with no exclusive one."""
    path = tmp_path / "lock"
    with path.open("w") as one, path.open("w") as other:
        lock_file(one, shared=True)
        lock_file(other, shared=True, wait=False)
        with pytest.raises(BlockingIOError):
            lock_file(other, wait=False)
        one.close()
        lock_file(other, wait=False)
