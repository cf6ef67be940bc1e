"""A repetition that passed is known at the next start, on the same commit only."""

from __future__ import annotations

from pathlib import Path

from tests.endurance.journal import Journal


def test_what_passed_is_known_on_its_commit_only(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    Journal(path, "abc").append("test_a[1]", 12.34)
    assert Journal(path, "abc").read() == {"test_a[1]": 12.3}
    assert Journal(path, "def").read() == {}


def test_what_it_came_to_is_known(tmp_path: Path) -> None:
    """Also beside lines that were written before there was a word."""
    path = tmp_path / "journal.jsonl"
    path.write_text('{"commit": "abc", "test": "test_a[1]", "seconds": 12.3}\n')
    Journal(path, "abc").append("test_a[2]", 3.0, "GO")
    assert Journal(path, "abc").read_words() == {"test_a[1]": "", "test_a[2]": "GO"}
    assert Journal(path, "def").read_words() == {}


def test_with_local_changes_nothing_counts(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl", "abc-dirty")
    journal.append("test_a[1]", 12.34)
    assert journal.read() == {}
