"""The TOML files that people write: reading them, and what is said of mistakes in them.

Each kind of file has its own error, and every mistake is one sentence.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any


class SettingsError(ValueError):
    """The settings cannot be used. The message is one sentence for each mistake."""


def find_nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that is nearest to a misspelt one; None where none is near."""
    near = difflib.get_close_matches(word, list(map(str, known)), n=1, cutoff=0.5)
    return near[0] if near else None


def suggest_nearest(word: str, known: Iterable[str]) -> str:
    """Return " Did you mean 'X'?" for a misspelt word, or an empty text."""
    near = find_nearest(word, known)
    return f" Did you mean {near!r}?" if near else ""


def read_table(path: Path, error: type[ValueError]) -> dict[str, Any]:
    """Return the file's table.

    Raises `error` for what is not TOML or cannot be read. The caller judges a missing file before.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as mistake:
        raise error(f"{path.name} is not valid TOML: {mistake}") from None
    except OSError as mistake:
        raise error(f"{path.name} cannot be read: {mistake.strerror}") from None
