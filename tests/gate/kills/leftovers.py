"""What is to be seen of a gate that was killed: its rows on the target, its ledgers, its processes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import psycopg

from tests.faults.hospitals import Hospital

KINDS = ("patients", "visits", "documents")


def wait(for_what: str, there: Callable[[], bool], seconds: float) -> None:
    """Wait until it is there."""
    ends = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < ends, f"waited {seconds:g} s for {for_what}"
        time.sleep(0.02)


def count_tagged_rows(hospital: Hospital, tag: str) -> dict[str, int]:
    """Return the number of rows of the target's database that carry the tag."""
    with psycopg.connect(hospital.owner_database) as connection:
        counts = [
            connection.execute(
                f"SELECT count(*) FROM {kind} WHERE tag = %s".encode(), [tag]
            ).fetchone()
            for kind in KINDS
        ]
    return {kind: count[0] for kind, count in zip(KINDS, counts, strict=True) if count}


def tag_of(folder: Path) -> str:
    """The tag of the run whose ledger is in the folder; empty as long as there is none."""
    for path in folder.glob("reports/ledgers/*/*.jsonl"):
        if first := path.read_text(encoding="utf-8").partition("\n")[0]:
            return str(json.loads(first)["run"])
    return ""


def runs(process: psutil.Process) -> bool:
    """Alive, and not merely waiting to be buried."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
