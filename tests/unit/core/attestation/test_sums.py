"""`SHA256SUMS`: the format of coreutils, and what a folder may differ in."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cutover_gates.core.attestation import sums
from cutover_gates.core.attestation.sums import (
    AttestationError,
    compare_folder,
    compute_sums,
    parse_sums,
)

DIGEST = "a" * 64


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "one.txt").write_text("1")
    (tmp_path / "two.txt").write_text("2")
    return tmp_path


def test_sums_name_every_file_below_the_folder(folder: Path) -> None:
    assert list(parse_sums(compute_sums(folder))) == ["b/one.txt", "two.txt"]


def test_sums_leave_out_what_is_written_after_them(folder: Path) -> None:
    for name in sums.UNSUMMED_FILES:
        (folder / name).write_text("later")
    # A file of that name below is evidence like any other.
    (folder / "b" / "SHA256SUMS").write_text("x")
    assert list(parse_sums(compute_sums(folder))) == ["b/SHA256SUMS", "b/one.txt", "two.txt"]


@pytest.mark.parametrize("name", ["a\nb", "a\\b", "a\\nb", "a\rb", " a", "ä", "a  b", "*a"])
def test_an_odd_name_comes_back_as_it_was(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("x")
    assert list(parse_sums(compute_sums(tmp_path))) == [name]


def test_a_name_that_is_not_utf_8_comes_back_as_it_was(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9")
    (tmp_path / name).write_text("x")
    assert list(parse_sums(compute_sums(tmp_path))) == [name]


def test_a_line_with_a_star_is_read_too() -> None:
    assert parse_sums(f"{DIGEST} *a\n".encode()) == {"a": DIGEST}


@pytest.mark.parametrize(
    "line",
    [
        f"{DIGEST}  ../etc/passwd",
        f"{DIGEST}  b/../../x",
        f"{DIGEST}  /etc/passwd",
        f"{DIGEST}  ./two.txt",
        f"{DIGEST}  b//one.txt",
        f"{DIGEST}  SHA256SUMS",
        f"{DIGEST}  verdict.intoto.json",
        f"{DIGEST} two.txt",
        f"{DIGEST.upper()}  two.txt",
        f"{DIGEST[1:]}  two.txt",
        f"{DIGEST}  ",
        "",
        "# a comment",
        f"{DIGEST}  a\n{DIGEST}  a",
        f"{DIGEST}  a\0b",
    ],
)
def test_a_line_that_is_not_ours_is_refused(line: str) -> None:
    """`sha256sum -c` would follow such a name, or read past such a line."""
    with pytest.raises(AttestationError):
        parse_sums(f"{line}\n".encode())


def test_half_a_line_is_refused() -> None:
    with pytest.raises(AttestationError):
        parse_sums(f"{DIGEST}  two.txt".encode())


def test_every_difference_is_named(folder: Path) -> None:
    (folder / "gone.txt").write_text("3")
    known = parse_sums(compute_sums(folder))
    (folder / "gone.txt").unlink()
    (folder / "two.txt").write_text("changed")
    (folder / "new.txt").write_text("4")
    found = compare_folder(folder, known)
    assert (found.changed, found.missing, found.added) == (
        ("two.txt",),
        ("gone.txt",),
        ("new.txt",),
    )


def test_a_link_is_not_followed(folder: Path) -> None:
    """Its target could change after the sums, or be a file that is not the run's."""
    known = parse_sums(compute_sums(folder))
    (folder / "two.txt").rename(folder.parent / "elsewhere.txt")
    (folder / "two.txt").symlink_to(folder.parent / "elsewhere.txt")
    (folder / "all").symlink_to("/")
    found = compare_folder(folder, known)
    assert [text.partition(" ")[0] for text in found.unreadable] == ["two.txt"]
    assert found.added == ("all",)
    with pytest.raises(AttestationError):
        compute_sums(folder)


def test_a_pipe_is_not_opened(folder: Path) -> None:
    """Opening one without a writer would wait for ever."""
    known = parse_sums(compute_sums(folder))
    (folder / "two.txt").unlink()
    os.mkfifo(folder / "two.txt")
    (found,) = compare_folder(folder, known).unreadable
    assert "is not a file" in found


def test_a_file_that_is_too_large_is_told_and_not_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = parse_sums(compute_sums(folder))
    monkeypatch.setattr(sums, "MAX_FILE_BYTES", 0)
    assert len(compare_folder(folder, known).unreadable) == 2


def test_a_name_is_shown_without_control_characters() -> None:
    """A file's name could otherwise write the word VERIFIED on the auditor's terminal."""
    assert sums.show_name("a\x1b[2K\nb") == "a\\x1b[2K\\nb"
    assert len(sums.show_name("a" * 1000)) < 200
