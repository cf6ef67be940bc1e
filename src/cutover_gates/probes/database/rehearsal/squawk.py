"""squawk, a linter for PostgreSQL scripts (`squawk-cli` on PyPI, a program): run on one script at a
time, its answer read.

It is run in an empty folder with an empty configuration, and comments that silence it (`--
squawk-ignore …`) are taken for what they are, comments: what a gate lets through is said in the
settings, with a reason.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cutover_gates.core.evidence.assessment import NotProven

TIMEOUT_SECONDS = 60.0
INSTALL_COMMAND = "pip install squawk-cli"
SYNTAX_ERROR_RULE = "syntax-error"

_SUPPRESSION = re.compile(r"squawk-(?=(?:disable|ignore)\b)")


@dataclass(frozen=True)
class LintRemark:
    """What squawk says of one place; lines are counted from 1."""

    line: int
    rule: str
    message: str


def find_squawk() -> Path:
    """Where squawk is: beside this Python, or on the PATH. Raises `NotProven`."""
    found = shutil.which("squawk", path=str(Path(sys.executable).parent)) or shutil.which("squawk")
    if not found:
        raise NotProven(
            f"the scripts were not linted, because squawk is not installed: {INSTALL_COMMAND}"
        )
    return Path(found)


def lint_script(squawk: Path, text: str, *, major: int, in_transaction: bool) -> list[LintRemark]:
    """Squawk's remarks on one script for PostgreSQL `major`.

    Raises `NotProven` when it gives no answer that can be read.
    """
    options = [
        "--reporter",
        "Json",
        "--pg-version",
        str(major),
        *(["--assume-in-transaction"] if in_transaction else []),
    ]
    with tempfile.TemporaryDirectory(prefix="cutover-lint-") as name:
        folder = Path(name)
        (folder / "squawk.toml").touch()
        (folder / "script.sql").write_text(
            _SUPPRESSION.sub("squawk ", text), encoding="utf-8", newline=""
        )
        return _parse_remarks(
            _run_squawk([str(squawk), *options, "--config", "squawk.toml", "script.sql"], folder)
        )


def _run_squawk(command: Sequence[str], folder: Path) -> str:
    """What squawk prints.

    It exits with 1 both when it found something and when it broke, so only its answer tells.
    """
    try:
        ran = subprocess.run(
            command,
            cwd=folder,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotProven(f"squawk gave no answer ({type(error).__name__})") from None
    if not ran.stdout.lstrip().startswith("["):
        raise NotProven(
            "squawk gave no answer that can be read:"
            f" {(ran.stderr.strip().splitlines() or ['it said nothing'])[0]}"
        )
    return ran.stdout


def _parse_remarks(answer: str) -> list[LintRemark]:
    try:
        return [
            LintRemark(found["line"] + 1, found["rule_name"], found["message"])
            for found in json.loads(answer)
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise NotProven(
            f"squawk's answer cannot be read ({type(error).__name__}): {INSTALL_COMMAND}"
        ) from None
