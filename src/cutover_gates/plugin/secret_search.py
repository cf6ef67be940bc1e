"""The search for secrets in everything that a run hands over."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cutover_gates.plugin.run import PytestRun
from cutover_gates.util.file_transaction import STAGING


def find_leaks(run: PytestRun, staged: Mapping[Path, Path]) -> list[str]:
    """Read every output as it will be, and return a sentence for each that holds a secret.

    `staged` has for each output that is about to be replaced the path of its new content.
    """
    existing = [path for folder in run.folders.values() for path in sorted(folder.rglob("*"))]
    kept = [path for path in existing if STAGING not in path.parts and path.is_file()]
    contents = {path: path for path in kept} | dict(staged)
    sentences = []
    for path, content in contents.items():
        if names := run.redactor.find_secrets(read_if_there(content)):
            sentences.append(
                f"the output {path.name} holds a secret ({', '.join(names)}): do not hand it on,"
                " and change that secret"
            )
    return list(dict.fromkeys(sentences))


def read_if_there(path: Path) -> bytes:
    """Return the content of a file; nothing where it is missing or vanished meanwhile."""
    try:
        return path.read_bytes()
    except OSError:
        return b""
