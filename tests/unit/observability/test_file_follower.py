"""Files that are followed: rotation, cutting, long lines, several instances."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cutover_gates.probes.observability.logs import file_follower
from cutover_gates.probes.observability.logs.file_follower import FileFollower
from cutover_gates.util.http import SourceUnavailable


def follow(*patterns: Path) -> FileFollower:
    follower = FileFollower([str(one) for one in patterns])
    follower.open()
    return follower


def append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def texts(follower: FileFollower) -> list[str]:
    lines, are_all = follower.read_lines()
    assert are_all
    return [text for _, text in lines]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "app.log"
    path.write_text("old\n", encoding="utf-8")
    return path


def test_only_what_is_new_is_read_and_only_ended_lines(log: Path) -> None:
    follower = follow(log)
    append(log, "one\ntw")
    assert texts(follower) == ["one"]
    append(log, "o\n")
    assert texts(follower) == ["two"]
    assert not texts(follower)


def test_a_renamed_file_is_read_to_its_end_and_the_new_one_from_its_begin(log: Path) -> None:
    follower = follow(log)
    log.rename(log.with_suffix(".1"))
    append(log.with_suffix(".1"), "last of the old\n")
    append(log, "first of the new\n")
    assert sorted(texts(follower)) == ["first of the new", "last of the old"]
    append(log.with_suffix(".1"), "still written before the process reopens\n")
    assert texts(follower) == ["still written before the process reopens"]
    append(log, "second\n")
    assert texts(follower) == ["second"]


def test_a_rotated_file_that_the_pattern_finds_is_not_read_again(log: Path) -> None:
    follower = follow(log.with_name("app.log*"))
    append(log, "one\n")
    assert texts(follower) == ["one"]
    log.rename(log.with_name("app.log.1"))
    append(log, "two\n")
    assert texts(follower) == ["two"]


def test_a_file_that_was_cut_is_read_from_its_begin(log: Path) -> None:
    follower = follow(log)
    append(log, "one\n")
    assert texts(follower) == ["one"]
    os.truncate(log, 0)
    append(log, "a\n")
    assert texts(follower) == ["a"]


def test_a_file_that_was_cut_and_has_grown_beyond_the_place_is_read_from_its_begin(
    log: Path,
) -> None:
    follower = follow(log)
    os.truncate(log, 0)
    append(log, "a line that is longer than all that stood there\n")
    assert texts(follower) == ["a line that is longer than all that stood there"]


def test_the_end_of_a_rotated_file_is_closed(log: Path) -> None:
    follower = follow(log)
    log.rename(log.with_suffix(".1"))
    log.with_suffix(".1").unlink()
    log.write_text("", encoding="utf-8")
    texts(follower)
    texts(follower)
    assert len(follower._files) == 1


def test_a_line_longer_than_the_buffer_is_given_once_and_cut(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_follower, "LONGEST_LINE", 10)
    monkeypatch.setattr(file_follower, "BLOCK", 4)
    follower = follow(log)
    append(log, f"{'x' * 40}\nnext\n")
    assert texts(follower) == ["x" * 10, "next"]


def test_what_is_too_much_comes_with_the_next_reading(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_follower, "MOST_BYTES", 8)
    monkeypatch.setattr(file_follower, "BLOCK", 8)
    follower = follow(log)
    append(log, "one\ntwo\nthree\n")
    lines, are_all = follower.read_lines()
    assert [text for _, text in lines] == ["one", "two"]
    assert not are_all
    assert texts(follower) == ["three"]


def test_files_of_two_instances_are_read_and_one_that_comes_later_from_its_begin(
    log: Path, tmp_path: Path
) -> None:
    follower = follow(log, tmp_path / "pods" / "*.log")
    (tmp_path / "pods").mkdir()
    append(tmp_path / "pods" / "second.log", "it starts\n")
    append(log, "one\n")
    lines, _ = follower.read_lines()
    assert sorted(text for _, text in lines) == ["it starts", "one"]
    assert len({key for key, _ in lines}) == 2


def test_no_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="no such file"):
        follow(tmp_path / "none.log")


def test_bytes_that_are_no_text_end_nothing(log: Path) -> None:
    follower = follow(log)
    with log.open("ab") as file:
        file.write(b"\xff\xfe53300\n")
    assert texts(follower) == ["��53300"]
