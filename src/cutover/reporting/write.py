"""A verdict's files in a run's folder.

A file is there whole or not at all, and a run that is killed leaves NO-GO behind.
"""

from __future__ import annotations

import json
import os
import re
from datetime import UTC, datetime
from pathlib import Path

from cutover.plan import Plan
from cutover.reporting.as_json import to_json
from cutover.reporting.page import to_html
from cutover.reporting.status import to_markdown
from cutover.verdict import ItemResult, Outcome, Subject, Verdict, Word

UNFINISHED = "the run did not come to its end"


def run_folder(started: datetime, target: str, gate: str) -> str:
    """The name of a run's folder: '20261123T021405Z-staging-phase3'."""
    words = [re.sub(r"[^A-Za-z0-9._]+", "-", word).strip("-.") for word in (target, gate)]
    return "-".join([f"{started.astimezone(UTC):%Y%m%dT%H%M%SZ}", *words])


def placeholder(plan: Plan, gate: str, subject: Subject, started: datetime) -> Verdict:
    """The verdict of a run that is killed: NO-GO, nothing proven.

    Write it when a run starts; the true one replaces it.
    """
    items = tuple(ItemResult(item, Outcome.NOT_PROVEN, UNFINISHED) for item in plan.judged_by(gate))
    return Verdict(gate, Word.NO_GO, subject, started, started, items, holds=(UNFINISHED,))


def write_all(verdict: Verdict, folder: Path) -> list[Path]:
    """Write `status.md`, `verdict.html` and `verdict.json` into `folder` (made if missing).

    Raises `OSError`.

    All are rendered before the first is written, and `verdict.json` comes last: if anything breaks,
    the NO-GO of the start stays.
    """
    texts = {
        "status.md": to_markdown(verdict),
        "verdict.html": to_html(verdict),
        "verdict.json": (
            json.dumps(to_json(verdict), ensure_ascii=False, indent=2, allow_nan=False) + "\n"
        ),
    }
    folder.mkdir(parents=True, exist_ok=True)
    return [write_whole(folder / name, text) for name, text in texts.items()]


def write_whole(path: Path, text: str) -> Path:
    """Write a file beside its place and move it there: a reader sees the old or the new one, never
    a part. Raises `OSError`.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with beside.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return path
