"""The journal of repetitions: what was done is skipped at the next start, so a long proof can be
interrupted.

A repetition counts for the commit on which it ran only; with local changes nothing counts. What
failed is not in the journal, and runs again.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PLACE = ROOT / ".endurance.jsonl"
VARIABLE = "TESTS_ENDURANCE_JOURNAL"
"""Names another file."""
WORD = "word"
"""The property (`record_property`) by which a test says what its repetition came to."""


@dataclass(frozen=True)
class Repetition:
    """A repetition that passed: the commit, the test with its number, its seconds, and its word.

    The word says what it came to where several are good, such as GO or not proven.
    """

    commit: str
    test: str
    seconds: float
    word: str = ""


class Journal:
    """A file of JSON lines. Several workers append to it at once: a line is one write."""

    def __init__(self, path: Path, commit: str) -> None:
        self._path, self._commit = path, commit
        self._is_clean = not commit.endswith(("-dirty", "unknown"))

    def read(self) -> dict[str, float]:
        """Return the seconds of each repetition that passed on this commit, by test."""
        return {each.test: each.seconds for each in self._read_own()}

    def read_words(self) -> dict[str, str]:
        """Return the word of each repetition that passed on this commit, by test."""
        return {each.test: each.word for each in self._read_own()}

    def _read_own(self) -> list[Repetition]:
        if not self._path.exists() or not self._is_clean:
            return []
        lines = self._path.read_text(encoding="utf-8").splitlines()
        repetitions = [Repetition(**json.loads(line)) for line in lines]
        return [each for each in repetitions if each.commit == self._commit]

    def append(self, test: str, seconds: float, word: str = "") -> None:
        """Write that a repetition passed."""
        line = json.dumps(asdict(Repetition(self._commit, test, round(seconds, 1), word))) + "\n"
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        try:
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)


def open_journal() -> Journal:
    """Return the journal of this checkout, for the commit that is checked out."""
    return Journal(Path(os.environ.get(VARIABLE, PLACE)), _find_commit())


def _find_commit() -> str:
    """Return the commit with a mark for local changes; "unknown" outside of a repository."""
    found = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return found.stdout.strip() or "unknown"
