"""squawk, a linter for PostgreSQL scripts (a program, `squawk-cli` on PyPI), run on one script.

It runs in an empty folder with an empty configuration. Comments that silence it (`-- squawk-ignore
…`) are treated as comments: an exception is declared in the settings, with a reason.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cutover_gates.core.findings import NotProven, gap_error
from cutover_gates.probes.database.rehearsal import rules
from cutover_gates.util.subprocesses import ChildTimeout, run_child

TIMEOUT_SECONDS = 60.0
SYNTAX_ERROR_RULE = "syntax-error"

_SUPPRESSION = re.compile(r"squawk-(?=(?:disable|ignore)\b)")


@dataclass(frozen=True)
class LintRemark:
    """A remark of squawk on one place of a script; lines count from 1."""

    line: int
    rule: str
    message: str


def find_squawk() -> Path:
    """Return squawk beside this Python, or on the PATH. Raise `NotProven` where there is none."""
    beside = shutil.which("squawk", path=str(Path(sys.executable).parent))
    program = beside or shutil.which("squawk")
    if not program:
        raise _no_answer("it is not installed")
    return Path(program)


def lint_script(squawk: Path, text: str, *, major: int, in_transaction: bool) -> list[LintRemark]:
    """Return squawk's remarks on one script for PostgreSQL `major`.

    Raise `NotProven` when it gives no readable answer.
    """
    options = ["--reporter", "Json", "--pg-version", str(major)]
    if in_transaction:
        options.append("--assume-in-transaction")
    with tempfile.TemporaryDirectory(prefix="cutover-lint-") as name:
        folder = Path(name)
        (folder / "squawk.toml").touch()
        script = _SUPPRESSION.sub("squawk ", text)
        (folder / "script.sql").write_text(script, encoding="utf-8", newline="")
        command = [str(squawk), *options, "--config", "squawk.toml", "script.sql"]
        return _parse_remarks(_run_squawk(command, folder))


def _run_squawk(command: Sequence[str], folder: Path) -> str:
    """Return squawk's output.

    It exits with 1 both when it found something and when it broke, so only the output tells.
    """
    try:
        child = run_child(command, TIMEOUT_SECONDS, cwd=folder)
    except (OSError, ChildTimeout) as error:
        raise _no_answer(f"it gave no answer ({type(error).__name__})") from None
    if not child.output.lstrip().startswith("["):
        error_text = child.stderr.decode("utf-8", "replace").strip()
        first = (error_text.splitlines() or ["it printed nothing"])[0]
        raise _no_answer(f"it gave no readable answer: {first}")
    return child.output


def _parse_remarks(answer: str) -> list[LintRemark]:
    try:
        return [
            LintRemark(remark["line"] + 1, remark["rule_name"], remark["message"])
            for remark in json.loads(answer)
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise _no_answer(f"its answer cannot be read ({type(error).__name__})") from None


def _no_answer(reason: str) -> NotProven:
    return gap_error(rules.LINTER_WORKS, "squawk", reason)
