"""Reads the TOML files that people write.

Each kind of file has its own error, and every mistake in one is a sentence.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any


def read_table(path: Path, error: type[ValueError]) -> dict[str, Any]:
    """The file's table.

    Raises `error` for what is no TOML or cannot be read; a file that is missing is the caller's to
    judge before.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as mistake:
        raise error(f"{path.name} is not valid TOML: {mistake}") from None
    except OSError as mistake:
        raise error(f"{path.name} cannot be read: {mistake.strerror}") from None
