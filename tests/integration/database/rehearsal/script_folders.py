"""Scripts to rehearse in tests: those that the release before has had, and others."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.integration.database.contexts import SCRIPTS


def write_scripts(folder: Path, **more: str) -> Path:
    """Return a folder with the scripts that `before` has had (up to 6), and these.

    The scripts are given by file name without `.sql`.
    """
    scripts = folder / "scripts"
    scripts.mkdir(parents=True, exist_ok=True)
    for path in SCRIPTS.glob("V[1-6]__*.sql"):
        shutil.copy(path, scripts)
    for name, text in more.items():
        (scripts / f"{name}.sql").write_text(text, encoding="utf-8")
    return scripts
