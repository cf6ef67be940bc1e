"""What a verdict says, word for word."""

from __future__ import annotations

import pytest

from tests.unit.reporting.golden_files import FOLDER, GOLDEN


@pytest.mark.parametrize("name", GOLDEN)
def test_the_sentences_are_those_of_the_golden_file(name: str) -> None:
    """Whoever changes a sentence writes them again: `python -m tests.unit.reporting.golden_files`."""
    assert GOLDEN[name]() == (FOLDER / name).read_text(encoding="utf-8")


def test_every_golden_file_is_compared() -> None:
    """A file that nothing writes would never be out of date."""
    assert {path.name for path in FOLDER.iterdir()} == set(GOLDEN)
