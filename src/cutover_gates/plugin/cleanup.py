"""Removes what runs left on a target, and saves the ledgers of what this run made.

A gate sweeps at its start and at its end; `pytest --sweep` does nothing else.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from cutover_gates.core.evidence.ledger import Ledger
from cutover_gates.core.file_lock import lock_file
from cutover_gates.drivers.cleanup import TIME_OVER, CleanupResult
from cutover_gates.plugin.run import PytestRun
from cutover_gates.targets.cleanup_scope import CLEANING_SECONDS, retire_ledgers
from cutover_gates.targets.driver_factory import open_driver
from cutover_gates.targets.running_target import RunningTarget
from cutover_gates.targets.target_binding import find_binding_problem, read_binding

LEDGER = "ledger"
"""The kind of a result that speaks of a whole ledger."""


def sweep_dead_runs(
    run: PytestRun, target: RunningTarget, seconds: float = CLEANING_SECONDS
) -> list[CleanupResult]:
    """Retire what dead runs, and dead workers of this run, left on the target.

    What stays is returned with the reason. The database of an embedded hospital, or of one in
    containers, went with its run: there is nothing to retire, and the ledgers go too.
    """
    if target.is_ephemeral:
        _remove_dead_ledgers(run)
        return []
    ledgers = Ledger.open_abandoned(run.ledgers, target.name)
    remaining = [ledger for ledger in ledgers if ledger.remaining_records()]
    foreign = _find_foreign(run, target, remaining)
    own = [ledger for ledger in remaining if ledger.path not in foreign]
    try:
        return [*_sweep_ledgers(run, target, own, seconds), *foreign.values()]
    finally:
        for ledger in ledgers:
            # Nothing was done with a foreign one, so its file stays as it is.
            (ledger.release if ledger.path in foreign else ledger.close)()


def _find_foreign(
    run: PytestRun, target: RunningTarget, ledgers: Sequence[Ledger]
) -> dict[Path, CleanupResult]:
    """Return by its path a result for each ledger that may not be swept on this target."""
    if not ledgers:
        return {}
    current = read_binding(run.settings, target, run.redactor)
    foreign = {}
    for ledger in ledgers:
        why = find_binding_problem(ledger, current, production=target.production)
        if why:
            count = len(ledger.remaining_records())
            why = f"{count} things of run {ledger.run} are left alone: {why}"
            foreign[ledger.path] = CleanupResult(
                LEDGER, str(ledger.path), None, None, why, ledger.run
            )
    return foreign


def _remove_dead_ledgers(run: PytestRun) -> None:
    """Remove the ledgers of other runs that are over. Runs at once write theirs in one folder."""
    for path in run.ledgers.glob("*.jsonl"):
        # A living run holds the lock of its ledger; an empty one is about to be locked.
        with suppress(BlockingIOError, FileNotFoundError), path.open("rb") as file:
            if path.name.startswith(run.tag) or not path.stat().st_size:
                continue
            lock_file(file, wait=False)
            path.unlink()


def _sweep_ledgers(
    run: PytestRun, target: RunningTarget, ledgers: Sequence[Ledger], seconds: float
) -> list[CleanupResult]:
    if not ledgers:
        return []
    hospital = open_driver(run.settings, target, run.recorder, run.tag)
    return retire_ledgers(hospital, target, run.redactor, ledgers, seconds)


def save_ledgers(run: PytestRun, folder: Path) -> str:
    """Copy this run's ledgers into `folder`, and return their sum.

    That reads 'made 3 patients, 1 visit; retired 4 (deleted)'. It is empty when nothing was made.
    """
    made: Counter[str] = Counter()
    retired: Counter[str] = Counter()
    for path in sorted(run.ledgers.glob(f"{run.tag}-*.jsonl")):
        lines = _read_whole_lines(path)
        kinds = {line["entry"]: line["kind"] for line in lines if line["do"] == "intend"}
        made.update(kinds[line["entry"]] for line in lines if line["do"] == "done")
        retired.update(line["how"] for line in lines if line["do"] == "retired" and line.get("id"))
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, folder)
    if not made:
        return ""
    counts = [f"{count} {kind}{'s' if count > 1 else ''}" for kind, count in sorted(made.items())]
    ways = ", ".join(sorted(retired)) or "none"
    return f"synthetic data: made {', '.join(counts)}; retired {retired.total()} ({ways})"


def _read_whole_lines(path: Path) -> list[Mapping[str, Any]]:
    """Return the lines of a ledger. A worker that was killed may have left half of the last."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip().endswith("}")]


def describe_sweep(swept: Sequence[CleanupResult]) -> list[str]:
    """Return what was swept, in sentences: a count, and each thing that is still there."""
    done = [result for result in swept if result.how is not None]
    sentences = []
    if done:
        ways = ", ".join(sorted({str(result.how) for result in done}))
        sentences.append(f"swept {len(done)} things that earlier runs left: {ways}")
    sentences += [
        f"not swept: the ledger {result.key}: {result.why}"
        for result in swept
        if result.kind == LEDGER
    ]
    left = [result for result in swept if result.how is None and result.kind != LEDGER]
    sentences += [
        f"still on the target: {result.kind} {result.key} of run {result.run}: {result.why}"
        for result in left
        if result.why != TIME_OVER
    ]
    later = Counter(result.run for result in left if result.why == TIME_OVER)
    sentences += [
        f"still on the target: {count} things of run {tag}: {TIME_OVER}"
        for tag, count in later.items()
    ]
    return sentences
